//! Applies frames to the state.
// Most tests check the state, not the effects.
#![allow(unused_must_use)]

use std::sync::Arc;

use parlor_protocol::{
    Cursor, Event, EventKind, GapReason, Message, PresenceState, ServerFrame, ServerInfo, ServerRole, UserId, UserKind,
    http::MessagePage,
};
use uuid::Uuid;

use super::*;
use crate::live::outbox::Unsent;

pub(super) fn user(n: u128) -> User {
    User { id: UserId(Uuid::from_u128(n)), name: format!("user {n}"), kind: UserKind::Guest, colour: None }
}

pub(super) fn unread(state: &State) -> u64 {
    state.rooms.iter().map(crate::page::counted).sum()
}

pub(super) fn id(seq: Seq) -> CommandId {
    CommandId(Uuid::from_u128(1_000 + u128::from(seq)))
}

pub(super) fn event(seq: Seq, by: u128) -> ServerFrame {
    let event = EventKind::Message {
        id: id(seq),
        body: "hi".into(),
        html: "<p>hi</p>".into(),
        reply_to: None,
        mentions: Vec::new(),
    };
    ServerFrame::Event(Event { room: RoomId::lobby(), seq, id: id(seq), at: 0, by: user(by), event })
}

pub(super) fn page(from: Seq, to: Seq) -> MessagePage {
    let message = |seq| Message {
        id: id(seq),
        seq,
        at: 0,
        by: user(2),
        body: "hi".into(),
        html: "<p>hi</p>".into(),
        reply_to: None,
        mentions: Vec::new(),
        edited_at: None,
        reactions: Vec::new(),
    };
    MessagePage { messages: (from..=to).map(message).collect(), head: to, ..MessagePage::default() }
}

pub(super) fn lobby(head: Seq, read: Seq) -> RoomSummary {
    RoomSummary { head, read, unread: head - read, ..RoomSummary::new(RoomId::lobby(), "Lobby".into()) }
}

fn welcome(build: &str) -> ServerFrame {
    ServerFrame::Welcome {
        protocol: 1,
        you: user(1),
        role: ServerRole::Guest,
        server: ServerInfo { name: "parlor".into(), version: "1".into(), build: build.into() },
        now: 0,
        heartbeat_ms: 25_000,
        rooms: vec![lobby(3, 3)],
    }
}

/// The lobby is open, three messages are there and read; user 1 reads.
pub(super) fn state() -> State {
    let mut state = State { me: Some(user(1)), current: Some(RoomId::lobby()), attentive: true, ..State::default() };
    state.set_rooms(vec![lobby(3, 3)]);
    state.open(&RoomId::lobby());
    state.loaded(&RoomId::lobby(), page(1, 3));
    state
}

/// A message of our own that is on the wire.
fn on_the_wire(state: &mut State, seq: Seq) {
    state.outbox.push(RoomId::lobby(), id(seq), "hi".into(), user(1), 0, true);
    state.outbox.persisted(id(seq));
    state.outbox.lease_acquired(&RoomId::lobby(), true);
    assert_eq!(state.outbox.take_sendable(0).len(), 1);
}

fn shown(state: &State) -> Vec<Seq> {
    state.open[&RoomId::lobby()].timeline.messages().map(|message| message.seq).collect()
}

#[test]
fn a_hole_rejoins_once_and_is_never_shown() {
    let mut state = state();
    let cursor = Cursor { room: RoomId::lobby(), after: Some(3), tail: Some(id(3).tail()) };
    assert_eq!(state.apply(event(5, 2), 0), [Effect::Send(ClientFrame::Join(cursor))]);
    assert_eq!(state.apply(event(6, 2), 0), [], "one question is enough");
    assert_eq!(shown(&state), [1, 2, 3]);
    let joined = ServerFrame::Joined {
        room: RoomId::lobby(),
        head: 6,
        online: vec![user(1)],
        away: Vec::new(),
        online_count: 1,
    };
    state.apply(joined, 0);
    for seq in 4..=6 {
        assert_eq!(state.apply(event(seq, 2), 0), []);
    }
    assert_eq!(shown(&state), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_gap_loads_and_joins_with_the_new_head() {
    let mut state = state();
    let gap = |reason| ServerFrame::Gap { room: RoomId::lobby(), reason, after: 3, head: 90 };
    assert_eq!(state.apply(gap(GapReason::TooFar), 0), [Effect::LoadNewest(RoomId::lobby())]);
    let effects = state.loaded(&RoomId::lobby(), page(80, 90));
    let cursor = Cursor { room: RoomId::lobby(), after: Some(90), tail: Some(id(90).tail()) };
    assert_eq!(effects, [Effect::Send(ClientFrame::Join(cursor))]);
    assert_eq!(shown(&state), (80..=90).collect::<Vec<_>>());
    state.apply(gap(GapReason::HistoryChanged), 0);
    state.loaded(&RoomId::lobby(), page(85, 88));
    assert_eq!(shown(&state), [85, 86, 87, 88], "nothing of the other history stays");
}

#[test]
fn an_event_replaces_the_users_own_message() {
    let mut state = state();
    on_the_wire(&mut state, 4);
    let forget = Effect::Remove { id: id(4), room: RoomId::lobby(), withdrawn: false };
    assert_eq!(state.apply(event(4, 1), 0), [forget], "an event is of what is stored");
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
    state.apply(ServerFrame::Ack { id: id(4), room: RoomId::lobby(), seq: 4, at: 0 }, 0);
    assert_eq!(shown(&state), [1, 2, 3, 4]);
    assert_eq!(unread(&state), 0);
}

#[test]
fn an_acked_message_stays_until_its_event() {
    let mut state = state();
    on_the_wire(&mut state, 4);
    state.apply(ServerFrame::Ack { id: id(4), room: RoomId::lobby(), seq: 4, at: 9 }, 0);
    assert_eq!(state.outbox.of(&RoomId::lobby()).map(|item| item.delivery.slug()).collect::<Vec<_>>(), ["stored"]);
    state.apply(event(4, 1), 0);
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
}

#[test]
fn an_ack_of_an_old_message_removes_it() {
    let mut state = state();
    on_the_wire(&mut state, 2);
    state.apply(ServerFrame::Ack { id: id(2), room: RoomId::lobby(), seq: 2, at: 9 }, 0);
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
}

fn gap(reason: GapReason) -> ServerFrame {
    ServerFrame::Gap { room: RoomId::lobby(), reason, after: 3, head: 90 }
}

/// As [`state`], but the user is scrolled up to the second message.
fn reading_the_second() -> State {
    let mut state = state();
    assert_eq!(state.scrolled(&RoomId::lobby(), false, false, Some(id(2))), []);
    state
}

fn live_only() -> Effect {
    Effect::Send(ClientFrame::Join(Cursor { room: RoomId::lobby(), after: None, tail: None }))
}

#[test]
fn a_gap_keeps_the_reading_position_and_loads_the_rest_later() {
    let mut state = reading_the_second();
    assert_eq!(state.apply(gap(GapReason::TooFar), 0), [live_only()]);
    assert_eq!(state.apply(event(91, 2), 0), []);
    assert_eq!(shown(&state), [1, 2, 3]);
    assert_eq!(state.open[&RoomId::lobby()].unseen, 1, "counted, not shown with a hole before it");
    // They scroll down: page by page, and then live events again.
    assert_eq!(state.scrolled(&RoomId::lobby(), false, true, Some(id(3))), [Effect::LoadNewer(RoomId::lobby(), 2)]);
    assert_eq!(state.scrolled(&RoomId::lobby(), true, true, Some(id(3))), [], "one at a time");
    assert_eq!(state.loaded_newer(&RoomId::lobby(), 2, None), [], "without an answer they may try again");
    assert_eq!(state.scrolled(&RoomId::lobby(), true, true, Some(id(3))), [Effect::LoadNewer(RoomId::lobby(), 2)]);
    let full = MessagePage { head: 91, ..page(3, 52) };
    assert_eq!(state.loaded_newer(&RoomId::lobby(), 2, Some(full)), []);
    assert_eq!(state.scrolled(&RoomId::lobby(), true, true, Some(id(52))), [Effect::LoadNewer(RoomId::lobby(), 51)]);
    let cursor = Cursor { room: RoomId::lobby(), after: Some(91), tail: Some(id(91).tail()) };
    let effects = state.loaded_newer(&RoomId::lobby(), 51, Some(page(52, 91)));
    assert_eq!(effects, [Effect::Send(ClientFrame::Join(cursor))]);
    assert_eq!(state.apply(event(92, 2), 0), []);
    assert_eq!(shown(&state), (1..=92).collect::<Vec<_>>());
}

#[test]
fn a_newer_page_of_another_history_is_not_appended() {
    let mut state = reading_the_second();
    state.apply(gap(GapReason::TooFar), 0);
    state.scrolled(&RoomId::lobby(), false, true, Some(id(3)));
    let mut other = page(3, 9);
    other.messages[0].id = id(77);
    assert_eq!(state.loaded_newer(&RoomId::lobby(), 2, Some(other)), [Effect::LoadAround(RoomId::lobby(), 3)]);
    assert_eq!(shown(&state), [1, 2, 3]);
}

#[test]
fn a_user_who_is_scrolled_up_can_jump_to_the_newest_messages() {
    let mut state = reading_the_second();
    state.apply(gap(GapReason::Overflow), 0);
    assert_eq!(state.hello(), {
        let Effect::Send(ClientFrame::Join(cursor)) = live_only() else { unreachable!() };
        ClientFrame::Hello { protocol: 1, resume: vec![cursor] }
    });
    assert_eq!(state.jump_to_newest(&RoomId::lobby()), [Effect::LoadNewest(RoomId::lobby())]);
    state.loaded(&RoomId::lobby(), page(80, 90));
    assert_eq!(shown(&state), (80..=90).collect::<Vec<_>>());
    assert_eq!(state.open[&RoomId::lobby()].end_jumps, 1);
    assert_eq!(state.jump_to_newest(&RoomId::lobby()), []);
}

#[test]
fn a_changed_history_is_loaded_around_the_reading_position() {
    let mut state = reading_the_second();
    let effects = state.apply(gap(GapReason::HistoryChanged), 0);
    assert_eq!(effects, [Effect::LoadAround(RoomId::lobby(), 2), live_only()]);
    state.loaded_around(&RoomId::lobby(), page(1, 2));
    assert_eq!(shown(&state), [1, 2], "nothing of the other history stays");
    assert!(state.open[&RoomId::lobby()].timeline.is_detached());
}

#[test]
fn stored_history_is_shown_and_then_confirmed() {
    let stored = page(1, 3).messages.into_iter().map(Arc::new).collect();
    let mut state = State { me: Some(user(1)), current: Some(RoomId::lobby()), ..State::default() };
    assert_eq!(state.open(&RoomId::lobby()), [Effect::RestoreHistory(RoomId::lobby())]);
    let cursor = Cursor { room: RoomId::lobby(), after: Some(3), tail: Some(id(3).tail()) };
    let effects =
        state.history_restored(&RoomId::lobby(), Some(Timeline::from_storage(stored, [], 3, Some(id(3).tail()), true)));
    assert_eq!(effects, [Effect::Send(ClientFrame::Join(cursor))]);
    assert_eq!(shown(&state), [1, 2, 3]);
    // If it is too old or of another history, it is replaced wherever the user is scrolled to.
    state.scrolled(&RoomId::lobby(), false, false, Some(id(2)));
    assert_eq!(state.apply(gap(GapReason::TooFar), 0), [Effect::LoadNewest(RoomId::lobby())]);
    let mut state = State::default();
    state.open(&RoomId::lobby());
    assert_eq!(state.history_restored(&RoomId::lobby(), None), [Effect::LoadNewest(RoomId::lobby())]);
}

#[test]
fn withdrawing_needs_the_lease_and_returns_the_text() {
    let mut state = state();
    let effects = state.send(&RoomId::lobby(), "hi".into(), id(9), 0);
    assert!(matches!(&effects[..], [Effect::Store(stored)] if !stored.attempted), "typed without a connection");
    state.persisted(id(9));
    assert_eq!(state.withdraw(id(9), true), [Effect::AcquireLease(RoomId::lobby())]);
    let on_disk = state.outbox.of(&RoomId::lobby()).map(OutgoingMessage::to_stored).collect::<Vec<_>>();
    assert_eq!(
        state.lease_acquired(&RoomId::lobby(), Some(&on_disk)),
        [
            Effect::Remove { id: id(9), room: RoomId::lobby(), withdrawn: true },
            Effect::ReturnDraft(RoomId::lobby(), "hi".into(), None),
            Effect::ReleaseLease(RoomId::lobby()),
        ]
    );
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
}

#[test]
fn messages_in_sight_are_read_and_others_are_counted() {
    let mut state = state();
    state.apply(event(4, 2), 0);
    assert_eq!(state.mark_read(), Some(ClientFrame::Read { room: RoomId::lobby(), seq: 4 }));
    assert_eq!(state.mark_read(), None);
    state.attentive = false;
    state.apply(event(5, 2), 0);
    assert_eq!((state.mark_read(), unread(&state)), (None, 1));
    assert_eq!(state.open[&RoomId::lobby()].timeline.unread_after(), Some(4));
    state.attentive = true;
    assert_eq!(state.mark_read(), Some(ClientFrame::Read { room: RoomId::lobby(), seq: 5 }));
    // A summary that was made before that does not bring the count back.
    state.apply(ServerFrame::Room { room: lobby(5, 4) }, 0);
    assert_eq!(unread(&state), 0);
}

#[test]
fn presence_is_shown_once_and_not_for_oneself() {
    let mut state = state();
    let online = |n| ServerFrame::Presence {
        room: RoomId::lobby(),
        user: user(n),
        state: PresenceState::Online,
        online_count: 2,
    };
    for n in [1, 2, 2] {
        state.apply(online(n), 0);
    }
    let room = &state.open[&RoomId::lobby()];
    assert_eq!(room.timeline.notices().len(), 1);
    assert_eq!(room.online.len(), 2);
}

#[test]
fn a_second_welcome_loads_the_list_of_rooms() {
    let mut state = state();
    assert_eq!(state.apply(welcome(""), 0), []);
    assert_eq!(state.apply(welcome(""), 0), [Effect::LoadRooms]);
}

#[test]
fn a_different_server_build_is_noticed() {
    let mut state = State { build: "one".into(), ..state() };
    let mut newer_build = |build: &str| {
        state.apply(welcome(build), 0);
        state.newer_build.clone()
    };
    assert_eq!(newer_build("one"), None);
    assert_eq!(newer_build("two"), Some("two".into()));
    assert_eq!(newer_build(""), None, "an older server does not name its build");
    assert_eq!(newer_build("one"), None);
}

#[test]
fn rows_are_updated_when_the_user_is_known() {
    let mut state = State { me: None, welcomed: true, ..state() };
    state.changed.clear();
    assert_eq!(state.apply(welcome(""), 0), [Effect::LoadRooms], "the shell has no list");
    assert_eq!(state.changed, BTreeSet::from([RoomId::lobby()]));
}

#[test]
fn a_discarded_message_can_be_restored() {
    let mut state = state();
    let lobby = RoomId::lobby();
    let effects = state.send(&lobby, "long thought".into(), id(90), 0);
    let stored: Vec<_> = state.outbox.of(&lobby).map(OutgoingMessage::to_stored).collect();
    assert_eq!(effects, [Effect::Store(stored[0].clone())]);
    state.persisted(stored[0].id);
    _ = state.withdraw(stored[0].id, false);
    let effects = state.lease_acquired(&lobby, Some(&stored));
    assert!(
        effects.contains(&Effect::Remove { id: stored[0].id, room: lobby.clone(), withdrawn: true }),
        "{effects:?}"
    );
    assert!(state.outbox.is_empty() && state.unsent(Some(&lobby)).discarded && !state.unsent(None).discarded);
    assert_eq!(state.undo_discard(), [Effect::Store(stored[0].clone())]);
    assert_eq!(state.outbox.unsent(Some(&lobby)), Unsent { here: 1, ..Unsent::default() });
    assert_eq!(state.outbox.unsent(None), Unsent { waiting: 1, room: Some(lobby), ..Unsent::default() });
    assert_eq!(state.undo_discard(), [], "once");
}
