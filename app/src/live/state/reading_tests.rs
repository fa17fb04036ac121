//! What must hold for what is unread, and for who is typing.
#![allow(unused_must_use, clippy::unwrap_used)]

use parlor_protocol::{Event, EventKind, RoomSummary, ServerFrame};

use super::{
    super::tests::{event, id, lobby, page, state, unread, user},
    *,
};

fn told(state: &mut State, seq: u64, by: u128, event: EventKind) {
    state.apply(ServerFrame::Event(Event { room: RoomId::lobby(), seq, id: id(seq), at: 0, by: user(by), event }), 0);
}

fn naming(seq: u64, whom: u128) -> EventKind {
    let (body, html) = ("@you".into(), "<p>@you</p>".into());
    EventKind::Message { id: id(seq), body, html, reply_to: None, mentions: vec![user(whom).id] }
}

fn counts(state: &State) -> (u64, u64) {
    (state.rooms[0].unread, state.rooms[0].mentions)
}

/// Nobody looks at the page.
fn unseen() -> State {
    let mut state = state();
    state.attentive = false;
    state
}

#[test]
fn what_others_wrote_and_is_still_there_counts() {
    let mut state = unseen();
    state.apply(event(4, 2), 0);
    state.apply(event(5, 1), 0);
    told(&mut state, 6, 2, EventKind::MemberAdded { user: user(3) });
    told(&mut state, 7, 2, EventKind::Renamed { name: "Garden".into() });
    assert_eq!(counts(&state), (1, 0));
    told(&mut state, 8, 2, naming(8, 1));
    told(&mut state, 9, 2, naming(9, 3));
    assert_eq!(counts(&state), (3, 1));
    told(&mut state, 10, 2, EventKind::Deleted { message: id(8), message_seq: 8 });
    assert_eq!(counts(&state), (2, 0));
    // One that had been deleted when it came.
    let empty =
        EventKind::Message { id: id(11), body: String::new(), html: String::new(), reply_to: None, mentions: vec![] };
    told(&mut state, 11, 2, empty);
    assert_eq!(counts(&state), (2, 0));
}

#[test]
fn a_summary_that_was_made_before_the_last_message_does_not_hide_it() {
    let mut state = unseen();
    for seq in 4..=6 {
        state.apply(event(seq, 2), 0);
    }
    state.apply(ServerFrame::Room { room: lobby(5, 3) }, 0);
    assert_eq!((state.rooms[0].head, unread(&state)), (6, 3));
    // Nor where the page does not go back to what was read: then the server's count stands, and what came since.
    state.open.get_mut(&RoomId::lobby()).unwrap().timeline.shorten(2);
    state.apply(ServerFrame::Room { room: RoomSummary { unread: 40, ..lobby(5, 1) } }, 0);
    assert_eq!((state.rooms[0].read, unread(&state)), (3, 3), "what was read here stays read");
    state.rooms[0].read = 1;
    state.apply(ServerFrame::Room { room: RoomSummary { unread: 40, ..lobby(5, 1) } }, 0);
    assert_eq!(unread(&state), 41);
}

#[test]
fn what_is_marked_as_unread_stays_so_until_one_comes_back() {
    let mut state = state();
    state.connected = true;
    assert_eq!(state.mark_unread(id(2)), [Todo::Send(ClientFrame::MarkUnread { room: RoomId::lobby(), seq: 2 })]);
    assert_eq!((counts(&state), state.rooms[0].read, state.rooms[0].marked), ((2, 0), 1, true));
    assert_eq!(state.see(), None, "though it is in sight");
    state.apply(event(4, 2), 0);
    assert_eq!((counts(&state), state.see()), ((3, 0), None));
    state.open(&RoomId::lobby());
    assert_eq!(state.see(), Some(ClientFrame::Read { room: RoomId::lobby(), seq: 4 }));
    assert!(!state.rooms[0].marked);
}

#[test]
fn what_another_device_marked_is_taken_from_it() {
    let mut state = unseen();
    state.apply(ServerFrame::Room { room: RoomSummary { marked: true, ..lobby(3, 1) } }, 0);
    assert_eq!((state.rooms[0].read, counts(&state)), (1, (2, 0)));
    // And what it read since.
    state.apply(ServerFrame::Room { room: lobby(3, 3) }, 0);
    assert_eq!((state.rooms[0].read, counts(&state)), (3, (0, 0)));
}

#[test]
fn without_a_connection_nothing_is_marked_or_deleted_and_one_is_told() {
    let mut state = state();
    for todos in [state.mark_unread(id(2)), state.delete(id(2), id(9))] {
        assert!(matches!(&*todos, [Todo::Tell(_)]), "{todos:?}");
    }
    assert_eq!(counts(&state), (0, 0));
}

#[test]
fn what_was_read_before_the_connection_was_lost_is_said_again() {
    let mut state = state();
    let todos = state.welcome(user(1), vec![lobby(3, 2)]);
    assert!(todos.contains(&Todo::Send(ClientFrame::Read { room: RoomId::lobby(), seq: 3 })), "{todos:?}");
    assert_eq!(unread(&state), 0);
}

#[test]
fn the_first_unread_message_is_gone_to_or_loaded() {
    let mut state = unseen();
    state.apply(event(4, 2), 0);
    assert_eq!(state.to_unread(&RoomId::lobby()), []);
    assert_eq!(state.open[&RoomId::lobby()].to_line, 1);
    let mut far = unseen();
    far.loaded(&RoomId::lobby(), page(200, 249));
    far.open.get_mut(&RoomId::lobby()).unwrap().timeline.mark_unread(Some(40));
    assert_eq!(far.to_unread(&RoomId::lobby()), [Todo::LoadAround(RoomId::lobby(), 41)]);
    assert_eq!(far.to_unread(&RoomId::lobby()), [], "it is on its way");
    far.loaded_around(&RoomId::lobby(), page(16, 65));
    let room = &far.open[&RoomId::lobby()];
    assert_eq!((room.timeline.unread_after(), room.to_line), (Some(40), 1));
    assert!(room.timeline.is_detached());
}

#[test]
fn who_types_is_shown_for_a_while_or_until_they_have_written() {
    let mut state = state();
    let types = |n| ServerFrame::Typing { room: RoomId::lobby(), user: user(n) };
    let typing = |state: &State| state.open[&RoomId::lobby()].typing.iter().map(|(user, ..)| *user).collect::<Vec<_>>();
    assert_eq!(state.apply(types(2), 0), [Todo::AwaitTyping(RoomId::lobby())]);
    state.apply(types(3), 1_000);
    assert_eq!(state.apply(types(1), 1_000), [], "not oneself");
    state.apply(types(2), 3_000);
    assert_eq!(typing(&state), [user(3).id, user(2).id]);
    state.typed(&RoomId::lobby(), 1_000 + TYPING);
    assert_eq!(typing(&state), [user(2).id]);
    state.apply(event(4, 2), 3_100);
    assert_eq!(typing(&state), []);
}

#[test]
fn that_the_reader_types_is_said_now_and_then() {
    let mut state = state();
    state.connected = true;
    let room = RoomId::lobby();
    let said = vec![Todo::Send(ClientFrame::Typing { room: room.clone() })];
    assert_eq!(state.typing(&room, 10_000), said);
    assert_eq!(state.typing(&room, 10_000 + TYPING_PAUSE - 1), []);
    assert_eq!(state.typing(&room, 10_000 + TYPING_PAUSE), said);
}

#[test]
fn only_what_was_asked_for_is_told_to_be_refused() {
    let mut state = state();
    state.connected = true;
    let refused = |id: CommandId| ServerFrame::Refused {
        id: Some(id.to_string()),
        room: Some(RoomId::lobby()),
        code: "of_a_newer_server".into(),
        message: "not yours".into(),
        retry_after_ms: None,
    };
    state.delete(id(2), id(9));
    assert_eq!(state.apply(refused(id(8)), 0), []);
    assert_eq!(state.apply(refused(id(9)), 0), [Todo::Tell("not yours".into())]);
    assert_eq!(state.apply(refused(id(9)), 0), []);
}
