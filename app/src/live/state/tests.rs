//! What must hold for everything that this page knows, frame by frame.
// Most tests look at what is known, not at what follows.
#![allow(unused_must_use)]

use parlor_protocol::{
    Cursor, Event, EventKind, Message, NotificationLevel, PresenceState, RoomKind, ServerInfo, ServerRole, UserId,
    UserKind, http::MessagePage,
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
    };
    MessagePage { messages: (from..=to).map(message).collect(), head: to, ..MessagePage::default() }
}

pub(super) fn lobby(head: Seq, read: Seq) -> RoomSummary {
    RoomSummary {
        id: RoomId::lobby(),
        name: "Lobby".into(),
        kind: RoomKind::Public,
        topic: None,
        head,
        read,
        unread: head - read,
        mentions: 0,
        level: NotificationLevel::All,
        marked: false,
        joined: true,
        gone: false,
        archived: false,
        moderator: false,
        people: Vec::new(),
    }
}

/// The lobby is open, three messages are there and read; user 1 reads.
pub(super) fn state() -> State {
    let mut state = State { me: Some(user(1)), current: Some(RoomId::lobby()), attentive: true, ..State::default() };
    state.listed(vec![lobby(3, 3)]);
    state.open(&RoomId::lobby());
    state.loaded(&RoomId::lobby(), page(1, 3));
    state
}

/// A message of our own that is on the wire.
fn on_the_wire(state: &mut State, seq: Seq) {
    state.outbox.push(RoomId::lobby(), id(seq), "hi".into(), user(1), 0, true);
    state.outbox.kept(id(seq));
    state.outbox.leased(&RoomId::lobby(), true);
    assert_eq!(state.outbox.take_ready(0).len(), 1);
}

fn shown(state: &State) -> Vec<Seq> {
    state.open[&RoomId::lobby()].timeline.messages().map(|message| message.seq).collect()
}

#[test]
fn a_hole_asks_again_once_and_is_never_shown() {
    let mut state = state();
    let cursor = Cursor { room: RoomId::lobby(), after: Some(3), tail: Some(id(3).tail()) };
    assert_eq!(state.apply(event(5, 2), 0), [Todo::Send(ClientFrame::Join(cursor))]);
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
    assert_eq!(state.apply(gap(GapReason::TooFar), 0), [Todo::LoadNewest(RoomId::lobby())]);
    let todos = state.loaded(&RoomId::lobby(), page(80, 90));
    let cursor = Cursor { room: RoomId::lobby(), after: Some(90), tail: Some(id(90).tail()) };
    assert_eq!(todos, [Todo::Send(ClientFrame::Join(cursor))]);
    assert_eq!(shown(&state), (80..=90).collect::<Vec<_>>());
    state.apply(gap(GapReason::HistoryChanged), 0);
    state.loaded(&RoomId::lobby(), page(85, 88));
    assert_eq!(shown(&state), [85, 86, 87, 88], "nothing of the other history stays");
}

#[test]
fn ones_own_message_becomes_the_event() {
    let mut state = state();
    on_the_wire(&mut state, 4);
    let forget = Todo::Forget { id: id(4), room: RoomId::lobby(), taken_back: false };
    assert_eq!(state.apply(event(4, 1), 0), [forget], "an event is of what is stored");
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
    state.apply(ServerFrame::Ack { id: id(4), room: RoomId::lobby(), seq: 4, at: 0 }, 0);
    assert_eq!(shown(&state), [1, 2, 3, 4]);
    assert_eq!(unread(&state), 0);
}

#[test]
fn an_ack_before_the_event_keeps_the_row() {
    let mut state = state();
    on_the_wire(&mut state, 4);
    state.apply(ServerFrame::Ack { id: id(4), room: RoomId::lobby(), seq: 4, at: 9 }, 0);
    assert_eq!(state.outbox.of(&RoomId::lobby()).map(|item| item.delivery.slug()).collect::<Vec<_>>(), ["stored"]);
    state.apply(event(4, 1), 0);
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
}

#[test]
fn an_ack_for_what_is_long_in_the_history_leaves_nothing_behind() {
    let mut state = state();
    on_the_wire(&mut state, 2);
    state.apply(ServerFrame::Ack { id: id(2), room: RoomId::lobby(), seq: 2, at: 9 }, 0);
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
}

fn gap(reason: GapReason) -> ServerFrame {
    ServerFrame::Gap { room: RoomId::lobby(), reason, after: 3, head: 90 }
}

/// As above, but the reader is further up, at the second message.
fn reading_the_second() -> State {
    let mut state = state();
    assert_eq!(state.scrolled(&RoomId::lobby(), false, false, Some(id(2))), []);
    state
}

fn live_only() -> Todo {
    Todo::Send(ClientFrame::Join(Cursor { room: RoomId::lobby(), after: None, tail: None }))
}

#[test]
fn a_gap_leaves_a_reader_where_they_are_and_the_rest_follows() {
    let mut state = reading_the_second();
    assert_eq!(state.apply(gap(GapReason::TooFar), 0), [live_only()]);
    assert_eq!(state.apply(event(91, 2), 0), []);
    assert_eq!(shown(&state), [1, 2, 3]);
    assert_eq!(state.open[&RoomId::lobby()].unseen, 1, "counted, not shown with a hole before it");
    // They scroll down: page by page, and then live events again.
    assert_eq!(state.scrolled(&RoomId::lobby(), false, true, Some(id(3))), [Todo::LoadNewer(RoomId::lobby(), 2)]);
    assert_eq!(state.scrolled(&RoomId::lobby(), true, true, Some(id(3))), [], "one at a time");
    assert_eq!(state.loaded_newer(&RoomId::lobby(), 2, None), [], "without an answer they may try again");
    assert_eq!(state.scrolled(&RoomId::lobby(), true, true, Some(id(3))), [Todo::LoadNewer(RoomId::lobby(), 2)]);
    let full = MessagePage { head: 91, ..page(3, 52) };
    assert_eq!(state.loaded_newer(&RoomId::lobby(), 2, Some(full)), []);
    assert_eq!(state.scrolled(&RoomId::lobby(), true, true, Some(id(52))), [Todo::LoadNewer(RoomId::lobby(), 51)]);
    let cursor = Cursor { room: RoomId::lobby(), after: Some(91), tail: Some(id(91).tail()) };
    let todos = state.loaded_newer(&RoomId::lobby(), 51, Some(page(52, 91)));
    assert_eq!(todos, [Todo::Send(ClientFrame::Join(cursor))]);
    assert_eq!(state.apply(event(92, 2), 0), []);
    assert_eq!(shown(&state), (1..=92).collect::<Vec<_>>());
}

#[test]
fn what_follows_a_reader_is_not_taken_from_another_history() {
    let mut state = reading_the_second();
    state.apply(gap(GapReason::TooFar), 0);
    state.scrolled(&RoomId::lobby(), false, true, Some(id(3)));
    let mut other = page(3, 9);
    other.messages[0].id = id(77);
    assert_eq!(state.loaded_newer(&RoomId::lobby(), 2, Some(other)), [Todo::LoadAround(RoomId::lobby(), 3)]);
    assert_eq!(shown(&state), [1, 2, 3]);
}

#[test]
fn a_reader_further_up_can_go_to_the_newest_at_once() {
    let mut state = reading_the_second();
    state.apply(gap(GapReason::Overflow), 0);
    assert_eq!(state.hello(), {
        let Todo::Send(ClientFrame::Join(cursor)) = live_only() else { unreachable!() };
        ClientFrame::Hello { protocol: 1, resume: vec![cursor] }
    });
    assert_eq!(state.to_newest(&RoomId::lobby()), [Todo::LoadNewest(RoomId::lobby())]);
    state.loaded(&RoomId::lobby(), page(80, 90));
    assert_eq!(shown(&state), (80..=90).collect::<Vec<_>>());
    assert_eq!(state.open[&RoomId::lobby()].jumps, 1);
    assert_eq!(state.to_newest(&RoomId::lobby()), []);
}

#[test]
fn a_changed_history_is_loaded_around_the_reader() {
    let mut state = reading_the_second();
    let todos = state.apply(gap(GapReason::HistoryChanged), 0);
    assert_eq!(todos, [Todo::LoadAround(RoomId::lobby(), 2), live_only()]);
    state.loaded_around(&RoomId::lobby(), page(1, 2));
    assert_eq!(shown(&state), [1, 2], "nothing of the other history stays");
    assert!(state.open[&RoomId::lobby()].timeline.is_detached());
}

#[test]
fn what_was_kept_is_shown_and_then_confirmed() {
    let mut state = State { me: Some(user(1)), current: Some(RoomId::lobby()), ..State::default() };
    assert_eq!(state.open(&RoomId::lobby()), [Todo::Recall(RoomId::lobby())]);
    let cursor = Cursor { room: RoomId::lobby(), after: Some(3), tail: Some(id(3).tail()) };
    let todos =
        state.recalled(&RoomId::lobby(), Some(Timeline::from_kept(page(1, 3), Vec::new(), Some(id(3).tail()), true)));
    assert_eq!(todos, [Todo::Send(ClientFrame::Join(cursor))]);
    assert_eq!(shown(&state), [1, 2, 3]);
    // Too old, or of another history: whatever the reader has done meanwhile, it is replaced.
    state.scrolled(&RoomId::lobby(), false, false, Some(id(2)));
    assert_eq!(state.apply(gap(GapReason::TooFar), 0), [Todo::LoadNewest(RoomId::lobby())]);
    let mut state = State::default();
    state.open(&RoomId::lobby());
    assert_eq!(state.recalled(&RoomId::lobby(), None), [Todo::LoadNewest(RoomId::lobby())]);
}

#[test]
fn taking_back_needs_the_lease_and_gives_the_text() {
    let mut state = state();
    let todos = state.send(&RoomId::lobby(), "hi".into(), id(9), 0);
    assert!(matches!(&todos[..], [Todo::Keep(kept)] if !kept.tried), "typed without a connection");
    state.kept(id(9));
    assert_eq!(state.take_back(id(9), true), [Todo::Lease(RoomId::lobby())]);
    let on_disk = state.outbox.of(&RoomId::lobby()).map(super::super::outbox::Outgoing::to_keep).collect::<Vec<_>>();
    assert_eq!(
        state.leased(&RoomId::lobby(), Some(&on_disk)),
        [
            Todo::Forget { id: id(9), room: RoomId::lobby(), taken_back: true },
            Todo::Return(RoomId::lobby(), "hi".into()),
            Todo::Release(RoomId::lobby()),
        ]
    );
    assert_eq!(state.outbox.of(&RoomId::lobby()).count(), 0);
}

#[test]
fn what_is_seen_is_read_and_what_is_not_is_counted() {
    let mut state = state();
    state.apply(event(4, 2), 0);
    assert_eq!(state.see(), Some(ClientFrame::Read { room: RoomId::lobby(), seq: 4 }));
    assert_eq!(state.see(), None);
    state.attentive = false;
    state.apply(event(5, 2), 0);
    assert_eq!((state.see(), unread(&state)), (None, 1));
    assert_eq!(state.open[&RoomId::lobby()].timeline.unread_after(), Some(4));
    state.attentive = true;
    assert_eq!(state.see(), Some(ClientFrame::Read { room: RoomId::lobby(), seq: 5 }));
    // A summary that was made before that does not bring the count back.
    state.apply(ServerFrame::Room { room: lobby(5, 4) }, 0);
    assert_eq!(unread(&state), 0);
}

#[test]
fn presence_is_told_once_and_not_of_oneself() {
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
fn a_second_welcome_asks_for_the_list() {
    let mut state = state();
    let welcome = || ServerFrame::Welcome {
        protocol: 1,
        you: user(1),
        role: ServerRole::Guest,
        server: ServerInfo { name: "parlor".into(), version: "1".into(), build: String::new() },
        now: 0,
        heartbeat_ms: 25_000,
        rooms: vec![lobby(3, 3)],
    };
    assert_eq!(state.apply(welcome(), 0), []);
    assert_eq!(state.apply(welcome(), 0), [Todo::LoadRooms]);
}

#[test]
fn a_server_of_another_build_is_noticed_and_one_of_the_same_is_not() {
    let mut state = State { build: "one".into(), ..state() };
    let mut welcome = |build: &str| {
        let server = ServerInfo { name: "parlor".into(), version: "1".into(), build: build.into() };
        let (you, rooms) = (user(1), vec![lobby(3, 3)]);
        state.apply(
            ServerFrame::Welcome {
                protocol: 1,
                you,
                role: ServerRole::Guest,
                server,
                now: 0,
                heartbeat_ms: 25_000,
                rooms,
            },
            0,
        );
        state.newer.clone()
    };
    assert_eq!(welcome("one"), None);
    assert_eq!(welcome("two"), Some("two".into()));
    assert_eq!(welcome(""), None, "an older server says nothing about it");
    assert_eq!(welcome("one"), None);
}

#[test]
fn rows_are_made_anew_when_it_is_known_who_reads() {
    let mut state = State { me: None, welcomed: true, ..state() };
    _ = state.changed.take();
    let todos = state.apply(
        ServerFrame::Welcome {
            protocol: 1,
            you: user(1),
            role: ServerRole::Guest,
            server: ServerInfo { name: "parlor".into(), version: "1".into(), build: String::new() },
            now: 0,
            heartbeat_ms: 25_000,
            rooms: vec![lobby(3, 3)],
        },
        0,
    );
    assert_eq!(todos, [Todo::LoadRooms], "the shell brought no list");
    assert_eq!(state.changed.take(), [RoomId::lobby()]);
}

#[test]
fn what_was_discarded_can_be_had_back_as_it_was() {
    let mut state = state();
    let lobby = RoomId::lobby();
    let todos = state.send(&lobby, "long thought".into(), id(90), 0);
    let kept: Vec<_> = state.outbox.of(&lobby).map(Outgoing::to_keep).collect();
    assert_eq!(todos, [Todo::Keep(kept[0].clone())]);
    state.kept(kept[0].id);
    _ = state.take_back(kept[0].id, false);
    let todos = state.leased(&lobby, Some(&kept));
    assert!(todos.contains(&Todo::Forget { id: kept[0].id, room: lobby.clone(), taken_back: true }), "{todos:?}");
    assert!(state.outbox.is_empty() && state.unsent(Some(&lobby)).discarded && !state.unsent(None).discarded);
    assert_eq!(state.undo_discard(), [Todo::Keep(kept[0].clone())]);
    assert_eq!(state.outbox.unsent(Some(&lobby)), Unsent { here: 1, ..Unsent::default() });
    assert_eq!(state.outbox.unsent(None), Unsent { waiting: 1, room: Some(lobby), ..Unsent::default() });
    assert_eq!(state.undo_discard(), [], "once");
}
