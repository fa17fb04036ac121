//! `/audit`: what was done by whom to whom, each act as a sentence.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{RoomId, ServerRole, User, http::AuditEntry};
use serde_json::Value;

use super::{
    Frame,
    blocks::{Clock, sentence},
    parts,
    people::paging,
};
use crate::{
    i18n::{Words, forms::Word as Say},
    time,
};

/// The log, a page at a time.
#[derive(Clone, Debug)]
pub struct AuditLog {
    /// The newest first, each with the name of its room when the reader may see that.
    pub entries: Vec<(AuditEntry, Option<String>)>,
    /// What to ask for to see those before; none on the last page.
    pub older: Option<i64>,
    /// Whether it is a page after the first.
    pub later: bool,
    /// How times are told.
    pub clock: Clock,
}

impl AuditLog {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let (words, clock) = (frame.words, self.clock);
        let older = self.older.map(|id| (format!("/audit?before={id}"), Say::Older));
        let pages = [self.later.then(|| ("/audit".to_owned(), Say::Newest)), older];
        let none = self.entries.is_empty();
        let rows = self.entries.into_iter().map(move |(entry, room)| row(words, clock, &entry, room));
        let body = view! {
            <h1>{words.say(Say::Audit)}</h1>
            <p class="soft">{words.say(Say::AuditHelp)}</p>
            {if none {
                Either::Left(view! { <p>{words.say(Say::NoActs)}</p> })
            } else {
                Either::Right(view! { <ol class="entries log">{rows.collect_view()}</ol> })
            }}
            {paging(words, pages)}
        };
        frame.document(words.say(Say::Audit), body)
    }
}

/// The sentence for an act; another one where it was done in a room.
const ACTS: &[(&str, Say, Option<Say>)] = &[
    ("password_changed", Say::ActPasswordChanged, None),
    ("reset_made", Say::ActResetMade, None),
    ("reset_used", Say::ActResetUsed, None),
    ("banned", Say::ActBanned, None),
    ("ban_lifted", Say::ActBanLifted, None),
    ("muted", Say::ActMuted, Some(Say::ActMutedIn)),
    ("unmuted", Say::ActUnmuted, Some(Say::ActUnmutedIn)),
    ("invite_made", Say::ActInviteMade, None),
    ("invite_used", Say::ActInviteUsed, None),
    ("invite_revoked", Say::ActInviteRevoked, None),
    ("owner_made", Say::ActOwnerMade, None),
    ("account_deleted", Say::ActAccountDeleted, None),
    ("role_changed", Say::ActRoleChanged, None),
    ("member_removed", Say::ActMemberRemoved, None),
    ("room_moderator_appointed", Say::ActAppointed, None),
    ("room_moderator_dismissed", Say::ActDismissed, None),
    ("room_renamed", Say::ActRenamed, None),
    ("room_archived", Say::ActArchived, None),
    ("room_reopened", Say::ActReopened, None),
    ("message_deleted", Say::ActMessageDeleted, None),
];

/// Whether there is a sentence for an act. One of a newer server is shown by its word.
#[must_use]
pub fn knows_act(act: &str) -> bool {
    ACTS.iter().any(|(known, ..)| *known == act)
}

fn row(words: Words, clock: Clock, entry: &AuditEntry, room: Option<String>) -> AnyView {
    let sentences = ACTS.iter().find(|(act, ..)| *act == entry.act);
    let said = sentences.map(|(_, usual, in_room)| in_room.filter(|_| entry.room.is_some()).unwrap_or(*usual));
    let text = match said {
        Some(say) => sentence(words.say(say), |place| match place {
            "who" => doer(words, entry.actor.as_ref()),
            "whom" => person(words, entry.subject.as_ref()),
            _ => place_of(words, entry.room.as_ref(), room.clone()),
        }),
        None => unknown(words, entry, room),
    };
    let details = details(words, clock, entry);
    let at = view! {
        <time datetime=time::iso(entry.at) title=clock.zone.full(entry.at, words)>
            {clock.text(words, entry.at)}
        </time>
    };
    view! {
        <li data-testid="entry" data-act=entry.act.clone()>
            <p class="soft">{at}</p>
            <div class="who">
                <p>{text}</p>
                {details.map(|details| view! { <p class="soft">{details}</p> })}
            </div>
        </li>
    }
    .into_any()
}

/// An act of a newer server: its word, and whom and where it concerns.
fn unknown(words: Words, entry: &AuditEntry, room: Option<String>) -> AnyView {
    let whom = entry.subject.as_ref().map(|_| view! { " · " {person(words, entry.subject.as_ref())} });
    let place = entry.room.as_ref().map(|_| view! { " · " {place_of(words, entry.room.as_ref(), room)} });
    view! {
        {doer(words, entry.actor.as_ref())}
        ": "
        <code>{entry.act.clone()}</code>
        {whom}
        {place}
    }
    .into_any()
}

fn doer(words: Words, actor: Option<&User>) -> AnyView {
    if actor.is_some() { person(words, actor) } else { words.say(Say::TheServer).into_any() }
}

fn person(words: Words, user: Option<&User>) -> AnyView {
    match user {
        Some(user) => view! { <b>{user.name.clone()}</b> }.into_any(),
        None => words.say(Say::Someone).into_any(),
    }
}

fn place_of(words: Words, room: Option<&RoomId>, name: Option<String>) -> AnyView {
    let id = room.map(ToString::to_string).unwrap_or_default();
    match name {
        Some(name) => view! { <b>{name}</b> }.into_any(),
        None => words.say_with(Say::SomeRoom, &[("room", &id)]).into_any(),
    }
}

/// What the log has beside the act itself, as far as it is known here.
fn details(words: Words, clock: Clock, entry: &AuditEntry) -> Option<String> {
    let details = entry.details.as_ref()?.as_object()?;
    let text = |key: &str| details.get(key).and_then(Value::as_str);
    let role = |key: &str| text(key).and_then(|name| ServerRole::ALL.into_iter().find(|role| role.as_str() == name));
    let until = match details.get("until") {
        Some(Value::Null) => Some(words.say(Say::ForEver).to_owned()),
        Some(until) => until.as_i64().map(|at| words.say_with(Say::ForUntil, &[("time", &clock.text(words, at))])),
        None => None,
    };
    let named = |role| parts::role(words, role);
    let from_to = role("from").zip(role("to"));
    let with_address = details.get("address") == Some(&Value::Bool(true));
    let said = [
        from_to.map(|(from, to)| words.say_with(Say::RoleFromTo, &[("from", named(from)), ("to", named(to))])),
        role("role").map(|role| words.say_with(Say::RoleIs, &[("role", named(role))])),
        text("name").map(|name| words.say_with(Say::NewNameIs, &[("name", name)])),
        until,
        with_address.then(|| words.say(Say::WithAddress).to_owned()),
        text("reason").map(|reason| words.say_with(Say::ReasonIs, &[("reason", reason)])),
    ];
    let said: Vec<_> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" · "))
}
