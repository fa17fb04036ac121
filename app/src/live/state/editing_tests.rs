//! Edits and reactions, with frames, storage and leases.
// Most tests check the state, not all effects.
#![allow(unused_must_use, clippy::expect_used)]

use parlor_protocol::{Event, EventKind, RoomId, ServerFrame, error_code, http::MessagePage};

use super::*;
use crate::live::{
    outbox::OutgoingMessage,
    state::tests::{id, page, state, user},
};

fn lobby() -> RoomId {
    RoomId::lobby()
}

/// The lobby with three messages of others and one of our own, connected.
fn connected() -> State {
    let mut state = State { connected: true, ..state() };
    let event = EventKind::Message {
        id: id(4),
        body: "mine".into(),
        html: "<p>mine</p>".into(),
        reply_to: None,
        mentions: Vec::new(),
    };
    state.apply(ServerFrame::Event(Event { room: lobby(), seq: 4, id: id(4), at: 0, by: user(1), event }), 0);
    state
}

fn edited(seq: Seq, command: Seq, message: Seq, body: &str) -> ServerFrame {
    let (body, html) = (body.to_owned(), format!("<p>{body}</p>"));
    let event = EventKind::Edited { message: id(message), message_seq: message, body, html, mentions: Vec::new() };
    ServerFrame::Event(Event { room: lobby(), seq, id: id(command), at: 9, by: user(1), event })
}

fn deleted(seq: Seq, message: Seq) -> ServerFrame {
    let event = EventKind::Deleted { message: id(message), message_seq: message };
    ServerFrame::Event(Event { room: lobby(), seq, id: id(seq), at: 9, by: user(2), event })
}

/// An edit of our own message that is on the wire.
fn on_the_wire(state: &mut State) -> CommandId {
    let effects = state.edit(&lobby(), id(4), "better".into(), id(90), 5);
    let [Effect::Store(stored)] = &effects[..] else { unreachable!("{effects:?}") };
    assert_eq!((stored.edits, &*stored.body), (Some(id(4)), "better"));
    state.persisted(stored.id);
    state.outbox.lease_acquired(&lobby(), true);
    let frames = state.take_sendable(5).0;
    assert_eq!(
        frames,
        [ClientFrame::Edit { id: id(90), room: lobby(), message: id(4), body: "better".into() }],
        "after it is on disk"
    );
    stored.id
}

fn body(state: &State) -> &str {
    state.message(id(4)).map_or("", |message| &message.body)
}

#[test]
fn an_edit_is_sent_until_it_is_acked_and_shown_by_its_event() {
    let mut state = connected();
    let command = on_the_wire(&mut state);
    state.disconnected();
    state.connected = true;
    state.outbox.lease_acquired(&lobby(), true);
    let again = state.take_sendable(6).0;
    assert!(matches!(&again[..], [ClientFrame::Edit { id, .. }] if *id == command), "with the same id: {again:?}");
    let effects = state.apply(ServerFrame::Ack { id: command, room: lobby(), seq: 5, at: 9 }, 6);
    assert_eq!(effects, [Effect::Remove { id: command, room: lobby(), withdrawn: false }]);
    assert_eq!(state.outbox.edit_of(id(4)).map(|edit| edit.delivery.slug()), Some("stored"));
    state.apply(edited(5, 90, 4, "better"), 6);
    assert!(state.outbox.is_empty());
    assert_eq!((body(&state), state.message(id(4)).and_then(|message| message.edited_at)), ("better", Some(9)));
}

#[test]
fn a_refused_edit_can_be_sent_again_or_edited_again() {
    let mut state = connected();
    let command = on_the_wire(&mut state);
    let refused = ServerFrame::Refused {
        id: Some(command.to_string()),
        room: Some(lobby()),
        code: error_code::MUTED.into(),
        message: "You are muted.".into(),
        retry_after_ms: None,
    };
    let effects = state.apply(refused, 6);
    assert!(matches!(&effects[..], [Effect::Store(stored)] if stored.failed.is_some() && stored.edits == Some(id(4))));
    assert_eq!(state.last_message(), LastMessage::Unsent(command));
    assert_eq!(
        state.withdraw(command, true),
        [
            Effect::Remove { id: command, room: lobby(), withdrawn: true },
            Effect::ReturnDraft(lobby(), "better".into(), Some(id(4))),
        ]
    );
    assert_eq!(state.last_message(), LastMessage::Stored(id(4)));
    assert_eq!(body(&state), "mine");
}

#[test]
fn an_edit_that_another_tab_has_sent_is_not_shown_any_more() {
    let mut state = connected();
    let stored = StoredMessage {
        id: id(90),
        room: lobby(),
        body: "from there".into(),
        edits: Some(id(4)),
        at: 0,
        attempted: true,
        failed: None,
    };
    state.reconcile(&lobby(), Some(std::slice::from_ref(&stored)));
    assert_eq!(state.outbox.of(&lobby()).map(OutgoingMessage::to_stored).collect::<Vec<_>>(), [stored]);
    // Its event was here before it was known, so it will not come again.
    state.reconcile(&lobby(), Some(&[]));
    assert!(state.outbox.edit_of(id(4)).is_none());
}

#[test]
fn only_own_messages_are_edited_and_not_in_archived_rooms() {
    let mut state = connected();
    assert!(state.can_edit(id(4)) && !state.can_edit(id(3)) && !state.can_edit(id(99)) && state.can_react());
    assert_eq!(state.begin_edit(&lobby(), id(4)).as_deref(), Some("mine"));
    assert_eq!(state.begin_edit(&lobby(), id(3)), None);
    state.rooms[0].archived = true;
    assert!(!state.can_edit(id(4)) && !state.can_react());
    assert_eq!((state.begin_edit(&lobby(), id(4)), state.last_message()), (None, LastMessage::None));
}

#[test]
fn a_conflict_with_another_edit_is_noticed_but_not_ones_own() {
    let mut state = connected();
    state.begin_edit(&lobby(), id(4));
    assert_eq!(state.edit_conflict(), None);
    state.apply(edited(5, 80, 4, "elsewhere"), 0);
    assert_eq!(state.edit_conflict(), Some(EditConflict::Edited));
    state.begin_edit(&lobby(), id(4));
    assert_eq!(state.edit_conflict(), None, "it begins with the new text");
    on_the_wire(&mut state);
    assert_eq!(state.begin_edit(&lobby(), id(4)).as_deref(), Some("better"), "what is shown");
    state.apply(edited(6, 90, 4, "better"), 0);
    assert_eq!(state.edit_conflict(), None);
    // An edit that was put aside began with an older text.
    state.resume_edit("mine".into());
    assert_eq!(state.edit_conflict(), Some(EditConflict::Edited));
    state.end_edit();
    state.apply(edited(7, 81, 4, "again"), 0);
    assert_eq!(state.edit_conflict(), None);
}

#[test]
fn a_deletion_is_a_conflict_and_a_message_out_of_sight_is_not() {
    let mut state = connected();
    state.begin_edit(&lobby(), id(4));
    state.apply(deleted(5, 4), 0);
    assert_eq!(state.edit_conflict(), Some(EditConflict::Deleted));
    let mut state = connected();
    state.begin_edit(&lobby(), id(4));
    // After a gap, the newest page no longer reaches back.
    state.loaded(&lobby(), page(40, 90));
    assert_eq!(state.edit_conflict(), None);
    // The whole room, without it.
    let mut whole = page(1, 9);
    whole.messages.remove(3);
    state.loaded(&lobby(), MessagePage { head: 95, ..whole });
    assert_eq!(state.edit_conflict(), Some(EditConflict::Deleted));
}

#[test]
fn a_reaction_needs_a_connection_and_tells_why_it_was_refused() {
    let mut state = connected();
    let react = ClientFrame::React { id: id(70), room: lobby(), message: id(4), emoji: "👍".into(), on: true };
    assert_eq!(state.react(id(4), "👍".into(), true, id(70)), [Effect::Send(react)]);
    assert_eq!(state.pending_commands.deletions(), [], "the message is not being deleted");
    let refused = |id: CommandId| ServerFrame::Refused {
        id: Some(id.to_string()),
        room: Some(lobby()),
        code: error_code::TOO_MANY_REACTIONS.into(),
        message: "no".into(),
        retry_after_ms: None,
    };
    let hint = Effect::ShowHint("This message has too many different reactions.".into());
    assert_eq!(state.apply(refused(id(70)), 0), [hint]);
    assert_eq!(state.apply(refused(id(70)), 0), [], "once");
    state.disconnected();
    assert!(matches!(&state.react(id(4), "👍".into(), true, id(71))[..], [Effect::ShowHint(_)]));
}

#[test]
fn a_reaction_counts_for_the_reader_and_is_not_unread() {
    let mut state = connected();
    let mut react = |seq, by| {
        let event = EventKind::Reacted { message: id(4), message_seq: 4, emoji: "👍".into(), on: true };
        let unread = super::super::tests::unread(&state);
        state.attentive = false;
        state.apply(ServerFrame::Event(Event { room: lobby(), seq, id: id(seq), at: 0, by: user(by), event }), 0);
        assert_eq!(super::super::tests::unread(&state), unread);
        let reactions = &state.message(id(4)).expect("a message").reactions;
        (reactions[0].count, reactions[0].me)
    };
    assert_eq!(react(5, 2), (1, false));
    assert_eq!(react(6, 1), (2, true));
}

#[test]
fn a_newer_page_that_lacks_forgotten_changes_is_loaded_again() {
    let mut state = connected();
    state.scrolled(&lobby(), false, false, Some(id(2)));
    let gap = ServerFrame::Gap { room: lobby(), reason: parlor_protocol::GapReason::TooFar, after: 4, head: 90 };
    state.apply(gap, 0);
    // The newest event is after the page that will come.
    state.apply(deleted(99, 50), 0);
    assert_eq!(state.scrolled(&lobby(), false, true, Some(id(4))), [Effect::LoadNewer(lobby(), 3)]);
    let page = MessagePage { head: 90, ..page(4, 53) };
    assert_eq!(state.loaded_newer(&lobby(), 3, Some(page.clone())), [Effect::LoadNewer(lobby(), 3)]);
    assert_eq!(state.loaded_newer(&lobby(), 3, Some(MessagePage { head: 99, ..page })), []);
}
