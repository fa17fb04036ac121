#![allow(clippy::unwrap_used)]
use parlor_protocol::{CloseCode, ServerFrame};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
};

use super::{inner::BATCH_BYTES, *};
use crate::{connection::sample, websocket::frame::PING};

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
async fn frames_come_out_in_order() {
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
    assert!(outgoing.ping && !outgoing.overflowed && outgoing.disconnect.is_none());
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
async fn an_overflow_drops_everything_and_reports_the_first_lost_event() {
    let queue = Queue::default();
    for seq in 1..=4 {
        assert!(queue.push_events(&[event(seq, 60_000)], 0));
    }
    assert!(!queue.push_events(&[event(5, 60_000)], 0), "over the limit");
    assert!(!queue.push_events(&[event(6, 1)], 0), "nothing is queued before the overflow is reported");
    let outgoing = next(&queue).await;
    assert!(outgoing.frames.is_empty());
    assert!(outgoing.overflowed);
    assert!(!queue.push_events(&[event(7, 1)], 0), "nor before the rooms have unsubscribed");
    assert_eq!(queue.recover()[&RoomId::lobby()], 1);
    assert!(queue.push_events(&[event(8, 1)], 0));
}

#[tokio::test]
async fn a_second_overflow_ends_the_connection() {
    let queue = Queue::default();
    let fill = || while queue.push_events(&[event(1, 60_000)], 0) {};
    fill();
    assert!(next(&queue).await.disconnect.is_none());
    queue.recover();
    fill();
    assert_eq!(next(&queue).await.disconnect.unwrap().code, CloseCode::TooSlow);
    assert!(!queue.push_events(&[event(9, 1)], 0), "nothing after the end");
}

#[tokio::test]
async fn a_connection_ends_after_its_queue_is_written() {
    let queue = Queue::default();
    queue.push(encoded());
    queue.close(Disconnect { code: CloseCode::Restarting, reconnect_after: None });
    let outgoing = next(&queue).await;
    assert_eq!((outgoing.frames.len(), outgoing.disconnect.unwrap().code), (1, CloseCode::Restarting));
    queue.ending().await;
}

#[tokio::test]
async fn droppable_frames_are_dropped_first() {
    let queue = Queue::default();
    while queue.inner.lock().bytes < limits::MAX_QUEUE_BYTES / 2 {
        queue.push_events(&[event(1, 10_000)], 0);
    }
    let before = queue.inner.lock().waiting.len();
    queue.push_droppable(encoded());
    assert_eq!(queue.inner.lock().waiting.len(), before);
}

#[tokio::test]
async fn the_last_waiting_transport_gets_the_frames() {
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

/// A queue that may write to a socket, and the socket's other end.
async fn attached() -> (Queue, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (peer, stream) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    let (_, half) = stream.unwrap().0.into_split();
    half.writable().await.unwrap();
    let queue = Queue::default();
    queue.attach(Arc::new(half));
    (queue, peer.unwrap())
}

#[tokio::test]
async fn an_idle_socket_is_written_to_directly() {
    let (queue, mut peer) = attached().await;
    let event = event(1, 10);
    queue.ping();
    assert!(queue.push_events(std::slice::from_ref(&event), 0));
    assert!(queue.detach().is_none());
    let mut read = vec![0; PING.len() + event.bytes_after(0).len()];
    peer.read_exact(&mut read).await.unwrap();
    assert_eq!(read, [PING, event.bytes_after(0)].concat());
}

#[tokio::test]
async fn nothing_overtakes_waiting_frames() {
    let (queue, _peer) = attached().await;
    queue.push(encoded());
    queue.ping();
    assert!(queue.push_events(&[event(1, 10)], 0));
    let outgoing = next(&queue).await;
    assert_eq!((outgoing.frames.len(), outgoing.written, outgoing.ping), (2, 0, true));
    // Until the transport polls again it may still be writing.
    queue.ping();
    assert!(queue.push_events(&[event(2, 10)], 0));
    let outgoing = next(&queue).await;
    assert_eq!((outgoing.frames.len(), outgoing.ping), (1, true));
}

#[tokio::test]
async fn the_transport_completes_a_partial_write() {
    let (queue, mut peer) = attached().await;
    let mut expected = Vec::new();
    let mut seq = 0;
    while queue.inner.lock().partial_write.is_none() {
        seq += 1;
        let event = event(seq, 50_000);
        assert!(queue.push_events(std::slice::from_ref(&event), 0), "{seq}");
        expected.extend_from_slice(event.bytes_after(0));
    }
    queue.ping();
    let outgoing = next(&queue).await;
    assert!(outgoing.written > 0 && outgoing.ping);
    let rest: Vec<_> = outgoing.frames.iter().flat_map(Frame::bytes).copied().skip(outgoing.written).collect();
    // The received bytes and the rest make up the whole.
    let mut read = vec![0; expected.len() - rest.len()];
    peer.read_exact(&mut read).await.unwrap();
    assert!([read, rest].concat() == expected);
}
