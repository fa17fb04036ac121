//! What several pages are made of beside forms: sections, ways to other pages, people, times, sentences with names in them.

use leptos::prelude::*;
use parlor_protocol::{Millis, UserId};

use super::parts::{Problem, problem_line};
use crate::{
    colour,
    i18n::{I18n, Key},
    time::{self, Zone},
};

/// How times are told to the reader.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Where the reader's clock stands.
    pub zone: Zone,
    /// The moment of the page.
    pub now: Millis,
}

impl Clock {
    /// `Today 09:05`.
    pub(super) fn text(self, i18n: I18n, at: Millis) -> String {
        format!("{} {}", self.zone.day_label(self.zone.day(at), self.zone.day(self.now), i18n), self.zone.time(at))
    }

    /// A moment, with a text around it that has one place.
    pub(super) fn moment(self, i18n: I18n, at: Millis, around: Key) -> impl IntoView + use<> {
        let text = i18n.format(around, &[("time", &self.text(i18n, at))]);
        view! { <time datetime=time::iso(at)>{text}</time> }
    }
}

/// A part of a page, with a heading.
pub(super) fn section(i18n: I18n, title: Key, body: impl IntoView + 'static) -> AnyView {
    view! {
        <section>
            <h2>{i18n.t(title)}</h2>
            {body}
        </section>
    }
    .into_any()
}

/// A way to another page.
pub(super) fn link(path: &str, next: &str, label: &'static str) -> impl IntoView + use<> {
    // A room's address has nothing that a query would read in another way.
    let to = if next.is_empty() { path.to_owned() } else { format!("{path}?next={next}") };
    view! {
        <p>
            <a class="way" href=to>
                {label}
            </a>
        </p>
    }
}

/// A link that was just made. It has the focus, so that the browser shows it wherever on the page it stands.
pub(super) fn made_link(i18n: I18n, id: &'static str, link: String) -> impl IntoView + use<> {
    view! {
        <div class="field done" role="status">
            <label for=id>{i18n.t(Key::InviteLinkCreated)}</label>
            <input id=id type="text" readonly autofocus value=link data-testid=id />
        </div>
    }
}

/// What has come of the last form.
pub(super) fn status(i18n: I18n, notice: Key) -> impl IntoView {
    view! {
        <p class="done" role="status" data-testid="done">
            {i18n.t(notice)}
        </p>
    }
}

/// What went wrong, where it belongs to no field.
pub(super) fn problem_at(problem: Option<&Problem>, at: &str) -> Option<AnyView> {
    let text = problem.filter(|problem| problem.at == at)?.text.clone();
    Some(view! { <p class="help">{problem_line(text)}</p> }.into_any())
}

/// What stands for a person: the colour that they chose, else the one that follows from their id.
pub(super) fn avatar(user: UserId, name: &str, chosen: Option<u8>) -> AnyView {
    let hue = format!("hue-{}", chosen.unwrap_or_else(|| colour::default_colour(user)));
    view! {
        <span class=format!("avatar {hue}") aria-hidden="true">
            {colour::initials(name)}
        </span>
    }
    .into_any()
}

/// Whether someone is there, or when they last were; nothing of who never was, or for who is not to know.
pub(super) fn seen(i18n: I18n, clock: Clock, online: bool, seen_at: Option<Millis>) -> Option<AnyView> {
    let text = match seen_at {
        _ if online => i18n.t(Key::OnlineNow).into_any(),
        Some(at) => clock.moment(i18n, at, Key::LastSeen).into_any(),
        None => return None,
    };
    Some(
        view! {
            <p class="soft" data-testid="seen">
                {text}
            </p>
        }
        .into_any(),
    )
}

/// A form that is one button.
pub(super) fn button(action: String, label: &'static str, kind: &str, about: &str) -> AnyView {
    view! {
        <form method="post" action=action>
            <button type="submit" class=format!("button {kind}") aria-describedby=about.to_owned()>
                {label}
            </button>
        </form>
    }
    .into_any()
}

/// A sentence, each place of which is filled in with markup.
pub(super) fn sentence(text: &'static str, mut place: impl FnMut(&'static str) -> AnyView) -> AnyView {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        parts.push(before.into_any());
        parts.push(place(name));
        rest = after;
    }
    parts.push(rest.into_any());
    parts.into_any()
}
