//! How the kinds of events are stored in the columns of the log.

use parlor_protocol::{CommandId, EventKind, Seq, User, UserId};
use uuid::Uuid;

use super::super::values::sql_seq;

/// What stands in the columns of an event.
#[derive(Default)]
pub(in super::super) struct Columns<'a> {
    pub(in super::super) kind: Option<&'static str>,
    pub(in super::super) body: Option<&'a str>,
    pub(in super::super) html: Option<&'a str>,
    pub(in super::super) reply_to: Option<Uuid>,
    pub(in super::super) subject: Option<Uuid>,
    pub(in super::super) detail: Option<String>,
}

pub(in super::super) fn encode(event: &EventKind) -> Columns<'_> {
    let kind = |kind| Columns { kind: Some(kind), ..Columns::default() };
    let about = |name, user: &User| Columns { subject: Some(user.id.0), ..kind(name) };
    let with = |name, detail| Columns { detail: Some(detail), ..kind(name) };
    match event {
        EventKind::Message { body, html, reply_to, mentions, .. } => Columns {
            body: Some(body),
            html: Some(html),
            reply_to: reply_to.map(|id| id.0),
            detail: (!mentions.is_empty()).then(|| encode_mentions(mentions)),
            ..kind("message")
        },
        EventKind::Edited { message, message_seq, body, html, mentions } => Columns {
            body: Some(body),
            html: Some(html),
            reply_to: Some(message.0),
            ..with("edited", format!("{} {}", sql_seq(*message_seq), encode_mentions(mentions)))
        },
        EventKind::Reacted { message, message_seq, emoji, on } => Columns {
            reply_to: Some(message.0),
            ..with(if *on { "reacted" } else { "unreacted" }, format!("{} {emoji}", sql_seq(*message_seq)))
        },
        EventKind::Deleted { message, message_seq } => {
            with("deleted", format!("{} {}", sql_seq(*message_seq), message.0.simple()))
        }
        EventKind::MemberAdded { user } => about("member_added", user),
        EventKind::MemberRemoved { user } => about("member_removed", user),
        EventKind::Appointed { user, moderator } => about(if *moderator { "appointed" } else { "dismissed" }, user),
        EventKind::OwnerChanged { user } => about("owner_changed", user),
        EventKind::Renamed { name } => with("renamed", name.clone()),
        EventKind::TopicSet { topic } => with("topic_set", topic.clone()),
        EventKind::Archived { on } => kind(if *on { "archived" } else { "reopened" }),
        EventKind::Unknown => kind("unknown"),
    }
}

/// What was read of an event, to be decoded.
pub(super) struct Stored {
    pub(super) id: CommandId,
    pub(super) kind: String,
    pub(super) body: Option<String>,
    pub(super) html: Option<String>,
    pub(super) reply_to: Option<Uuid>,
    pub(super) subject: Option<User>,
    pub(super) detail: Option<String>,
}

/// An event that cannot be read, such as one of a newer version, keeps its place in the order.
pub(super) fn decode(stored: Stored) -> EventKind {
    let Stored { id, kind, body, html, reply_to, subject, detail } = stored;
    match (kind.as_str(), subject, detail) {
        ("message", _, detail) => EventKind::Message {
            id,
            body: body.unwrap_or_default(),
            html: html.unwrap_or_default(),
            reply_to: reply_to.map(CommandId),
            mentions: decode_mentions(detail.as_deref()),
        },
        // A deleted message: its content was overwritten.
        ("removed", ..) => EventKind::Message {
            id,
            body: String::new(),
            html: String::new(),
            reply_to: reply_to.map(CommandId),
            mentions: Vec::new(),
        },
        // An edit of a message that was deleted later has no content either, and is read as an unknown event.
        ("edited", _, Some(detail)) => decode_about(&detail, reply_to, |message, message_seq, mentions| {
            let mentions = decode_mentions(Some(mentions));
            let (body, html) = (body.unwrap_or_default(), html.unwrap_or_default());
            EventKind::Edited { message, message_seq, body, html, mentions }
        }),
        (kind @ ("reacted" | "unreacted"), _, Some(detail)) => {
            decode_about(&detail, reply_to, |message, message_seq, emoji| EventKind::Reacted {
                message,
                message_seq,
                emoji: emoji.to_owned(),
                on: kind == "reacted",
            })
        }
        ("deleted", _, Some(detail)) => decode_deleted(&detail).unwrap_or(EventKind::Unknown),
        ("member_added", Some(user), _) => EventKind::MemberAdded { user },
        ("member_removed", Some(user), _) => EventKind::MemberRemoved { user },
        ("appointed", Some(user), _) => EventKind::Appointed { user, moderator: true },
        ("dismissed", Some(user), _) => EventKind::Appointed { user, moderator: false },
        ("owner_changed", Some(user), _) => EventKind::OwnerChanged { user },
        ("renamed", _, Some(name)) => EventKind::Renamed { name },
        ("topic_set", _, Some(topic)) => EventKind::TopicSet { topic },
        ("archived", ..) => EventKind::Archived { on: true },
        ("reopened", ..) => EventKind::Archived { on: false },
        _ => EventKind::Unknown,
    }
}

/// An event about a message: `detail` begins with the seq of the message.
fn decode_about(
    detail: &str,
    message: Option<Uuid>,
    event: impl FnOnce(CommandId, Seq, &str) -> EventKind,
) -> EventKind {
    let parts = detail.split_once(' ').and_then(|(seq, rest)| Some((seq.parse().ok()?, rest)));
    match (parts, message) {
        (Some((seq, rest)), Some(message)) => event(CommandId(message), seq, rest),
        _ => EventKind::Unknown,
    }
}

/// The mentions of an edit, from its detail.
pub(super) fn decode_edit_mentions(detail: Option<&str>) -> Vec<UserId> {
    decode_mentions(detail.and_then(|detail| detail.split_once(' ')).map(|(_, mentions)| mentions))
}

fn decode_deleted(detail: &str) -> Option<EventKind> {
    let (seq, id) = detail.split_once(' ')?;
    let message_seq: Seq = seq.parse().ok()?;
    Some(EventKind::Deleted { message: CommandId(Uuid::parse_str(id).ok()?), message_seq })
}

fn encode_mentions(users: &[UserId]) -> String {
    users.iter().map(|user| user.0.simple().to_string()).collect::<Vec<_>>().join(" ")
}

/// Ids that cannot be read are left out.
pub(super) fn decode_mentions(detail: Option<&str>) -> Vec<UserId> {
    let ids = detail.unwrap_or_default().split_ascii_whitespace();
    ids.filter_map(|id| Uuid::parse_str(id).ok()).map(UserId).collect()
}

#[cfg(test)]
mod tests {
    use parlor_protocol::UserKind;

    use super::*;

    #[test]
    fn every_stored_kind_is_read_back() {
        let user =
            || User { id: UserId(Uuid::from_u128(1)), name: "ann".into(), kind: UserKind::Account, colour: None };
        let (id, message) = (CommandId(Uuid::from_u128(2)), CommandId(Uuid::from_u128(7)));
        let mentions: Vec<_> = (1..4).map(|n| UserId(Uuid::from_u128(n))).collect();
        let text = |text: &str| text.to_owned();
        for event in [
            EventKind::Message {
                id,
                body: text("a"),
                html: text("<p>a</p>"),
                reply_to: Some(message),
                mentions: mentions.clone(),
            },
            EventKind::Edited {
                message,
                message_seq: 57,
                body: text("b"),
                html: text("<p>b</p>"),
                mentions: mentions.clone(),
            },
            EventKind::Edited { message, message_seq: 57, body: text("b"), html: text("<p>b</p>"), mentions: vec![] },
            EventKind::Reacted { message, message_seq: 57, emoji: text("👍🏽"), on: true },
            EventKind::Reacted { message, message_seq: 57, emoji: text("❤️"), on: false },
            EventKind::Deleted { message, message_seq: 57 },
            EventKind::MemberAdded { user: user() },
            EventKind::MemberRemoved { user: user() },
            EventKind::Appointed { user: user(), moderator: true },
            EventKind::Appointed { user: user(), moderator: false },
            EventKind::OwnerChanged { user: user() },
            EventKind::Renamed { name: text("b") },
            EventKind::TopicSet { topic: text("") },
            EventKind::Archived { on: true },
            EventKind::Archived { on: false },
        ] {
            let Columns { kind, body, html, reply_to, subject, detail } = encode(&event);
            let stored = Stored {
                id,
                kind: kind.unwrap_or_default().into(),
                body: body.map(text),
                html: html.map(text),
                reply_to,
                subject: subject.map(|_| user()),
                detail,
            };
            assert_eq!(decode(stored), event);
        }
    }

    #[test]
    fn unreadable_details_are_ignored() {
        assert_eq!(decode_deleted("57"), None);
        for (detail, message) in [("57", Some(Uuid::nil())), ("x 👍", Some(Uuid::nil())), ("57 👍", None)] {
            let event = decode_about(detail, message, |_, _, _| EventKind::Archived { on: true });
            assert_eq!(event, EventKind::Unknown, "{detail}");
        }
        assert_eq!((decode_mentions(None), decode_mentions(Some("x 1"))), (vec![], vec![]));
    }
}
