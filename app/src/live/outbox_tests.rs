//! What must hold for messages on their way out.

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

/// Written, kept, and this tab may send it.
fn write(outbox: &mut Outbox, room: &RoomId, n: u128) {
    outbox.push(room.clone(), id(n), format!("message {n}"), ann(), 0, true);
    outbox.kept(id(n));
    outbox.leased(room, true);
}

fn kept(n: u128) -> Kept {
    Kept { id: id(n), room: RoomId::lobby(), body: format!("message {n}"), at: 0, tried: true, failed: None }
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
fn one_at_a_time_in_order() {
    let mut outbox = outbox(3);
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
    assert_eq!(sent(outbox.take_ready(0)), []);
    outbox.ack(id(1), 7, 5);
    assert_eq!(sent(outbox.take_ready(0)), [id(2)]);
    outbox.settle(id(2));
    assert_eq!(sent(outbox.take_ready(0)), [id(3)]);
}

#[test]
fn rooms_do_not_wait_for_each_other() {
    let mut outbox = outbox(2);
    write(&mut outbox, &"dev".into(), 9);
    assert_eq!(sent(outbox.take_ready(0)), [id(1), id(9)]);
}

#[test]
fn a_lost_connection_sends_the_same_id_again() {
    let mut outbox = outbox(2);
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
    assert_eq!(outbox.disconnected(), [RoomId::lobby()]);
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
    outbox.ack(id(1), 7, 5);
    outbox.disconnected();
    assert_eq!(sent(outbox.take_ready(0)), [id(2)], "what is stored does not go again");
}

#[test]
fn a_pause_keeps_the_order() {
    let mut outbox = outbox(2);
    outbox.take_ready(0);
    outbox.refused(id(1), error_code::RATE_LIMITED, "too fast", Some(800), 100);
    assert_eq!(sent(outbox.take_ready(899)), []);
    assert_eq!(outbox.held_until(100), Some(900));
    assert_eq!(sent(outbox.take_ready(900)), [id(1)]);
}

#[test]
fn too_fast_without_a_time_to_come_back_is_for_the_writer_to_decide() {
    let mut outbox = outbox(1);
    outbox.take_ready(0);
    outbox.refused(id(1), error_code::RATE_LIMITED, "too fast", None, 0);
    assert_eq!(outbox.of(&RoomId::lobby()).next().map(|item| item.delivery.slug()), Some("failed"));
}

#[test]
fn a_refusal_can_be_retried_or_taken_back() {
    let mut outbox = outbox(2);
    outbox.take_ready(0);
    outbox.refused(id(1), error_code::TOO_LONG, "It is too long.", None, 0);
    assert_eq!(outbox.of(&RoomId::lobby()).next().map(|item| item.delivery.slug()), Some("failed"));
    assert_eq!(sent(outbox.take_ready(0)), [id(2)], "one that failed does not hold up the next");
    outbox.ack(id(2), 8, 1);
    let lobby = RoomId::lobby();
    assert_eq!(outbox.retry(id(1)), Some((lobby.clone(), false)), "the lease is here");
    assert_eq!(outbox.take_retried(&lobby), [kept(1)], "kept anew, as one that has not failed");
    assert_eq!(outbox.take_retried(&lobby), [], "once");
    assert_eq!(sent(outbox.take_ready(0)), [], "not before that is on disk");
    outbox.kept(id(1));
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
    outbox.refused(id(1), error_code::TOO_LONG, "It is too long.", None, 0);
    assert_eq!(outbox.withdraw(id(1)), Some((lobby.clone(), false)));
    assert_eq!(outbox.take_withdrawn(&lobby).map(|item| item.message.body.clone()), Some("message 1".into()));
    assert!(outbox.withdraw(id(2)).is_none(), "what is stored cannot be taken back");
}

/// One message, refused for good.
fn refused() -> Outbox {
    let mut outbox = outbox(1);
    outbox.take_ready(0);
    outbox.refused(id(1), error_code::TOO_LONG, "It is too long.", None, 0);
    outbox
}

#[test]
fn what_another_tab_retries_is_not_given_back_here() {
    let lobby = RoomId::lobby();
    let mut outbox = refused();
    outbox.kept(id(1));
    assert_eq!(outbox.releasable(true), std::slice::from_ref(&lobby));
    assert_eq!(outbox.withdraw(id(1)), Some((lobby.clone(), true)), "the lease has to be asked for");
    assert!(outbox.take_withdrawn(&lobby).is_none(), "nothing without it");
    // Meanwhile the other tab has had the lease, and the message on the wire.
    outbox.reconcile(&lobby, &[kept(1)], &ann(), |_| false);
    outbox.leased(&lobby, true);
    assert!(outbox.take_withdrawn(&lobby).is_none());
    assert_eq!(sent(outbox.take_ready(0)), [id(1)], "it goes on");
}

#[test]
fn what_another_tab_gives_back_is_not_retried_here() {
    let lobby = RoomId::lobby();
    let mut outbox = refused();
    outbox.releasable(true);
    assert_eq!(outbox.retry(id(1)), Some((lobby.clone(), true)));
    assert_eq!(outbox.take_retried(&lobby), [], "nothing without the lease");
    outbox.reconcile(&lobby, &[], &ann(), |_| false);
    outbox.leased(&lobby, true);
    assert_eq!(outbox.take_retried(&lobby), []);
    assert_eq!(sent(outbox.take_ready(0)), []);
}

#[test]
fn a_late_refusal_does_not_undo_an_ack() {
    let mut outbox = outbox(1);
    outbox.take_ready(0);
    outbox.ack(id(1), 7, 5);
    assert!(outbox.refused(id(1), error_code::NOT_FOUND, "", None, 0).is_none());
    outbox.settle_until(&RoomId::lobby(), 6);
    assert_eq!(outbox.of(&RoomId::lobby()).count(), 1);
    outbox.settle_until(&RoomId::lobby(), 7);
    assert_eq!(outbox.of(&RoomId::lobby()).count(), 0);
}

#[test]
fn nothing_goes_before_it_is_kept_and_the_room_is_ours() {
    let mut outbox = Outbox::default();
    let to_keep = outbox.push(RoomId::lobby(), id(1), "message 1".into(), ann(), 0, true);
    assert_eq!(to_keep, kept(1));
    assert_eq!((outbox.wanted(), sent(outbox.take_ready(0))), (vec![], vec![]));
    outbox.kept(id(1));
    assert_eq!(sent(outbox.take_ready(0)), []);
    assert_eq!(outbox.wanted(), [RoomId::lobby()]);
    assert_eq!(outbox.wanted(), [], "asked for once");
    outbox.leased(&RoomId::lobby(), true);
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
    assert_eq!(outbox.releasable(true), [], "one is on the wire");
    outbox.ack(id(1), 1, 0);
    assert_eq!(outbox.releasable(true), [RoomId::lobby()]);
    write(&mut outbox, &RoomId::lobby(), 2);
    assert_eq!(outbox.releasable(false), [RoomId::lobby()], "without a connection it is of no use");
    assert_eq!(sent(outbox.take_ready(0)), []);
}

#[test]
fn what_other_tabs_wrote_goes_in_the_order_in_which_it_was_typed() {
    let mut outbox = Outbox::default();
    outbox.push(RoomId::lobby(), id(2), "message 2".into(), ann(), 0, true);
    outbox.kept(id(2));
    outbox.reconcile(&RoomId::lobby(), &[kept(1), kept(2), kept(3)], &ann(), |_| false);
    assert_eq!(states(&outbox), [(id(1), "queued"), (id(2), "queued"), (id(3), "queued")]);
    outbox.leased(&RoomId::lobby(), true);
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
}

#[test]
fn what_another_tab_has_sent_does_not_go_again() {
    let mut outbox = Outbox::default();
    for n in 1..=3 {
        outbox.push(RoomId::lobby(), id(n), format!("message {n}"), ann(), 0, true);
    }
    outbox.kept(id(1));
    outbox.kept(id(2));
    // The first was sent by another tab and is not in sight yet, the second is in the timeline, the third is not on disk.
    outbox.reconcile(&RoomId::lobby(), &[], &ann(), |other| other == id(2));
    assert_eq!(states(&outbox), [(id(1), "stored"), (id(3), "queued")]);
    outbox.settle_until(&RoomId::lobby(), 0);
    assert_eq!(states(&outbox), [(id(3), "queued")], "a page is the truth about what is stored");
}

#[test]
fn what_is_just_being_forgotten_does_not_come_back() {
    let mut outbox = outbox(1);
    outbox.take_ready(0);
    outbox.ack(id(1), 1, 0);
    outbox.settle(id(1));
    outbox.reconcile(&RoomId::lobby(), &[kept(1)], &ann(), |_| false);
    assert_eq!(states(&outbox), []);
    outbox.left(id(1));
    let stored = outbox.reconcile(&RoomId::lobby(), &[kept(1)], &ann(), |_| true);
    assert_eq!((states(&outbox), stored), (vec![], vec![id(1)]), "nor what the timeline shows, which need not be kept");
}

#[test]
fn a_failure_is_known_to_all_tabs_and_so_is_the_retry() {
    let mut outbox = outbox(1);
    let failed = Kept { failed: Some("too long".into()), ..kept(1) };
    outbox.reconcile(&RoomId::lobby(), &[failed], &ann(), |_| false);
    assert_eq!(states(&outbox), [(id(1), "failed")]);
    outbox.reconcile(&RoomId::lobby(), &[kept(1)], &ann(), |_| false);
    assert_eq!(states(&outbox), [(id(1), "queued")]);
}

#[test]
fn only_what_was_never_on_the_wire_can_be_had_back() {
    let mut outbox = Outbox::default();
    for n in 1..=2 {
        outbox.push(RoomId::lobby(), id(n), format!("message {n}"), ann(), 0, false);
        outbox.kept(id(n));
    }
    assert_eq!(outbox.withdraw(id(1)), Some((RoomId::lobby(), true)));
    assert!(outbox.take_withdrawn(&RoomId::lobby()).is_none(), "another tab may be sending it");
    assert_eq!(outbox.leased(&RoomId::lobby(), true), [kept(2)], "from now on it may have been on the wire");
    assert_eq!(outbox.take_withdrawn(&RoomId::lobby()).map(|item| item.message.id), Some(id(1)));
    assert_eq!(sent(outbox.take_ready(0)), [], "that is on disk first");
    outbox.kept(id(2));
    assert_eq!(sent(outbox.take_ready(0)), [id(2)]);
    outbox.disconnected();
    assert_eq!(outbox.withdraw(id(2)), None);
}

#[test]
fn a_clock_that_was_put_back_does_not_change_the_order() {
    let outbox = outbox(5);
    assert_eq!(outbox.after_all(&RoomId::lobby(), id(9)), id(9));
    assert_eq!(outbox.after_all(&RoomId::lobby(), id(3)), id(6));
    assert_eq!(outbox.after_all(&"dev".into(), id(3)), id(3));
}

proptest! {
    /// Whatever happens to the connection, each message reaches the server, and first arrivals are in order.
    #[test]
    fn nothing_is_lost_or_overtaken(count in 1_u128..12, losses in prop::collection::vec(0_u8..4, 0..60)) {
        let mut outbox = outbox(count);
        let (mut stored, mut now): (Vec<CommandId>, Millis) = (Vec::new(), 0);
        for fate in losses.into_iter().chain(std::iter::repeat_n(3, 40)) {
            now += 2_000;
            for id in sent(outbox.take_ready(now)) {
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
                        outbox.settle(id);
                    }
                }
            }
        }
        prop_assert_eq!(stored, (1..=count).map(id).collect::<Vec<_>>());
        prop_assert_eq!(outbox.unsent(None).waiting, 0);
    }
}
