//! `/sign-in`, `/sign-up`, `/invite/…`, `/first/…` and `/reset/…`.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{ServerRole, http::Secret, limits};

use super::{
    elements::{Link, role_name},
    fields::{PasswordField, SubmitButton, TextField, Username},
    form::{PageNotice, PostForm},
};
use crate::{
    i18n::{I18n, Key},
    page::Offers,
};

/// The address of a page that leads on to another one.
fn with_next(path: &str, next: &str) -> String {
    // Paths of this server contain nothing that a query would have to escape.
    if next.is_empty() { path.to_owned() } else { format!("{path}?next={next}") }
}

/// `next`: the path to go on to.
#[component]
pub fn SignInPage(next: String, offers: Offers) -> impl IntoView {
    let i18n = I18n::current();
    let sign_up = if offers.accounts {
        Either::Left(view! { <Link href=with_next("/sign-up", &next) label=Key::CreateAccount /> })
    } else {
        Either::Right(view! { <p class="soft">{i18n.t(Key::InvitationRequired)}</p> })
    };
    let guest = offers.guests.then(|| view! { <Link href=with_next("/", &next) label=Key::ContinueAsGuest /> });
    view! {
        <h1>{i18n.t(Key::SignIn)}</h1>
        <PageNotice />
        <PostForm action="/sign-in" test_id="sign-in-form">
            <NameField />
            <PasswordField id="password" />
            <input type="hidden" name="next" value=next />
            <SubmitButton label=Key::SignIn class="primary" />
        </PostForm>
        <p class="soft">{i18n.t(Key::ForgotPasswordHelp)}</p>
        {sign_up}
        {guest}
    }
}

/// The name to sign in with.
#[component]
fn NameField(#[prop(optional, into)] value: String, #[prop(optional, into)] help: String) -> impl IntoView {
    view! {
        <TextField
            id="name"
            name="name"
            label=Key::Name
            value
            help
            max_length=limits::MAX_NAME_CHARS
            autocomplete="username"
            first=true
        />
    }
}

/// What entitles a visitor to create an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InvitationState {
    /// Nothing is needed.
    #[default]
    NotRequired,
    /// An invitation is needed, and there is none.
    Required,
    /// The invitation does not exist, or has expired.
    Invalid,
    /// The link that creates the first owner.
    FirstOwner,
    Valid {
        invited_by: Option<String>,
        role: ServerRole,
    },
}

/// What the form to create an account begins with.
#[derive(Clone, Debug, Default)]
pub struct SignUpDetails {
    /// A suggestion for the name.
    pub name: String,
    /// The path to go on to.
    pub next: String,
    pub invitation: InvitationState,
    /// The secret of the invitation.
    pub secret: Option<Secret>,
    /// The name of the guest whose account it will be.
    pub guest: Option<String>,
}

impl SignUpDetails {
    pub fn title(&self) -> Key {
        if self.invitation == InvitationState::Invalid { Key::InvalidLink } else { Key::CreateAccount }
    }
}

#[component]
pub fn SignUpPage(details: SignUpDetails) -> impl IntoView {
    let i18n = I18n::current();
    let (title, sign_in) = (details.title(), with_next("/sign-in", &details.next));
    let error = match details.invitation {
        InvitationState::Required => Some(Key::InvitationRequired),
        InvitationState::Invalid => Some(Key::InvalidLinkHelp),
        _ => None,
    };
    let body = match error {
        Some(error) => Either::Left(view! { <p data-testid="problem">{i18n.t(error)}</p> }),
        None => Either::Right(view! { <SignUpForm details /> }),
    };
    view! {
        <h1>{i18n.t(title)}</h1>
        {body}
        <Link href=sign_in label=Key::SignInInstead />
    }
}

/// The form to create an account. Guests also find it on their account page.
#[component]
pub(super) fn SignUpForm(details: SignUpDetails) -> impl IntoView {
    let i18n = I18n::current();
    let invitation = match details.invitation {
        InvitationState::FirstOwner => Some(i18n.t(Key::FirstOwnerHelp).to_owned()),
        InvitationState::Valid { invited_by, role } => {
            let mut text = match invited_by {
                Some(name) => i18n.format(Key::InvitedBy, &[("name", &name)]),
                None => i18n.t(Key::Invited).to_owned(),
            };
            if role > ServerRole::Member {
                text.push(' ');
                text += &i18n.format(Key::InviteRole, &[("role", role_name(role))]);
            }
            Some(text)
        }
        _ => None,
    };
    let upgrade = details.guest.map(|name| i18n.format(Key::GuestUpgradeHelp, &[("name", &name)]));
    view! {
        {invitation.map(|text| view! { <p data-testid="invitation">{text}</p> })}
        {upgrade.map(|text| view! { <p data-testid="guest-stays">{text}</p> })}
        <PostForm action="/sign-up" test_id="sign-up-form">
            <NameField value=details.name help=i18n.t(Key::AccountNameHelp) />
            <PasswordField id="password" new=true />
            {details.secret.map(|secret| view! { <input type="hidden" name="invite" value=secret.0 /> })}
            <input type="hidden" name="next" value=details.next />
            <SubmitButton label=Key::CreateAccount class="primary" />
        </PostForm>
    }
}

/// `account`: whose password it is; none if the link is not valid.
#[component]
pub fn ResetPage(secret: Secret, account: Option<String>) -> impl IntoView {
    let i18n = I18n::current();
    let title = if account.is_some() { Key::NewPassword } else { Key::InvalidLink };
    let body = match account {
        Some(name) => Either::Left(view! {
            <p>{i18n.format(Key::ResetPasswordHelp, &[("name", &name)])}</p>
            <PostForm action=format!("/reset/{}", secret.0) test_id="reset-form">
                <Username name />
                <PasswordField id="password" label=Key::NewPassword new=true />
                <SubmitButton label=Key::SetPassword class="primary" />
            </PostForm>
        }),
        None => Either::Right(view! { <p data-testid="problem">{i18n.t(Key::InvalidLinkHelp)}</p> }),
    };
    view! {
        <h1>{i18n.t(title)}</h1>
        {body}
        <Link href="/sign-in" label=Key::SignIn />
    }
}
