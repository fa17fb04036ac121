//! Sending, retrying and withdrawing messages.

use parlor_protocol::{UserId, UserKind};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

fn ann() -> User {
    User { id: UserId(Uuid::from_u128(1)), name: "ann".into(), kind: UserKind::Guest, colour: None }
}

fn outbox(bodies: u128) -> Outbox {
    let mut outbox = Outbox::default();
    for n in 1..=bodies {
        write(&mut outbox, &RoomId::lobby(), n);
    }
    outbox
}

/// A message that is typed and stored, in a room whose lease this tab holds.
fn write(outbox: &mut Outbox, room: &RoomId, n: u128) {
    outbox.push(room.clone(), id(n), format!("message {n}"), ann(), 0, true);
    outbox.persisted(id(n));
    outbox.lease_acquired(room, true);
}

fn stored(n: u128) -> StoredMessage {
    StoredMessage {
        id: id(n),
        room: RoomId::lobby(),
        body: format!("message {n}"),
        edits: None,
        at: 0,
        attempted: true,
        failed: None,
    }
}

fn states(outbox: &Outbox) -> Vec<(CommandId, &'static str)> {
    outbox.of(&RoomId::lobby()).map(|item| (item.message.id, item.delivery.slug())).collect()
}

fn sent(frames: Vec<(RoomId, ClientFrame)>) -> Vec<CommandId> {
    frames
        .into_iter()
        .filter_map(|(_, frame)| match frame {
            ClientFrame::Send { id, .. } => Some(id),
            _ => None,
        })
        .collect()
}

#[test]
fn messages_of_a_room_are_sent_one_at_a_time_in_order() {
    let mut outbox = outbox(3);
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)]);
    assert_eq!(sent(outbox.take_sendable(0)), []);
    outbox.ack(id(1), 7, 5);
    assert_eq!(sent(outbox.take_sendable(0)), [id(2)]);
    outbox.remove_delivered(id(2));
    assert_eq!(sent(outbox.take_sendable(0)), [id(3)]);
}

#[test]
fn rooms_do_not_wait_for_each_other() {
    let mut outbox = outbox(2);
    write(&mut outbox, &"dev".into(), 9);
    assert_eq!(sent(outbox.take_sendable(0)), [id(1), id(9)]);
}

#[test]
fn messages_are_sent_again_under_the_same_id_after_a_reconnect() {
    let mut outbox = outbox(2);
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)]);
    assert_eq!(outbox.disconnected(), [RoomId::lobby()]);
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)]);
    outbox.ack(id(1), 7, 5);
    outbox.disconnected();
    assert_eq!(sent(outbox.take_sendable(0)), [id(2)], "what is stored does not go again");
}

#[test]
fn a_pause_keeps_the_order() {
    let mut outbox = outbox(2);
    outbox.take_sendable(0);
    outbox.refused(id(1), error_code::RATE_LIMITED, "too fast", Some(800), 100);
    assert_eq!(sent(outbox.take_sendable(899)), []);
    assert_eq!(outbox.paused_until(100), Some(900));
    assert_eq!(sent(outbox.take_sendable(900)), [id(1)]);
}

#[test]
fn a_rate_limit_without_a_retry_time_is_a_failure() {
    let mut outbox = outbox(1);
    outbox.take_sendable(0);
    outbox.refused(id(1), error_code::RATE_LIMITED, "too fast", None, 0);
    assert_eq!(outbox.of(&RoomId::lobby()).next().map(|item| item.delivery.slug()), Some("failed"));
}

#[test]
fn a_failed_message_can_be_retried_or_withdrawn() {
    let mut outbox = outbox(2);
    outbox.take_sendable(0);
    outbox.refused(id(1), error_code::TOO_LONG, "The text is too long.", None, 0);
    assert_eq!(outbox.of(&RoomId::lobby()).next().map(|item| item.delivery.slug()), Some("failed"));
    assert_eq!(sent(outbox.take_sendable(0)), [id(2)], "one that failed does not hold up the next");
    outbox.ack(id(2), 8, 1);
    let lobby = RoomId::lobby();
    assert_eq!(outbox.retry(id(1)), Some((lobby.clone(), false)), "the lease is held");
    assert_eq!(outbox.take_retried(&lobby), [stored(1)], "stored again, without the failure");
    assert_eq!(outbox.take_retried(&lobby), [], "once");
    assert_eq!(sent(outbox.take_sendable(0)), [], "not before that is on disk");
    outbox.persisted(id(1));
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)]);
    outbox.refused(id(1), error_code::TOO_LONG, "The text is too long.", None, 0);
    assert_eq!(outbox.withdraw(id(1)), Some((lobby.clone(), false)));
    assert_eq!(outbox.take_withdrawn(&lobby).map(|item| item.message.body.clone()), Some("message 1".into()));
    assert!(outbox.withdraw(id(2)).is_none(), "a stored message cannot be withdrawn");
}

/// One message, refused for good.
fn refused() -> Outbox {
    let mut outbox = outbox(1);
    outbox.take_sendable(0);
    outbox.refused(id(1), error_code::TOO_LONG, "The text is too long.", None, 0);
    outbox
}

#[test]
fn a_message_that_another_tab_retries_is_not_withdrawn() {
    let lobby = RoomId::lobby();
    let mut outbox = refused();
    outbox.persisted(id(1));
    assert_eq!(outbox.release_idle_leases(true), std::slice::from_ref(&lobby));
    assert_eq!(outbox.withdraw(id(1)), Some((lobby.clone(), true)), "the lease has to be asked for");
    assert!(outbox.take_withdrawn(&lobby).is_none(), "nothing without it");
    // Meanwhile the other tab has had the lease, and the message on the wire.
    outbox.reconcile(&lobby, &[stored(1)], &ann(), |_| false);
    outbox.lease_acquired(&lobby, true);
    assert!(outbox.take_withdrawn(&lobby).is_none());
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)], "it is sent");
}

#[test]
fn a_message_that_another_tab_withdraws_is_not_retried() {
    let lobby = RoomId::lobby();
    let mut outbox = refused();
    outbox.release_idle_leases(true);
    assert_eq!(outbox.retry(id(1)), Some((lobby.clone(), true)));
    assert_eq!(outbox.take_retried(&lobby), [], "nothing without the lease");
    outbox.reconcile(&lobby, &[], &ann(), |_| false);
    outbox.lease_acquired(&lobby, true);
    assert_eq!(outbox.take_retried(&lobby), []);
    assert_eq!(sent(outbox.take_sendable(0)), []);
}

#[test]
fn a_late_refusal_does_not_undo_an_ack() {
    let mut outbox = outbox(1);
    outbox.take_sendable(0);
    outbox.ack(id(1), 7, 5);
    assert!(outbox.refused(id(1), error_code::NOT_FOUND, "", None, 0).is_none());
    outbox.remove_delivered_until(&RoomId::lobby(), 6);
    assert_eq!(outbox.of(&RoomId::lobby()).count(), 1);
    outbox.remove_delivered_until(&RoomId::lobby(), 7);
    assert_eq!(outbox.of(&RoomId::lobby()).count(), 0);
}

#[test]
fn nothing_is_sent_before_it_is_stored_and_leased() {
    let mut outbox = Outbox::default();
    let to_store = outbox.push(RoomId::lobby(), id(1), "message 1".into(), ann(), 0, true);
    assert_eq!(to_store, stored(1));
    assert_eq!((outbox.missing_leases(), sent(outbox.take_sendable(0))), (vec![], vec![]));
    outbox.persisted(id(1));
    assert_eq!(sent(outbox.take_sendable(0)), []);
    assert_eq!(outbox.missing_leases(), [RoomId::lobby()]);
    assert_eq!(outbox.missing_leases(), [], "asked for once");
    outbox.lease_acquired(&RoomId::lobby(), true);
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)]);
    assert_eq!(outbox.release_idle_leases(true), [], "one is on the wire");
    outbox.ack(id(1), 1, 0);
    assert_eq!(outbox.release_idle_leases(true), [RoomId::lobby()]);
    write(&mut outbox, &RoomId::lobby(), 2);
    assert_eq!(outbox.release_idle_leases(false), [RoomId::lobby()], "without a connection it is of no use");
    assert_eq!(sent(outbox.take_sendable(0)), []);
}

#[test]
fn messages_of_other_tabs_are_sent_in_the_order_of_typing() {
    let mut outbox = Outbox::default();
    outbox.push(RoomId::lobby(), id(2), "message 2".into(), ann(), 0, true);
    outbox.persisted(id(2));
    outbox.reconcile(&RoomId::lobby(), &[stored(1), stored(2), stored(3)], &ann(), |_| false);
    assert_eq!(states(&outbox), [(id(1), "queued"), (id(2), "queued"), (id(3), "queued")]);
    outbox.lease_acquired(&RoomId::lobby(), true);
    assert_eq!(sent(outbox.take_sendable(0)), [id(1)]);
}

#[test]
fn messages_that_another_tab_has_sent_are_not_sent_again() {
    let mut outbox = Outbox::default();
    for n in 1..=3 {
        outbox.push(RoomId::lobby(), id(n), format!("message {n}"), ann(), 0, true);
    }
    outbox.persisted(id(1));
    outbox.persisted(id(2));
    // The first was sent by another tab and is not in sight yet, the second is in the timeline, the third is not on disk.
    outbox.reconcile(&RoomId::lobby(), &[], &ann(), |other| other == id(2));
    assert_eq!(states(&outbox), [(id(1), "stored"), (id(3), "queued")]);
    outbox.remove_delivered_until(&RoomId::lobby(), 0);
    assert_eq!(states(&outbox), [(id(3), "queued")], "a page is the truth about what is stored");
}

#[test]
fn messages_that_are_being_removed_do_not_reappear() {
    let mut outbox = outbox(1);
    outbox.take_sendable(0);
    outbox.ack(id(1), 1, 0);
    outbox.remove_delivered(id(1));
    outbox.reconcile(&RoomId::lobby(), &[stored(1)], &ann(), |_| false);
    assert_eq!(states(&outbox), []);
    outbox.removed(id(1));
    let delivered = outbox.reconcile(&RoomId::lobby(), &[stored(1)], &ann(), |_| true);
    assert_eq!(
        (states(&outbox), delivered),
        (vec![], vec![id(1)]),
        "nor what the timeline shows, which need not be stored"
    );
}

#[test]
fn all_tabs_know_failures_and_retries() {
    let mut outbox = outbox(1);
    let failed = StoredMessage { failed: Some("too long".into()), ..stored(1) };
    outbox.reconcile(&RoomId::lobby(), &[failed], &ann(), |_| false);
    assert_eq!(states(&outbox), [(id(1), "failed")]);
    outbox.reconcile(&RoomId::lobby(), &[stored(1)], &ann(), |_| false);
    assert_eq!(states(&outbox), [(id(1), "queued")]);
}

#[test]
fn only_messages_that_were_never_sent_can_be_withdrawn() {
    let mut outbox = Outbox::default();
    for n in 1..=2 {
        outbox.push(RoomId::lobby(), id(n), format!("message {n}"), ann(), 0, false);
        outbox.persisted(id(n));
    }
    assert_eq!(outbox.withdraw(id(1)), Some((RoomId::lobby(), true)));
    assert!(outbox.take_withdrawn(&RoomId::lobby()).is_none(), "another tab may be sending it");
    assert_eq!(outbox.lease_acquired(&RoomId::lobby(), true), [stored(2)], "it may be sent from now on");
    assert_eq!(outbox.take_withdrawn(&RoomId::lobby()).map(|item| item.message.id), Some(id(1)));
    assert_eq!(sent(outbox.take_sendable(0)), [], "that is on disk first");
    outbox.persisted(id(2));
    assert_eq!(sent(outbox.take_sendable(0)), [id(2)]);
    outbox.disconnected();
    assert_eq!(outbox.withdraw(id(2)), None);
}

#[test]
fn a_clock_that_is_set_back_does_not_change_the_order() {
    let outbox = outbox(5);
    assert_eq!(outbox.monotonic_id(&RoomId::lobby(), id(9)), id(9));
    assert_eq!(outbox.monotonic_id(&RoomId::lobby(), id(3)), id(6));
    assert_eq!(outbox.monotonic_id(&"dev".into(), id(3)), id(3));
}

proptest! {
    /// Whatever happens to the connection, each message reaches the server, and first arrivals are in order.
    #[test]
    fn messages_are_never_lost_or_reordered(count in 1_u128..12, losses in prop::collection::vec(0_u8..4, 0..60)) {
        let mut outbox = outbox(count);
        let (mut stored, mut now): (Vec<CommandId>, Millis) = (Vec::new(), 0);
        for fate in losses.into_iter().chain(std::iter::repeat_n(3, 40)) {
            now += 2_000;
            for id in sent(outbox.take_sendable(now)) {
                match fate {
                    0 => { outbox.disconnected(); }
                    1 => {
                        if !stored.contains(&id) { stored.push(id); }
                        outbox.disconnected();
                    }
                    2 => { outbox.refused(id, error_code::RATE_LIMITED, "", Some(1_000), now); }
                    _ => {
                        if !stored.contains(&id) { stored.push(id); }
                        outbox.ack(id, stored.len() as Seq, now);
                        outbox.remove_delivered(id);
                    }
                }
            }
        }
        prop_assert_eq!(stored, (1..=count).map(id).collect::<Vec<_>>());
        prop_assert_eq!(outbox.unsent(None).waiting, 0);
    }
}
