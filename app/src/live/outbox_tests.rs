//! What must hold for messages on their way out.

use parlor_protocol::{UserId, UserKind};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

fn ann() -> User {
    User { id: UserId(Uuid::from_u128(1)), name: "ann".into(), kind: UserKind::Guest }
}

fn outbox(bodies: u128) -> Outbox {
    let mut outbox = Outbox::default();
    for n in 1..=bodies {
        outbox.push(RoomId::lobby(), id(n), format!("message {n}"), ann(), 0);
    }
    outbox
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
    outbox.push("dev".into(), id(9), "hi".into(), ann(), 0);
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
    outbox.refused(id(1), refusal::RATE_LIMITED, "too fast", Some(800), 100);
    assert_eq!(sent(outbox.take_ready(899)), []);
    assert_eq!(outbox.held_until(100), Some(900));
    assert_eq!(sent(outbox.take_ready(900)), [id(1)]);
}

#[test]
fn too_fast_without_a_time_to_come_back_is_for_the_writer_to_decide() {
    let mut outbox = outbox(1);
    outbox.take_ready(0);
    outbox.refused(id(1), refusal::RATE_LIMITED, "too fast", None, 0);
    assert_eq!(outbox.of(&RoomId::lobby()).next().map(|item| item.delivery.slug()), Some("failed"));
}

#[test]
fn a_refusal_can_be_retried_or_taken_back() {
    let mut outbox = outbox(2);
    outbox.take_ready(0);
    outbox.refused(id(1), refusal::TOO_LONG, "It is too long.", None, 0);
    assert_eq!(outbox.of(&RoomId::lobby()).next().map(|item| item.delivery.slug()), Some("failed"));
    assert_eq!(sent(outbox.take_ready(0)), [id(2)], "one that failed does not hold up the next");
    outbox.ack(id(2), 8, 1);
    assert!(outbox.retry(id(1)).is_some());
    assert_eq!(sent(outbox.take_ready(0)), [id(1)]);
    outbox.refused(id(1), refusal::TOO_LONG, "It is too long.", None, 0);
    assert_eq!(outbox.discard(id(1)).map(|item| item.message.body.clone()), Some("message 1".into()));
    assert!(outbox.discard(id(2)).is_none(), "only what failed can be taken back");
}

#[test]
fn a_late_refusal_does_not_undo_an_ack() {
    let mut outbox = outbox(1);
    outbox.take_ready(0);
    outbox.ack(id(1), 7, 5);
    assert!(outbox.refused(id(1), refusal::NOT_FOUND, "", None, 0).is_none());
    outbox.settle_until(&RoomId::lobby(), 6);
    assert_eq!(outbox.of(&RoomId::lobby()).count(), 1);
    outbox.settle_until(&RoomId::lobby(), 7);
    assert_eq!(outbox.of(&RoomId::lobby()).count(), 0);
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
                    2 => { outbox.refused(id, refusal::RATE_LIMITED, "", Some(1_000), now); }
                    _ => {
                        if !stored.contains(&id) { stored.push(id); }
                        outbox.ack(id, stored.len() as Seq, now);
                        outbox.settle(id);
                    }
                }
            }
        }
        prop_assert_eq!(stored, (1..=count).map(id).collect::<Vec<_>>());
        prop_assert_eq!(outbox.waiting(), 0);
    }
}
