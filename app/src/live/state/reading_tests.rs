//! Unread counts and typing notifications.
#![allow(unused_must_use, clippy::unwrap_used)]

use parlor_protocol::{Event, EventKind, RoomSummary, ServerFrame, ServerRole, http::MessagePage};

use super::{
    super::tests::{event, id, lobby, page, state, unread, user},
    *,
};

fn apply_event(state: &mut State, seq: u64, by: u128, event: EventKind) {
    state.apply(ServerFrame::Event(Event { room: RoomId::lobby(), seq, id: id(seq), at: 0, by: user(by), event }), 0);
}

fn mentioning(seq: u64, whom: u128) -> EventKind {
    let (body, html) = ("@you".into(), "<p>@you</p>".into());
    EventKind::Message { id: id(seq), body, html, reply_to: None, mentions: vec![user(whom).id] }
}

fn counts(state: &State) -> (u64, u64) {
    (state.rooms[0].unread, state.rooms[0].mentions)
}

/// The user does not look at the page.
fn inattentive() -> State {
    let mut state = state();
    state.attentive = false;
    state
}

#[test]
fn existing_messages_of_others_count_as_unread() {
    let mut state = inattentive();
    state.apply(event(4, 2), 0);
    state.apply(event(5, 1), 0);
    apply_event(&mut state, 6, 2, EventKind::MemberAdded { user: user(3) });
    apply_event(&mut state, 7, 2, EventKind::Renamed { name: "Garden".into() });
    assert_eq!(counts(&state), (1, 0));
    apply_event(&mut state, 8, 2, mentioning(8, 1));
    apply_event(&mut state, 9, 2, mentioning(9, 3));
    assert_eq!(counts(&state), (3, 1));
    apply_event(&mut state, 10, 2, EventKind::Deleted { message: id(8), message_seq: 8 });
    assert_eq!(counts(&state), (2, 0));
    // A message that was deleted before it arrived.
    let empty =
        EventKind::Message { id: id(11), body: String::new(), html: String::new(), reply_to: None, mentions: vec![] };
    apply_event(&mut state, 11, 2, empty);
    assert_eq!(counts(&state), (2, 0));
}

#[test]
fn an_outdated_summary_does_not_hide_the_last_message() {
    let mut state = inattentive();
    for seq in 4..=6 {
        state.apply(event(seq, 2), 0);
    }
    state.apply(ServerFrame::Room { room: lobby(5, 3) }, 0);
    assert_eq!((state.rooms[0].head, unread(&state)), (6, 3));
    // If the timeline does not go back to the read position, the server's count and the newer messages stand.
    state.open.get_mut(&RoomId::lobby()).unwrap().timeline.shorten(2);
    state.apply(ServerFrame::Room { room: RoomSummary { unread: 40, ..lobby(5, 1) } }, 0);
    assert_eq!((state.rooms[0].read, unread(&state)), (3, 3), "the read position does not go back");
    state.rooms[0].read = 1;
    state.apply(ServerFrame::Room { room: RoomSummary { unread: 40, ..lobby(5, 1) } }, 0);
    assert_eq!(unread(&state), 41);
}

#[test]
fn messages_marked_as_unread_stay_unread_until_the_user_returns() {
    let mut state = state();
    state.connected = true;
    assert_eq!(state.mark_unread(id(2)), [Effect::Send(ClientFrame::MarkUnread { room: RoomId::lobby(), seq: 2 })]);
    assert_eq!((counts(&state), state.rooms[0].read, state.rooms[0].marked), ((2, 0), 1, true));
    assert_eq!(state.mark_read(), None, "although it is in sight");
    state.apply(event(4, 2), 0);
    assert_eq!((counts(&state), state.mark_read()), ((3, 0), None));
    state.open(&RoomId::lobby());
    assert_eq!(state.mark_read(), Some(ClientFrame::Read { room: RoomId::lobby(), seq: 4 }));
    assert!(!state.rooms[0].marked);
}

#[test]
fn unread_marks_of_other_devices_are_taken() {
    let mut state = inattentive();
    state.apply(ServerFrame::Room { room: RoomSummary { marked: true, ..lobby(3, 1) } }, 0);
    assert_eq!((state.rooms[0].read, counts(&state)), (1, (2, 0)));
    // And what it read since.
    state.apply(ServerFrame::Room { room: lobby(3, 3) }, 0);
    assert_eq!((state.rooms[0].read, counts(&state)), (3, (0, 0)));
}

#[test]
fn marking_and_deleting_need_a_connection() {
    let mut state = state();
    for effects in [state.mark_unread(id(2)), state.delete(id(2), id(9))] {
        assert!(matches!(&*effects, [Effect::ShowHint(_)]), "{effects:?}");
    }
    assert_eq!(counts(&state), (0, 0));
}

#[test]
fn the_read_position_is_sent_again_after_a_reconnect() {
    let mut state = state();
    let effects = state.welcome(user(1), vec![lobby(3, 2)]);
    assert!(effects.contains(&Effect::Send(ClientFrame::Read { room: RoomId::lobby(), seq: 3 })), "{effects:?}");
    assert_eq!(unread(&state), 0);
}

#[test]
fn jumping_to_the_first_unread_message_loads_it_if_needed() {
    let mut state = inattentive();
    state.apply(event(4, 2), 0);
    assert_eq!(state.jump_to_unread(&RoomId::lobby()), []);
    assert_eq!(state.open[&RoomId::lobby()].unread_jumps, 1);
    let mut far = inattentive();
    far.loaded(&RoomId::lobby(), page(200, 249));
    far.open.get_mut(&RoomId::lobby()).unwrap().timeline.mark_unread(Some(40));
    assert_eq!(far.jump_to_unread(&RoomId::lobby()), [Effect::LoadAround(RoomId::lobby(), 41)]);
    assert_eq!(far.jump_to_unread(&RoomId::lobby()), [], "it is being loaded");
    far.loaded_around(&RoomId::lobby(), MessagePage { head: 249, ..page(16, 65) });
    let room = &far.open[&RoomId::lobby()];
    assert_eq!((room.timeline.unread_after(), room.unread_jumps), (Some(40), 1));
    assert!(room.timeline.is_detached());
}

#[test]
fn typing_users_are_shown_until_they_stop_or_send() {
    let mut state = state();
    let typing_frame = |n| ServerFrame::Typing { room: RoomId::lobby(), user: user(n) };
    let typing = |state: &State| state.open[&RoomId::lobby()].typing.iter().map(|(user, ..)| *user).collect::<Vec<_>>();
    assert_eq!(state.apply(typing_frame(2), 0), [Effect::ExpireTyping(RoomId::lobby())]);
    state.apply(typing_frame(3), 1_000);
    assert_eq!(state.apply(typing_frame(1), 1_000), [], "not for oneself");
    state.apply(typing_frame(2), 3_000);
    assert_eq!(typing(&state), [user(3).id, user(2).id]);
    state.expire_typing(&RoomId::lobby(), 1_000 + TYPING_TIMEOUT);
    assert_eq!(typing(&state), [user(2).id]);
    state.apply(event(4, 2), 3_100);
    assert_eq!(typing(&state), []);
}

#[test]
fn typing_notifications_are_throttled() {
    let mut state = state();
    state.connected = true;
    let room = RoomId::lobby();
    let sent = vec![Effect::Send(ClientFrame::Typing { room: room.clone() })];
    assert_eq!(state.notify_typing(&room, 10_000), sent);
    assert_eq!(state.notify_typing(&room, 10_000 + TYPING_INTERVAL - 1), []);
    assert_eq!(state.notify_typing(&room, 10_000 + TYPING_INTERVAL), sent);
}

#[test]
fn only_refusals_of_pending_commands_are_shown() {
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
    assert_eq!(state.apply(refused(id(9)), 0), [Effect::ShowHint("not yours".into())]);
    assert_eq!(state.apply(refused(id(9)), 0), []);
}

#[test]
fn a_message_is_deleted_once_at_a_time() {
    let mut state = state();
    state.connected = true;
    let room = RoomId::lobby();
    let delete =
        |command| vec![Effect::Send(ClientFrame::Delete { id: id(command), room: room.clone(), message: id(2) })];
    assert_eq!(state.delete(id(2), id(8)), delete(8));
    assert_eq!(state.delete(id(2), id(9)), [], "it is under way");
    assert_eq!(state.pending_commands.deletions(), [id(2)]);
    let refused = ServerFrame::Refused {
        id: Some(id(8).to_string()),
        room: None,
        code: "forbidden".into(),
        message: String::new(),
        retry_after_ms: None,
    };
    state.apply(refused, 0);
    assert_eq!(state.delete(id(2), id(9)), delete(9));
}

#[test]
fn nothing_of_a_user_whose_session_has_ended_stays() {
    let mut state = state();
    state.connected = true;
    let room = RoomId::lobby();
    _ = state.send(&room, "unsent".into(), id(9), 0);
    _ = state.forget_user();
    assert_eq!((&state.me, state.rooms.len(), state.outbox.is_empty()), (&None, 0, true));
    assert_eq!(state.open[&room].timeline.messages().len(), 0);
    assert!(state.changed.contains(&room) && state.list_changed, "the page shows it");
}

#[test]
fn delete_is_offered_where_the_server_allows_it() {
    let mut state = state();
    state.apply(event(4, 1), 0);
    let offered = |state: &State| [state.can_delete(id(3)), state.can_delete(id(4))];
    assert_eq!(offered(&state), [false, true], "one's own messages");
    state.rooms[0].archived = true;
    assert_eq!(offered(&state), [false, false], "an archived room is read-only for members");
    state.rooms[0].moderator = true;
    assert_eq!(offered(&state), [true, true], "and not for its moderators");
    (state.rooms[0].moderator, state.role) = (false, Some(ServerRole::Moderator));
    assert_eq!(offered(&state), [true, true], "nor for those of the server");
    state.rooms[0].kind = RoomKind::Direct;
    assert_eq!(offered(&state), [false, false], "who delete nothing in direct rooms");
}
