//! `/audit`: who did what to whom, each act as a sentence.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{RoomId, ServerRole, User, http::AuditEntry};
use serde_json::Value;

use super::elements::{Clock, Pagination, role_name};
use crate::{
    i18n::{I18n, Key, Segment},
    time,
};

/// `entries`: the newest first, each with the name of its room if the reader may see that. `older`: the id before which the
/// next page begins. `is_first`: whether this is the first page.
#[component]
pub fn AuditPage(entries: Vec<(AuditEntry, Option<String>)>, older: Option<i64>, is_first: bool) -> impl IntoView {
    let i18n = I18n::current();
    let older = older.map(|id| (format!("/audit?before={id}"), Key::OlderEntries));
    let links = [(!is_first).then(|| ("/audit".to_owned(), Key::NewestEntries)), older];
    let body = if entries.is_empty() {
        Either::Left(view! { <p>{i18n.t(Key::NoAuditEntries)}</p> })
    } else {
        let rows = entries.into_iter().map(|(entry, room)| view! { <Entry entry room /> });
        Either::Right(view! { <ol class="entries log">{rows.collect_view()}</ol> })
    };
    view! {
        <h1>{i18n.t(Key::AuditLog)}</h1>
        <p class="soft">{i18n.t(Key::AuditHelp)}</p>
        {body}
        <Pagination links />
    }
}

/// The text of each act, and another one for acts in a room.
const ACT_TEXTS: &[(&str, Key, Option<Key>)] = &[
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
    ("signed_in", Key::AuditSignedIn, None),
    ("sign_in_denied", Key::AuditSignInDenied, None),
    ("sessions_ended", Key::AuditSessionsEnded, None),
    ("room_created", Key::AuditRoomCreated, None),
    ("member_added", Key::AuditMemberAdded, None),
    ("room_owner_changed", Key::AuditOwnerChanged, None),
    ("room_renamed", Key::AuditRoomRenamed, None),
    ("room_archived", Key::AuditRoomArchived, None),
    ("room_reopened", Key::AuditRoomUnarchived, None),
    ("message_deleted", Key::AuditMessageDeleted, None),
    ("server_renamed", Key::AuditServerRenamed, None),
    ("entry_policy_changed", Key::AuditEntryPolicyChanged, None),
    ("picture_changed", Key::AuditPictureChanged, None),
    ("picture_removed", Key::AuditPictureRemoved, None),
];

/// Whether an act has a text. Unknown ones are shown by their code.
pub fn has_audit_text(act: &str) -> bool {
    ACT_TEXTS.iter().any(|(known, ..)| *known == act)
}

#[component]
fn Entry(entry: AuditEntry, room: Option<String>) -> impl IntoView {
    let (i18n, clock) = (I18n::current(), expect_context::<Clock>());
    let details = details(i18n, clock, &entry);
    view! {
        <li data-testid="entry" data-act=entry.act.clone()>
            <p class="soft">
                <time datetime=time::iso(entry.at) title=clock.zone.date_time(entry.at)>
                    {clock.text(i18n, entry.at)}
                </time>
            </p>
            <div class="who">
                <p>{sentence(i18n, &entry, room.as_deref())}</p>
                {details.map(|details| view! { <p class="soft">{details}</p> })}
            </div>
        </li>
    }
}

fn sentence(i18n: I18n, entry: &AuditEntry, room: Option<&str>) -> AnyView {
    let actor = || user_name(entry.actor.as_ref(), i18n.t(Key::ServerActor));
    let subject = || user_name(entry.subject.as_ref(), i18n.t(Key::UnknownUser));
    let room_name = |id: &RoomId| match room {
        Some(name) => view! { <b>{name.to_owned()}</b> }.into_any(),
        None => i18n.format(Key::UnnamedPrivateRoom, &[("room", &id.to_string())]).into_any(),
    };
    let room = || entry.room.as_ref().map(room_name);
    let Some((_, text, text_in_room)) = ACT_TEXTS.iter().find(|(act, ..)| *act == entry.act) else {
        return view! {
            {actor()}
            ": "
            <code>{entry.act.clone()}</code>
            {entry.subject.is_some().then(|| view! { " · " {subject()} })}
            {room().map(|room| view! { " · " {room} })}
        }
        .into_any();
    };
    let text = text_in_room.filter(|_| entry.room.is_some()).unwrap_or(*text);
    let segments = i18n.segments(text).into_iter().map(|segment| match segment {
        Segment::Text(text) => text.into_any(),
        Segment::Placeholder("who") => actor(),
        Segment::Placeholder("whom") => subject(),
        Segment::Placeholder(_) => room().into_any(),
    });
    segments.collect_view().into_any()
}

fn user_name(user: Option<&User>, unknown: &'static str) -> AnyView {
    match user {
        Some(user) => view! { <b>{user.name.clone()}</b> }.into_any(),
        None => unknown.into_any(),
    }
}

/// The known fields of [`AuditEntry::details`].
fn details(i18n: I18n, clock: Clock, entry: &AuditEntry) -> Option<String> {
    let details = entry.details.as_ref()?.as_object()?;
    let text = |key: &str| details.get(key).and_then(Value::as_str);
    let role = |key: &str| text(key).and_then(|name| ServerRole::ALL.into_iter().find(|role| role.as_str() == name));
    let until = match details.get("until") {
        Some(Value::Null) => Some(i18n.t(Key::Permanently).to_owned()),
        Some(until) => until.as_i64().map(|at| i18n.format(Key::UntilTime, &[("time", &clock.text(i18n, at))])),
        None => None,
    };
    let from_to = role("from").zip(role("to"));
    let with_address = details.get("address") == Some(&Value::Bool(true));
    let cause = match text("cause") {
        Some("wrong_password") => Some(Key::DenialWrongPassword),
        Some("banned") => Some(Key::DenialBanned),
        _ => None,
    };
    let said = [
        cause.map(|cause| i18n.t(cause).to_owned()),
        from_to.map(|(from, to)| i18n.format(Key::RoleChange, &[("from", role_name(from)), ("to", role_name(to))])),
        role("role").map(|role| i18n.format(Key::RoleValue, &[("role", role_name(role))])),
        text("name").map(|name| i18n.format(Key::NewNameValue, &[("name", name)])),
        until,
        with_address.then(|| i18n.t(Key::AddressIncluded).to_owned()),
        text("reason").map(|reason| i18n.format(Key::ReasonValue, &[("reason", reason)])),
    ];
    let said: Vec<_> = said.into_iter().flatten().collect();
    (!said.is_empty()).then(|| said.join(" · "))
}
