#![allow(clippy::unwrap_used)]
use parlor_protocol::ServerFrame;

use super::*;
use crate::connection::sample;

fn event(seq: Seq, bytes: usize) -> Arc<EventBatch> {
    EventBatch::encode(&[sample(seq, bytes)]).remove(0)
}

fn encoded() -> Encoded {
    Encoded::from(&ServerFrame::Pong { at: 0, now: 0 })
}

async fn next(queue: &Queue) -> Outgoing {
    let mut outgoing = Outgoing::default();
    queue.next(&mut outgoing).await;
    outgoing
}

#[tokio::test]
async fn what_fits_comes_out_in_order() {
    let queue = Queue::default();
    let events: Vec<_> = (1..=3).map(|seq| event(seq, 10)).collect();
    for event in &events {
        assert!(queue.push_events(std::slice::from_ref(event), 0));
    }
    queue.push(encoded());
    queue.ping();
    let outgoing = next(&queue).await;
    let bytes: Vec<_> = outgoing.frames.iter().map(Frame::bytes).collect();
    let mut expected: Vec<_> = events.iter().map(|event| event.bytes_after(0)).collect();
    let last = encoded();
    expected.push(last.bytes());
    assert_eq!(bytes, expected);
    assert!(outgoing.ping && !outgoing.overflowed && outgoing.bye.is_none());
    assert_eq!(queue.inner.lock().bytes, 0);
}

#[tokio::test]
async fn a_long_queue_is_taken_in_parts() {
    let queue = Queue::default();
    for seq in 1..=20 {
        assert!(queue.push_events(&[event(seq, 10_000)], 0));
    }
    let (mut taken, mut parts) = (Vec::new(), 0);
    while taken.len() < 20 {
        let outgoing = next(&queue).await;
        assert!(outgoing.frames.iter().map(Frame::cost).sum::<usize>() < BATCH_BYTES + 11_000);
        taken.extend(outgoing.frames.iter().map(|frame| match frame {
            Frame::Events { batch, .. } => batch.first,
            _ => 0,
        }));
        parts += 1;
    }
    assert_eq!(taken, (1..=20).collect::<Vec<_>>());
    assert!(parts > 2);
}

#[tokio::test]
async fn overflow_drops_all_and_says_what_was_first() {
    let queue = Queue::default();
    for seq in 1..=4 {
        assert!(queue.push_events(&[event(seq, 60_000)], 0));
    }
    assert!(!queue.push_events(&[event(5, 60_000)], 0), "over the limit");
    assert!(!queue.push_events(&[event(6, 1)], 0), "nothing goes in before the client was told");
    let outgoing = next(&queue).await;
    assert!(outgoing.frames.is_empty());
    assert!(outgoing.overflowed);
    assert!(!queue.push_events(&[event(7, 1)], 0), "nor before the rooms have let go");
    assert_eq!(queue.recover()[&RoomId::lobby()], 1);
    assert!(queue.push_events(&[event(8, 1)], 0));
}

#[tokio::test]
async fn a_second_overflow_ends_the_connection() {
    let queue = Queue::default();
    let fill = || while queue.push_events(&[event(1, 60_000)], 0) {};
    fill();
    assert!(next(&queue).await.bye.is_none());
    queue.recover();
    fill();
    assert_eq!(next(&queue).await.bye.unwrap().code, CloseCode::TooSlow);
    assert!(!queue.push_events(&[event(9, 1)], 0), "nothing after the end");
}

#[tokio::test]
async fn the_end_comes_after_what_waits() {
    let queue = Queue::default();
    queue.push(encoded());
    queue.close(Bye { code: CloseCode::Restarting, after: None });
    let outgoing = next(&queue).await;
    assert_eq!((outgoing.frames.len(), outgoing.bye.unwrap().code), (1, CloseCode::Restarting));
    queue.ending().await;
}

#[tokio::test]
async fn droppable_frames_yield_first() {
    let queue = Queue::default();
    while queue.inner.lock().bytes < limits::MAX_QUEUE_BYTES / 2 {
        queue.push_events(&[event(1, 10_000)], 0);
    }
    let before = queue.inner.lock().waiting.len();
    queue.push_droppable(encoded());
    assert_eq!(queue.inner.lock().waiting.len(), before);
}

#[tokio::test]
async fn of_two_who_wait_the_later_gets_it() {
    let queue = Arc::new(Queue::default());
    let waiting = |queue: Arc<Queue>| tokio::spawn(async move { next(&queue).await.frames.len() });
    let first = waiting(queue.clone());
    tokio::task::yield_now().await;
    first.abort();
    let second = waiting(queue.clone());
    tokio::task::yield_now().await;
    queue.push(encoded());
    assert_eq!(second.await.unwrap(), 1);
}
