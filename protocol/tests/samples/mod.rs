//! At least one sample of each frame.

use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, EventKind, GapReason, NotificationLevel, PresenceState, RoomId, RoomKind,
    RoomSummary, ServerFrame, ServerInfo, ServerRole, Tail, User, UserId, UserKind,
};
use uuid::Uuid;

const AT: i64 = 1_763_683_200_000;

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(0x0193_2f6e_7a10_7c9d_8a55_1f2e_3d4c_0000 + n))
}

fn user(n: u128, name: &str, kind: UserKind) -> User {
    User { id: UserId(id(n).0), name: name.into(), kind, colour: (n == 11).then_some(7) }
}

fn lobby() -> RoomId {
    RoomId::lobby()
}

pub(super) fn client_frames() -> Vec<ClientFrame> {
    let cursor = Cursor { room: lobby(), after: Some(41), tail: Some(Tail("9f3c01ab".into())) };
    vec![
        ClientFrame::Hello { protocol: 1, resume: vec![cursor.clone()] },
        ClientFrame::Hello { protocol: 1, resume: vec![] },
        ClientFrame::Join(cursor),
        ClientFrame::Join(Cursor { room: lobby(), after: None, tail: None }),
        ClientFrame::Leave { room: lobby() },
        ClientFrame::Send { id: id(1), room: lobby(), body: "hi **all**".into(), reply_to: Some(id(2)) },
        ClientFrame::Send { id: id(1), room: lobby(), body: "你好 👋\n\"quoted\"".into(), reply_to: None },
        ClientFrame::Edit { id: id(3), room: lobby(), message: id(1), body: "hi".into() },
        ClientFrame::Delete { id: id(4), room: lobby(), message: id(1) },
        ClientFrame::React { id: id(5), room: lobby(), message: id(1), emoji: "👍".into(), on: true },
        ClientFrame::Typing { room: lobby() },
        ClientFrame::Read { room: lobby(), seq: 57 },
        ClientFrame::MarkUnread { room: lobby(), seq: 50 },
        ClientFrame::Away { on: true },
        ClientFrame::Ping { at: AT },
    ]
}

pub(super) fn server_frames() -> Vec<ServerFrame> {
    let ann = user(10, "ann", UserKind::Guest);
    let bob = user(11, "bob", UserKind::Account);
    let summary = RoomSummary { head: 57, read: 41, unread: 16, ..RoomSummary::new(lobby(), "Lobby".into()) };
    let event =
        |event| ServerFrame::Event(Event { room: lobby(), seq: 58, id: id(1), at: AT + 123, by: ann.clone(), event });
    vec![
        ServerFrame::Welcome {
            protocol: 1,
            you: ann.clone(),
            role: ServerRole::Moderator,
            server: ServerInfo { name: "parlor".into(), version: "0.1.0".into(), build: "9b1c40d2a7f35e68".into() },
            now: AT,
            heartbeat_ms: 25_000,
            rooms: vec![summary.clone()],
        },
        ServerFrame::Joined {
            room: lobby(),
            head: 57,
            online: vec![ann.clone(), bob.clone()],
            away: vec![bob.id],
            online_count: 2,
        },
        ServerFrame::Joined { room: lobby(), head: 57, online: vec![], away: vec![], online_count: 0 },
        event(EventKind::Message {
            id: id(1),
            body: "hi **all**".into(),
            html: "<p>hi <strong>all</strong></p>".into(),
            reply_to: None,
            mentions: vec![],
        }),
        event(EventKind::Message {
            id: id(1),
            body: "@bob hi".into(),
            html: "<p>@bob hi</p>".into(),
            reply_to: Some(id(2)),
            mentions: vec![bob.id],
        }),
        event(EventKind::Edited {
            message: id(1),
            message_seq: 57,
            body: "hi".into(),
            html: "<p>hi</p>".into(),
            mentions: vec![],
        }),
        event(EventKind::Edited {
            message: id(1),
            message_seq: 57,
            body: "@bob hi".into(),
            html: "<p>@bob hi</p>".into(),
            mentions: vec![bob.id],
        }),
        event(EventKind::Deleted { message: id(1), message_seq: 57 }),
        event(EventKind::Reacted { message: id(1), message_seq: 57, emoji: "👍".into(), on: false }),
        event(EventKind::MemberAdded { user: bob.clone() }),
        event(EventKind::MemberRemoved { user: bob.clone() }),
        event(EventKind::Appointed { user: bob.clone(), moderator: true }),
        event(EventKind::OwnerChanged { user: bob.clone() }),
        event(EventKind::Renamed { name: "Kitchen".into() }),
        event(EventKind::TopicSet { topic: String::new() }),
        event(EventKind::Archived { on: true }),
        ServerFrame::Ack { id: id(1), room: lobby(), seq: 58, at: AT + 123 },
        ServerFrame::Refused {
            id: Some(id(1).to_string()),
            room: Some(lobby()),
            code: "rate_limited".into(),
            message: "You are sending too fast.".into(),
            retry_after_ms: Some(800),
        },
        ServerFrame::Refused {
            id: None,
            room: None,
            code: "bad_frame".into(),
            message: "not JSON".into(),
            retry_after_ms: None,
        },
        ServerFrame::Room { room: summary.clone() },
        ServerFrame::Room {
            room: RoomSummary {
                id: "cooking".into(),
                kind: RoomKind::Private,
                topic: Some("What is for dinner".into()),
                joined: false,
                gone: true,
                archived: true,
                moderator: true,
                owner: true,
                mentions: 2,
                level: NotificationLevel::Mentions,
                marked: true,
                people: vec![bob.clone()],
                ..summary
            },
        },
        ServerFrame::Presence { room: lobby(), user: bob.clone(), state: PresenceState::Online, online_count: 2 },
        ServerFrame::Presence { room: lobby(), user: bob.clone(), state: PresenceState::Away, online_count: 2 },
        ServerFrame::Typing { room: lobby(), user: bob },
        ServerFrame::Gap { room: lobby(), reason: GapReason::TooFar, after: 41, head: 90_211 },
        ServerFrame::Gap { room: lobby(), reason: GapReason::HistoryChanged, after: 41, head: 30 },
        ServerFrame::Gap { room: lobby(), reason: GapReason::Overflow, after: 41, head: 57 },
        ServerFrame::Pong { at: AT, now: AT + 40 },
        ServerFrame::Bye { code: 4001, reason: "server is restarting".into(), reconnect: true, after_ms: Some(1_200) },
        ServerFrame::Bye { code: 4500, reason: "bad protocol version".into(), reconnect: false, after_ms: None },
    ]
}
