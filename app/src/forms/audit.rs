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
    i18n::{I18n, Key},
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
        let (i18n, clock) = (frame.i18n, self.clock);
        let older = self.older.map(|id| (format!("/audit?before={id}"), Key::OlderEntries));
        let pages = [self.later.then(|| ("/audit".to_owned(), Key::NewestEntries)), older];
        let none = self.entries.is_empty();
        let rows = self.entries.into_iter().map(move |(entry, room)| row(i18n, clock, &entry, room));
        let body = view! {
            <h1>{i18n.t(Key::AuditLog)}</h1>
            <p class="soft">{i18n.t(Key::AuditHelp)}</p>
            {if none {
                Either::Left(view! { <p>{i18n.t(Key::NoAuditEntries)}</p> })
            } else {
                Either::Right(view! { <ol class="entries log">{rows.collect_view()}</ol> })
            }}
            {paging(i18n, pages)}
        };
        frame.document(i18n.t(Key::AuditLog), body)
    }
}

/// The sentence for an act; another one where it was done in a room.
const ACTS: &[(&str, Key, Option<Key>)] = &[
    ("password_changed", Key::AuditPasswordChanged, None),
    ("reset_made", Key::AuditResetLinkCreated, None),
    ("reset_used", Key::AuditPasswordReset, None),
    ("banned", Key::AuditBanned, None),
    ("ban_lifted", Key::AuditUnbanned, None),
    ("muted", Key::AuditMuted, Some(Key::AuditMutedInRoom)),
    ("unmuted", Key::AuditUnmuted, Some(Key::AuditUnmutedInRoom)),
    ("invite_made", Key::AuditInviteCreated, None),
    ("invite_used", Key::AuditInviteUsed, None),
    ("invite_revoked", Key::AuditInviteRevoked, None),
    ("owner_made", Key::AuditOwnerCreated, None),
    ("account_deleted", Key::AuditAccountDeleted, None),
    ("role_changed", Key::AuditRoleChanged, None),
    ("member_removed", Key::AuditMemberRemoved, None),
    ("room_moderator_appointed", Key::AuditModeratorAdded, None),
    ("room_moderator_dismissed", Key::AuditModeratorRemoved, None),
    ("room_renamed", Key::AuditRoomRenamed, None),
    ("room_archived", Key::AuditRoomArchived, None),
    ("room_reopened", Key::AuditRoomUnarchived, None),
    ("message_deleted", Key::AuditMessageDeleted, None),
];

/// Whether there is a sentence for an act. One of a newer server is shown by its word.
#[must_use]
pub fn knows_act(act: &str) -> bool {
    ACTS.iter().any(|(known, ..)| *known == act)
}

fn row(i18n: I18n, clock: Clock, entry: &AuditEntry, room: Option<String>) -> AnyView {
    let sentences = ACTS.iter().find(|(act, ..)| *act == entry.act);
    let said = sentences.map(|(_, usual, in_room)| in_room.filter(|_| entry.room.is_some()).unwrap_or(*usual));
    let text = match said {
        Some(say) => sentence(i18n.t(say), |place| match place {
            "who" => doer(i18n, entry.actor.as_ref()),
            "whom" => person(i18n, entry.subject.as_ref()),
            _ => place_of(i18n, entry.room.as_ref(), room.clone()),
        }),
        None => unknown(i18n, entry, room),
    };
    let details = details(i18n, clock, entry);
    let at = view! {
        <time datetime=time::iso(entry.at) title=clock.zone.date_time(entry.at)>
            {clock.text(i18n, entry.at)}
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
fn unknown(i18n: I18n, entry: &AuditEntry, room: Option<String>) -> AnyView {
    let whom = entry.subject.as_ref().map(|_| view! { " · " {person(i18n, entry.subject.as_ref())} });
    let place = entry.room.as_ref().map(|_| view! { " · " {place_of(i18n, entry.room.as_ref(), room)} });
    view! {
        {doer(i18n, entry.actor.as_ref())}
        ": "
        <code>{entry.act.clone()}</code>
        {whom}
        {place}
    }
    .into_any()
}

fn doer(i18n: I18n, actor: Option<&User>) -> AnyView {
    if actor.is_some() { person(i18n, actor) } else { i18n.t(Key::ServerActor).into_any() }
}

fn person(i18n: I18n, user: Option<&User>) -> AnyView {
    match user {
        Some(user) => view! { <b>{user.name.clone()}</b> }.into_any(),
        None => i18n.t(Key::UnknownUser).into_any(),
    }
}

fn place_of(i18n: I18n, room: Option<&RoomId>, name: Option<String>) -> AnyView {
    let id = room.map(ToString::to_string).unwrap_or_default();
    match name {
        Some(name) => view! { <b>{name}</b> }.into_any(),
        None => i18n.format(Key::UnnamedPrivateRoom, &[("room", &id)]).into_any(),
    }
}

/// What the log has beside the act itself, as far as it is known here.
fn details(i18n: I18n, clock: Clock, entry: &AuditEntry) -> Option<String> {
    let details = entry.details.as_ref()?.as_object()?;
    let text = |key: &str| details.get(key).and_then(Value::as_str);
    let role = |key: &str| text(key).and_then(|name| ServerRole::ALL.into_iter().find(|role| role.as_str() == name));
    let until = match details.get("until") {
        Some(Value::Null) => Some(i18n.t(Key::Permanently).to_owned()),
        Some(until) => until.as_i64().map(|at| i18n.format(Key::UntilTime, &[("time", &clock.text(i18n, at))])),
        None => None,
    };
    let named = |role| parts::role(i18n, role);
    let from_to = role("from").zip(role("to"));
    let with_address = details.get("address") == Some(&Value::Bool(true));
    let said = [
        from_to.map(|(from, to)| i18n.format(Key::RoleChange, &[("from", named(from)), ("to", named(to))])),
        role("role").map(|role| i18n.format(Key::RoleValue, &[("role", named(role))])),
        text("name").map(|name| i18n.format(Key::NewNameValue, &[("name", name)])),
        until,
        with_address.then(|| i18n.t(Key::AddressIncluded).to_owned()),
        text("reason").map(|reason| i18n.format(Key::ReasonValue, &[("reason", reason)])),
    ];
    let said: Vec<_> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" · "))
}
