//! What pages consist of beside forms: sections, links, people, times.

use leptos::prelude::*;
use parlor_protocol::{Millis, ServerRole, UserId};

use super::form::SubmissionId;
use crate::{
    colour,
    i18n::{I18n, Key},
    time::{self, Zone},
};

/// How times are shown to the reader.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub zone: Zone,
    /// The time of the request.
    pub now: Millis,
}

impl Clock {
    /// A time such as `Today 09:05`.
    pub(super) fn text(self, i18n: I18n, at: Millis) -> String {
        format!("{} {}", self.zone.day_label(self.zone.day(at), self.zone.day(self.now), i18n), self.zone.time(at))
    }
}

/// A time in a text with the placeholder `{time}`.
#[component]
pub(super) fn Time(at: Millis, text: Key) -> impl IntoView {
    let (i18n, clock) = (I18n::current(), expect_context::<Clock>());
    let text = i18n.format(text, &[("time", &clock.text(i18n, at))]);
    view! { <time datetime=time::iso(at)>{text}</time> }
}

/// A part of a page with a heading.
#[component]
pub(super) fn Section(title: Key, children: Children) -> impl IntoView {
    view! {
        <section>
            <h2>{I18n::current().t(title)}</h2>
            {children()}
        </section>
    }
}

/// A link to another page, in a paragraph of its own.
#[component]
pub(super) fn Link(#[prop(into)] href: String, label: Key) -> impl IntoView {
    view! {
        <p>
            <a class="way" href=href>
                {I18n::current().t(label)}
            </a>
        </p>
    }
}

/// Links to other parts of a list.
#[component]
pub(super) fn Pagination(links: [Option<(String, Key)>; 2]) -> impl IntoView {
    let i18n = I18n::current();
    let links: Vec<_> = links.into_iter().flatten().collect();
    let link = |(to, label)| {
        view! {
            <a class="button" href=to>
                {i18n.t(label)}
            </a>
        }
    };
    (!links.is_empty()).then(|| view! { <p class="paging">{links.into_iter().map(link).collect_view()}</p> })
}

/// A list, or a text if it is empty.
#[component]
pub(super) fn Entries(rows: Vec<AnyView>, empty: Key) -> impl IntoView {
    if rows.is_empty() {
        view! { <p class="soft">{I18n::current().t(empty)}</p> }.into_any()
    } else {
        view! { <ul class="entries">{rows}</ul> }.into_any()
    }
}

/// A form that is one button. `about`: the id of the element that says what it is about.
#[component]
pub(super) fn ActionButton(
    action: String,
    label: Key,
    #[prop(optional)] class: &'static str,
    #[prop(into)] about: String,
    #[prop(optional)] test_id: Option<&'static str>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <form method="post" action=action>
            <SubmissionId />
            {children.map(|children| children())}
            <button
                type="submit"
                class=format!("button {class}")
                aria-describedby=about
                data-testid=test_id
            >
                {I18n::current().t(label)}
            </button>
        </form>
    }
}

/// An error that is read out at once.
#[component]
pub(super) fn ErrorMessage(message: String) -> impl IntoView {
    view! {
        <span class="problem" role="alert" data-testid="problem">
            {message}
        </span>
    }
}

/// A person's initials in the colour that they chose, else in the one that follows from their id.
#[component]
pub(super) fn Avatar(user: UserId, #[prop(into)] name: String, colour: Option<u8>) -> impl IntoView {
    let hue = colour.unwrap_or_else(|| colour::default_colour(user));
    view! {
        <span class=format!("avatar hue-{hue}") aria-hidden="true">
            {colour::initials(&name)}
        </span>
    }
}

/// Whether someone is online, or when they last were; nothing if they never were, or if the reader may not know.
#[component]
pub(super) fn LastSeen(online: bool, seen_at: Option<Millis>) -> impl IntoView {
    let text = match seen_at {
        _ if online => I18n::current().t(Key::OnlineNow).into_any(),
        Some(at) => view! { <Time at text=Key::LastSeen /> }.into_any(),
        None => return None,
    };
    Some(view! {
        <p class="soft" data-testid="seen">
            {text}
        </p>
    })
}

pub(super) fn role_name(role: ServerRole) -> &'static str {
    I18n::current().t(match role {
        ServerRole::Guest => Key::RoleGuest,
        ServerRole::Member => Key::RoleMember,
        ServerRole::Moderator => Key::RoleModerator,
        ServerRole::Admin => Key::RoleAdmin,
        ServerRole::Owner => Key::RoleOwner,
    })
}
