use parlor_protocol::{CommandId, EventKind, UserKind};
use uuid::Uuid;

use super::*;

fn user(id: u128, name: &str) -> User {
    User { id: UserId(Uuid::from_u128(id)), name: name.into(), kind: UserKind::Guest, colour: None }
}

fn message(room: &str, seq: u64, body: &str) -> ServerFrame {
    let id = CommandId(Uuid::from_u128(seq.into()));
    let event = EventKind::Message { id, body: body.into(), html: String::new(), reply_to: None, mentions: Vec::new() };
    ServerFrame::Event(Event { room: room.into(), seq, id, at: 7, by: user(2, "bob"), event })
}

fn presence(who: User, state: PresenceState, online_count: u64) -> ServerFrame {
    ServerFrame::Presence { room: RoomId::lobby(), user: who, state, online_count }
}

fn joined(online: &[User], online_count: u64) -> ServerFrame {
    let away = Vec::new();
    ServerFrame::Joined { room: RoomId::lobby(), head: 5, online: online.to_vec(), away, online_count }
}

fn notices(translator: &mut Translator, frame: ServerFrame) -> Vec<NoticeKind> {
    let kinds = translator.translate(frame).into_iter().map(|effect| match effect {
        Effect::Notify(notice) => notice.kind,
        other => NoticeKind::Error { code: "effect".into(), message: format!("{other:?}"), text: None },
    });
    kinds.collect()
}

fn in_lobby() -> Translator {
    let mut translator = Translator::new(&user(1, "ann"), RoomId::lobby());
    let entered = notices(&mut translator, joined(&[user(2, "bob"), user(1, "ann")], 2));
    assert_eq!(entered, [NoticeKind::Entered("ann".into())]);
    translator
}

#[test]
fn presence_changes_are_notified_once() {
    use PresenceState::{Away, Offline, Online};
    let mut translator = in_lobby();
    for (who, state, count, expected) in [
        (user(3, "cat"), Online, 3, Some(NoticeKind::Entered("cat".into()))),
        (user(3, "cat"), Away, 3, None),
        (user(3, "cat"), Online, 3, None),
        (user(2, "bob"), Away, 3, None),
        (user(3, "cat 2"), Online, 3, Some(NoticeKind::Entered("cat 2".into()))),
        (user(3, "cat 2"), Offline, 2, Some(NoticeKind::Left("cat 2".into()))),
        (user(3, "cat 2"), Offline, 2, None),
        (user(4, "dan"), Away, 3, Some(NoticeKind::Entered("dan".into()))),
        (user(1, "ann"), Online, 3, None),
    ] {
        let name = format!("{who:?} {state:?}");
        let received = notices(&mut translator, presence(who, state, count));
        assert_eq!(received, expected.into_iter().collect::<Vec<_>>(), "{name}");
    }
    // When several arrive at once, each update has the final count.
    for name in ["fay", "gil", "hans"] {
        let who = user(name.bytes().map(u128::from).sum(), name);
        assert_eq!(notices(&mut translator, presence(who, Online, 6)), [NoticeKind::Entered(name.into())]);
    }
    let elsewhere = ServerFrame::Presence {
        room: "other".into(),
        user: user(9, "eve"),
        state: PresenceState::Online,
        online_count: 1,
    };
    assert_eq!(notices(&mut translator, elsewhere), []);
}

#[test]
fn in_a_crowd_only_growth_is_notified() {
    let mut translator = Translator::new(&user(1, "ann"), RoomId::lobby());
    notices(&mut translator, joined(&[user(1, "ann")], 300));
    assert_eq!(notices(&mut translator, presence(user(7, "gus"), PresenceState::Online, 300)), []);
    let came = notices(&mut translator, presence(user(8, "hal"), PresenceState::Online, 301));
    assert_eq!(came, [NoticeKind::Entered("hal".into())]);
    let left = notices(&mut translator, presence(user(9, "ivy"), PresenceState::Offline, 300));
    assert_eq!(left, [NoticeKind::Left("ivy".into())]);
}

#[test]
fn messages_of_other_rooms_are_private() {
    let mut translator = in_lobby();
    let of = |text: &str, private| [NoticeKind::Message { from: "bob".into(), text: text.into(), private }];
    assert_eq!(notices(&mut translator, message("lobby", 6, "hi")), of("hi", false));
    assert_eq!(notices(&mut translator, message("d1", 1, "psst")), of("psst", true));
    assert_eq!(notices(&mut translator, message("lobby", 7, "")), [], "deleted");
}

#[test]
fn cursors_follow_events() {
    let mut translator = in_lobby();
    notices(&mut translator, message("d1", 3, "x"));
    notices(&mut translator, message("lobby", 6, "x"));
    let mut cursors = translator.cursors();
    cursors.sort_by_key(|cursor| cursor.room.clone());
    let at = |room: &str, seq: u64| Cursor {
        room: room.into(),
        after: Some(seq),
        tail: Some(CommandId(Uuid::from_u128(seq.into())).tail()),
    };
    assert_eq!(cursors, [at("d1", 3), at("lobby", 6)]);
    assert_eq!(translator.replace_user(&user(4, "dan")), [at("lobby", 6)], "only the room's cursor is kept");
    assert_eq!(translator.cursors(), []);
}

#[test]
fn lost_events_are_requested_again_and_gaps_are_notified() {
    let mut translator = in_lobby();
    notices(&mut translator, message("lobby", 6, "x"));
    let overflow = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::Overflow, after: 5, head: 9 };
    let effects = translator.translate(overflow);
    assert!(
        matches!(&effects[..], [Effect::SendFrame(ClientFrame::Join(Cursor { after: Some(6), tail: Some(_), .. }))]),
        "{effects:?}"
    );
    let gap = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::TooFar, after: 6, head: 9_999 };
    let effects = translator.translate(gap);
    assert!(
        matches!(&effects[..], [
            Effect::Notify(Notice { kind: NoticeKind::Error { code, .. }, .. }),
            Effect::SendFrame(ClientFrame::Join(Cursor { after: None, .. })),
        ] if code == "gap"),
        "{effects:?}"
    );
    assert_eq!(notices(&mut translator, joined(&[], 9)), [], "entered once");
}
