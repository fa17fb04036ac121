//! What forms are made of.

use leptos::prelude::*;
use parlor_protocol::{ServerRole, limits};

use crate::i18n::{I18n, Key};

/// The ids of fields, for what is wrong with them.
pub mod id {
    /// The name to sign in with.
    pub const NAME: &str = "name";
    /// The password to sign in with, or of a new account.
    pub const PASSWORD: &str = "password";
    /// The name that others see.
    pub const DISPLAY_NAME: &str = "display-name";
    /// The password until now.
    pub const CURRENT: &str = "current-password";
    /// The one from now on.
    pub const NEW: &str = "new-password";
    /// The colour that others see.
    pub const COLOUR: &str = "colour";
    /// What an invitation is for.
    pub const INVITE: &str = "invite-hours";
    /// The password, where it ends the account.
    pub const DELETE: &str = "delete-password";
    /// A role to give.
    pub const ROLE: &str = "role";
    /// For how long someone is muted.
    pub const MUTE: &str = "mute-minutes";
    /// Why someone is banned.
    pub const REASON: &str = "reason";
    /// What is in force for someone, or what one writes to them.
    pub const PERSON: &str = "person";
    /// The name of a room.
    pub const ROOM_NAME: &str = "room-name";
    /// What a room is about.
    pub const TOPIC: &str = "topic";
    /// Who is to be brought into a room.
    pub const BRING_IN: &str = "bring-in";
    /// A room as a whole, or someone in it.
    pub const ROOM: &str = "room";
}

/// Why the last try failed, and at which field it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// One of [`id`].
    pub at: &'static str,
    /// A sentence.
    pub text: String,
}

/// A line to type into.
pub(super) struct Field {
    pub(super) id: &'static str,
    /// As the form sends it.
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    /// What it begins with; always empty for a password.
    pub(super) value: String,
    /// What browsers and password managers fill in (HTML standard, section 4.10.18.7).
    pub(super) fills: &'static str,
    pub(super) help: String,
    /// Without it the form is refused.
    pub(super) required: bool,
    /// The first one on its page.
    pub(super) first: bool,
    /// How much it takes, in characters; for a password the server says it.
    pub(super) most: usize,
    /// The id of a list of proposals.
    pub(super) list: Option<&'static str>,
}

impl Field {
    /// The name that one signs in with.
    pub(super) fn name(i18n: I18n, value: String) -> Self {
        let field = Self::text(id::NAME, "name", i18n.t(Key::Name), value, limits::MAX_NAME_CHARS);
        Self { fills: "username", first: true, ..field }
    }

    /// The password of an account that there is.
    pub(super) fn password(i18n: I18n, id: &'static str) -> Self {
        let field = Self::text(id, "password", i18n.t(Key::Password), String::new(), 0);
        Self { fills: "current-password", ..field }
    }

    /// A password that is about to be.
    pub(super) fn new_password(i18n: I18n, id: &'static str, label: Key) -> Self {
        let help = i18n.format(Key::PasswordHelp, &[("n", &limits::MIN_PASSWORD_CHARS.to_string())]);
        let field = Self::text(id, "password", i18n.t(label), String::new(), 0);
        Self { fills: "new-password", help, ..field }
    }

    /// A line of text that no password manager knows.
    pub(super) fn text(id: &'static str, name: &'static str, label: &'static str, value: String, most: usize) -> Self {
        let (required, first) = (false, false);
        Self { id, name, label, value, fills: "off", help: String::new(), required, first, most, list: None }
    }

    /// As HTML, with what is wrong with it.
    pub(super) fn view(self, problem: Option<&Problem>) -> AnyView {
        let wrong = problem.filter(|problem| problem.at == self.id).map(|problem| problem.text.clone());
        let is_password = self.fills.ends_with("password");
        let help_id = format!("{}-help", self.id);
        // Where there is something to put right, one begins there.
        let focus = wrong.is_some() || (self.first && problem.is_none());
        view! {
            <div class="field">
                <label for=self.id>{self.label}</label>
                <input
                    id=self.id
                    name=self.name
                    type=if is_password { "password" } else { "text" }
                    value=(!is_password).then_some(self.value)
                    maxlength=(!is_password).then(|| self.most.to_string())
                    list=self.list
                    required=self.required
                    autocomplete=self.fills
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=focus
                    aria-describedby=help_id.clone()
                    aria-invalid=if wrong.is_some() { "true" } else { "false" }
                />
                <p id=help_id class="help">
                    {wrong.map(problem_line)}
                    <span class="soft">{self.help}</span>
                </p>
            </div>
        }
        .into_any()
    }
}

/// A sentence that is read out at once.
pub(super) fn problem_line(text: String) -> impl IntoView {
    view! {
        <span class="problem" role="alert" data-testid="problem">
            {text}
        </span>
    }
}

/// What a password manager takes the password to be of, where nobody types the name.
pub(super) fn known_name(name: String) -> impl IntoView {
    view! { <input hidden=true type="text" name="username" autocomplete="username" value=name /> }
}

/// One of a few.
pub(super) fn choice(
    id: impl Into<String>,
    name: &'static str,
    label: &'static str,
    options: Vec<(String, &'static str)>,
    chosen: &str,
) -> AnyView {
    let id = id.into();
    let options = options.into_iter().map(|(value, text)| {
        let is_chosen = value == chosen;
        view! {
            <option value=value selected=is_chosen>
                {text}
            </option>
        }
    });
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <select id=id name=name>
                {options.collect_view()}
            </select>
        </div>
    }
    .into_any()
}

/// One of a few that need a sentence each: the value, what it is called, and that sentence. The heading above names them for
/// the eye, the legend for the ear.
pub(super) fn explained_choice(
    i18n: I18n,
    name: &'static str,
    legend: Key,
    options: &[(&'static str, Key, Key)],
    chosen: &str,
) -> AnyView {
    let options = options.iter().map(|(value, title, help)| {
        let id = format!("{name}-{value}");
        let help_id = format!("{id}-help");
        view! {
            <div class="option">
                <input
                    id=id.clone()
                    type="radio"
                    name=name
                    value=*value
                    checked=*value == chosen
                    aria-describedby=help_id.clone()
                />
                <label for=id>{i18n.t(*title)}</label>
                <p id=help_id class="soft">
                    {i18n.t(*help)}
                </p>
            </div>
        }
    });
    view! {
        <fieldset>
            <legend class="sr-only">{i18n.t(legend)}</legend>
            {options.collect_view()}
        </fieldset>
    }
    .into_any()
}

/// One of the colours of names. What is chosen has a tick as well, which the style sheet draws.
pub(super) fn colour_choice(i18n: I18n, name: &'static str, legend: Key, chosen: u8) -> AnyView {
    let swatches = (0..limits::COLOUR_COUNT).map(|colour| {
        view! {
            <input
                type="radio"
                class=format!("swatch hue-{colour}")
                name=name
                value=colour.to_string()
                checked=colour == chosen
                aria-label=i18n.format(Key::ColourNumber, &[("n", &(colour + 1).to_string())])
            />
        }
    });
    view! {
        <fieldset class="swatches">
            <legend>{i18n.t(legend)}</legend>
            {swatches.collect_view()}
        </fieldset>
    }
    .into_any()
}

/// What a role is called.
pub(super) fn role(i18n: I18n, role: ServerRole) -> &'static str {
    i18n.t(match role {
        ServerRole::Guest => Key::RoleGuest,
        ServerRole::Member => Key::RoleMember,
        ServerRole::Moderator => Key::RoleModerator,
        ServerRole::Admin => Key::RoleAdmin,
        ServerRole::Owner => Key::RoleOwner,
    })
}
