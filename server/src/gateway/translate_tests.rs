use parlor_protocol::{CommandId, UserKind};
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

fn said(translator: &mut Translator, frame: ServerFrame) -> Vec<What> {
    let whats = translator.take(frame).into_iter().map(|todo| match todo {
        Todo::Say(said) => said.what,
        other => What::Error { code: "todo".into(), message: format!("{other:?}"), text: None },
    });
    whats.collect()
}

fn in_lobby() -> Translator {
    let mut translator = Translator::new(&user(1, "ann"), RoomId::lobby());
    let entered = said(&mut translator, joined(&[user(2, "bob"), user(1, "ann")], 2));
    assert_eq!(entered, [What::Entered("ann".into())]);
    translator
}

#[test]
fn coming_and_going_are_told_once() {
    use PresenceState::{Away, Offline, Online};
    let mut translator = in_lobby();
    for (who, state, count, expected) in [
        (user(3, "cat"), Online, 3, Some(What::Entered("cat".into()))),
        (user(3, "cat"), Away, 3, None),
        (user(3, "cat"), Online, 3, None),
        (user(2, "bob"), Away, 3, None),
        (user(3, "cat 2"), Online, 3, Some(What::Entered("cat 2".into()))),
        (user(3, "cat 2"), Offline, 2, Some(What::Left("cat 2".into()))),
        (user(3, "cat 2"), Offline, 2, None),
        (user(4, "dan"), Away, 3, Some(What::Entered("dan".into()))),
        (user(1, "ann"), Online, 3, None),
    ] {
        let name = format!("{who:?} {state:?}");
        let told = said(&mut translator, presence(who, state, count));
        assert_eq!(told, expected.into_iter().collect::<Vec<_>>(), "{name}");
    }
    // Of several who come at once, each is told with the count of all.
    for name in ["fay", "gil", "hans"] {
        let who = user(name.bytes().map(u128::from).sum(), name);
        assert_eq!(said(&mut translator, presence(who, Online, 6)), [What::Entered(name.into())]);
    }
    let elsewhere = ServerFrame::Presence {
        room: "other".into(),
        user: user(9, "eve"),
        state: PresenceState::Online,
        online_count: 1,
    };
    assert_eq!(said(&mut translator, elsewhere), []);
}

#[test]
fn of_a_crowd_only_growth_is_told() {
    let mut translator = Translator::new(&user(1, "ann"), RoomId::lobby());
    said(&mut translator, joined(&[user(1, "ann")], 300));
    assert_eq!(said(&mut translator, presence(user(7, "gus"), PresenceState::Online, 300)), []);
    let came = said(&mut translator, presence(user(8, "hal"), PresenceState::Online, 301));
    assert_eq!(came, [What::Entered("hal".into())]);
    let left = said(&mut translator, presence(user(9, "ivy"), PresenceState::Offline, 300));
    assert_eq!(left, [What::Left("ivy".into())]);
}

#[test]
fn a_message_of_another_room_is_private() {
    let mut translator = in_lobby();
    let of = |text: &str, private| [What::Message { from: "bob".into(), text: text.into(), private }];
    assert_eq!(said(&mut translator, message("lobby", 6, "hi")), of("hi", false));
    assert_eq!(said(&mut translator, message("d1", 1, "psst")), of("psst", true));
    assert_eq!(said(&mut translator, message("lobby", 7, "")), [], "taken back");
}

#[test]
fn it_is_known_where_to_go_on() {
    let mut translator = in_lobby();
    said(&mut translator, message("d1", 3, "x"));
    said(&mut translator, message("lobby", 6, "x"));
    let mut cursors = translator.cursors();
    cursors.sort_by_key(|cursor| cursor.room.clone());
    let at = |room: &str, seq: u64| Cursor {
        room: room.into(),
        after: Some(seq),
        tail: Some(CommandId(Uuid::from_u128(seq.into())).tail()),
    };
    assert_eq!(cursors, [at("d1", 3), at("lobby", 6)]);
    assert_eq!(translator.succeeded_by(&user(4, "dan")), [at("lobby", 6)], "another's conversations are theirs");
    assert_eq!(translator.cursors(), []);
}

#[test]
fn what_was_lost_is_asked_for_and_what_is_too_far_is_told() {
    let mut translator = in_lobby();
    said(&mut translator, message("lobby", 6, "x"));
    let overflow = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::Overflow, after: 5, head: 9 };
    let todos = translator.take(overflow);
    assert!(
        matches!(&todos[..], [Todo::Answer(ClientFrame::Join(Cursor { after: Some(6), tail: Some(_), .. }))]),
        "{todos:?}"
    );
    let gap = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::TooFar, after: 6, head: 9_999 };
    let todos = translator.take(gap);
    assert!(
        matches!(&todos[..], [
            Todo::Say(Said { what: What::Error { code, .. }, .. }),
            Todo::Answer(ClientFrame::Join(Cursor { after: None, .. })),
        ] if code == "gap"),
        "{todos:?}"
    );
    assert_eq!(said(&mut translator, joined(&[], 9)), [], "nobody enters twice");
}
