//! Property tests: every frame survives encoding and decoding, and the decoders do not panic on any input.
#![allow(clippy::unwrap_used)]

use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, EventKind, GapReason, NotificationLevel, PresenceState, RoomId, RoomKind,
    RoomSummary, ServerFrame, ServerInfo, ServerRole, Tail, User, UserId, UserKind, limits, validate,
};
use proptest::{collection::vec, option, prelude::*, prop_oneof, sample::select};
use uuid::Uuid;

fn id() -> impl Strategy<Value = CommandId> {
    any::<u128>().prop_map(|n| CommandId(Uuid::from_u128(n)))
}

fn room() -> impl Strategy<Value = RoomId> {
    any::<String>().prop_map(RoomId::from)
}

fn user_id() -> impl Strategy<Value = UserId> {
    any::<u128>().prop_map(|id| UserId(Uuid::from_u128(id)))
}

fn user() -> impl Strategy<Value = User> {
    (user_id(), any::<String>(), select(vec![UserKind::Guest, UserKind::Account]), option::of(any::<u8>()))
        .prop_map(|(id, name, kind, colour)| User { id, name, kind, colour })
}

fn role() -> impl Strategy<Value = ServerRole> {
    select(&ServerRole::ALL[..])
}

fn cursor() -> impl Strategy<Value = Cursor> {
    (room(), option::of(any::<u64>()), option::of("[0-9a-f]{8}")).prop_map(|(room, after, tail)| Cursor {
        room,
        after,
        tail: tail.map(Tail),
    })
}

fn client_frame() -> impl Strategy<Value = ClientFrame> {
    prop_oneof![
        (any::<u32>(), vec(cursor(), 0..4)).prop_map(|(protocol, resume)| ClientFrame::Hello { protocol, resume }),
        cursor().prop_map(ClientFrame::Join),
        room().prop_map(|room| ClientFrame::Leave { room }),
        (id(), room(), any::<String>(), option::of(id())).prop_map(|(id, room, body, reply_to)| ClientFrame::Send {
            id,
            room,
            body,
            reply_to
        }),
        (id(), room(), id(), any::<String>()).prop_map(|(id, room, message, body)| ClientFrame::Edit {
            id,
            room,
            message,
            body
        }),
        (id(), room(), id()).prop_map(|(id, room, message)| ClientFrame::Delete { id, room, message }),
        (id(), room(), id(), any::<String>(), any::<bool>())
            .prop_map(|(id, room, message, emoji, on)| ClientFrame::React { id, room, message, emoji, on }),
        room().prop_map(|room| ClientFrame::Typing { room }),
        (room(), any::<u64>()).prop_map(|(room, seq)| ClientFrame::Read { room, seq }),
        (room(), any::<u64>()).prop_map(|(room, seq)| ClientFrame::MarkUnread { room, seq }),
        any::<bool>().prop_map(|on| ClientFrame::Away { on }),
        any::<i64>().prop_map(|at| ClientFrame::Ping { at }),
    ]
}

fn event_kind() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        (id(), any::<String>(), any::<String>(), option::of(id()), vec(user_id(), 0..3))
            .prop_map(|(id, body, html, reply_to, mentions)| EventKind::Message { id, body, html, reply_to, mentions }),
        (id(), any::<u64>(), any::<String>(), any::<String>(), vec(user_id(), 0..3)).prop_map(
            |(message, message_seq, body, html, mentions)| EventKind::Edited {
                message,
                message_seq,
                body,
                html,
                mentions
            }
        ),
        (id(), any::<u64>()).prop_map(|(message, message_seq)| EventKind::Deleted { message, message_seq }),
        (id(), any::<u64>(), any::<String>(), any::<bool>())
            .prop_map(|(message, message_seq, emoji, on)| { EventKind::Reacted { message, message_seq, emoji, on } }),
        user().prop_map(|user| EventKind::MemberAdded { user }),
        user().prop_map(|user| EventKind::MemberRemoved { user }),
        (user(), any::<bool>()).prop_map(|(user, moderator)| EventKind::Appointed { user, moderator }),
        user().prop_map(|user| EventKind::OwnerChanged { user }),
        any::<String>().prop_map(|name| EventKind::Renamed { name }),
        any::<String>().prop_map(|topic| EventKind::TopicSet { topic }),
        any::<bool>().prop_map(|on| EventKind::Archived { on }),
    ]
}

fn summary() -> impl Strategy<Value = RoomSummary> {
    (
        room(),
        any::<String>(),
        select(vec![RoomKind::Public, RoomKind::Private, RoomKind::Direct]),
        option::of(any::<String>()),
        any::<[u64; 4]>(),
        any::<[bool; 6]>(),
        select(&NotificationLevel::ALL[..]),
        vec(user(), 0..3),
    )
        .prop_map(|(id, name, kind, topic, counts, states, level, people)| {
            let ([head, read, unread, mentions], [joined, gone, archived, moderator, owner, marked]) = (counts, states);
            RoomSummary {
                id,
                name,
                kind,
                topic,
                head,
                read,
                unread,
                mentions,
                level,
                marked,
                joined,
                gone,
                archived,
                moderator,
                owner,
                people,
            }
        })
}

fn server_frame() -> impl Strategy<Value = ServerFrame> {
    prop_oneof![
        (any::<u32>(), user(), role(), any::<[String; 3]>(), any::<i64>(), any::<u64>(), vec(summary(), 0..3))
            .prop_map(|(protocol, you, role, [name, version, build], now, heartbeat_ms, rooms)| ServerFrame::Welcome {
                protocol,
                you,
                role,
                server: ServerInfo { name, version, build },
                now,
                heartbeat_ms,
                rooms,
            }),
        (room(), any::<u64>(), vec(user(), 0..4), vec(user_id(), 0..3), any::<u64>()).prop_map(
            |(room, head, online, away, online_count)| ServerFrame::Joined { room, head, online, away, online_count }
        ),
        (room(), any::<u64>(), id(), any::<i64>(), user(), event_kind())
            .prop_map(|(room, seq, id, at, by, event)| ServerFrame::Event(Event { room, seq, id, at, by, event })),
        (id(), room(), any::<u64>(), any::<i64>()).prop_map(|(id, room, seq, at)| ServerFrame::Ack {
            id,
            room,
            seq,
            at
        }),
        (option::of(any::<String>()), option::of(room()), any::<[String; 2]>(), option::of(any::<u64>())).prop_map(
            |(id, room, [code, message], retry_after_ms)| {
                ServerFrame::Refused { id, room, code, message, retry_after_ms }
            }
        ),
        summary().prop_map(|room| ServerFrame::Room { room }),
        (
            room(),
            user(),
            select(vec![PresenceState::Online, PresenceState::Away, PresenceState::Offline]),
            any::<u64>()
        )
            .prop_map(|(room, user, state, online_count)| ServerFrame::Presence {
                room,
                user,
                state,
                online_count
            }),
        (room(), user()).prop_map(|(room, user)| ServerFrame::Typing { room, user }),
        (room(), select(vec![GapReason::TooFar, GapReason::HistoryChanged, GapReason::Overflow]), any::<[u64; 2]>())
            .prop_map(|(room, reason, [after, head])| ServerFrame::Gap { room, reason, after, head }),
        any::<[i64; 2]>().prop_map(|[at, now]| ServerFrame::Pong { at, now }),
        (any::<u16>(), any::<String>(), any::<bool>(), option::of(any::<u64>()))
            .prop_map(|(code, reason, reconnect, after_ms)| ServerFrame::Bye { code, reason, reconnect, after_ms }),
    ]
}

proptest! {
    #[test]
    fn client_frames_round_trip(frame in client_frame()) {
        let text = frame.encode();
        prop_assert!(!text.contains('\n'), "a frame is a single line");
        prop_assert_eq!(ClientFrame::decode(&text).unwrap(), frame);
    }

    #[test]
    fn server_frames_round_trip(frame in server_frame()) {
        prop_assert_eq!(ServerFrame::decode(&frame.encode()).unwrap(), frame);
    }

    #[test]
    fn decoders_do_not_panic_on_arbitrary_text(bytes in vec(any::<u8>(), 0..2_000)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = ClientFrame::decode(&text);
        let _ = ServerFrame::decode(&text);
    }

    /// Random bytes rarely get past the first brace; a frame with one changed byte reaches every branch.
    #[test]
    fn decoders_do_not_panic_on_corrupted_frames(frame in client_frame(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = frame.encode().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let text = String::from_utf8_lossy(&bytes);
        if let Err(error) = ClientFrame::decode(&text) {
            prop_assert!(!error.message.is_empty() && error.message.len() < 70_000);
        }
        let _ = ServerFrame::decode(&text);
    }

    #[test]
    fn validation_is_idempotent(text in any::<String>()) {
        if let Ok(body) = validate::body(&text) {
            prop_assert_eq!(validate::body(body), Ok(body));
            prop_assert!(body.chars().count() <= limits::MAX_BODY_CHARS);
        }
        if let Ok(name) = validate::name(&text) {
            prop_assert_eq!(validate::name(&name), Ok(name.clone()));
        }
    }

    #[test]
    fn tail_is_the_last_8_digits_of_the_id(id in id()) {
        prop_assert!(id.to_string().ends_with(&id.tail().0));
        prop_assert_eq!(id.tail().0.len(), 8);
    }
}
