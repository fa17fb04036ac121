//! The bounded queue between those who have something to say to a client and the transport that writes it (G5).
//!
//! A client that does not read costs at most [`MAX_QUEUE_BYTES`]. Beyond that its queue is dropped as a whole and the
//! transport is told so when the client can be written to again: the session then answers with `gap` for each room.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::{CloseCode, CommandId, RoomId, Seq, limits};
use tokio::sync::Notify;

use super::Text;

/// Bytes that the transport takes at a time.
const BATCH_BYTES: usize = 64 * 1024;

/// Those who have much to say wait until no more than this is queued: the longest event still fits on top of it.
const DRAINED_BYTES: usize = limits::MAX_QUEUE_BYTES / 4;

/// What a frame costs beside its text.
const FRAME_COST: usize = 64;

/// An event as it goes out: encoded once, shared by all who receive it.
#[derive(Debug)]
pub struct EventFrame {
    /// The room that it changed.
    pub room: RoomId,
    /// Its place.
    pub seq: Seq,
    /// Its id, for the tail of a cursor.
    pub id: CommandId,
    /// The JSON text.
    pub text: Text,
}

/// How a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Why.
    pub code: CloseCode,
    /// When the client should come back.
    pub after: Option<Duration>,
}

/// A frame on its way to one client.
#[derive(Clone, Debug)]
pub enum Frame {
    /// An event, shared by all who receive it.
    Event(Arc<EventFrame>),
    /// For this connection alone.
    Own(Text),
}

impl Frame {
    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &Text {
        match self {
            Self::Event(event) => &event.text,
            Self::Own(text) => text,
        }
    }

    fn cost(&self) -> usize {
        FRAME_COST + self.text().len()
    }
}

/// What the transport has to write next.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// In this order.
    pub frames: Vec<Frame>,
    /// Then a heartbeat.
    pub ping: bool,
    /// The queue was dropped. Nothing more comes until [`Queue::recover`].
    pub overflowed: bool,
    /// Then the end.
    pub bye: Option<Bye>,
}

/// See the module.
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    /// There is something to write.
    ready: Notify,
    /// There is room again.
    drained: Notify,
    /// The end was decided.
    ending: Notify,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Frame>,
    bytes: usize,
    ping: bool,
    /// Since the overflow: for each room with lost events, the first of them.
    lost: Option<HashMap<RoomId, Seq>>,
    /// The transport knows of the overflow.
    loss_told: bool,
    last_overflow: Option<Instant>,
    bye: Option<Bye>,
    /// The transport has gone, or will write nothing more than the end.
    shut: bool,
}

impl Queue {
    /// Queues an event. False when it was lost to an overflow, or nobody will read it: the room then drops the subscriber.
    pub fn push_event(&self, event: &Arc<EventFrame>) -> bool {
        self.enqueue(Frame::Event(event.clone()))
    }

    /// Queues a frame that must not be dropped alone.
    pub fn push(&self, text: Text) {
        // On overflow the whole queue goes, this frame too; `gap` tells the client.
        let _ = self.enqueue(Frame::Own(text));
    }

    /// Queues a frame that may be dropped: typing, presence, room lists. They go first when it gets tight.
    pub fn push_droppable(&self, text: Text) {
        if self.inner.lock().bytes < limits::MAX_QUEUE_BYTES / 2 {
            let _ = self.enqueue(Frame::Own(text));
        }
    }

    /// Asks for a heartbeat.
    pub fn ping(&self) {
        self.inner.lock().ping = true;
        self.ready.notify_one();
    }

    /// Ends the connection once what waits is written. The first call decides.
    pub fn close(&self, bye: Bye) {
        self.inner.lock().end(bye);
        self.wake_all();
    }

    /// The transport has gone: nothing will be read any more.
    pub fn shut(&self) {
        let mut inner = self.inner.lock();
        inner.shut = true;
        inner.waiting = VecDeque::new();
        inner.bytes = 0;
        drop(inner);
        self.wake_all();
    }

    /// Whether the end was decided or the transport has gone.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        let inner = self.inner.lock();
        inner.shut || inner.bye.is_some()
    }

    /// Returns when the end was decided.
    pub async fn ending(&self) {
        while !self.is_ending() {
            self.ending.notified().await;
        }
    }

    /// Returns when at most a quarter of the queue is taken, or nothing more will be read. For those who have much to say.
    pub async fn drained(&self) {
        loop {
            {
                let inner = self.inner.lock();
                if inner.bytes <= DRAINED_BYTES || inner.shut || inner.bye.is_some() {
                    return;
                }
            }
            self.drained.notified().await;
        }
    }

    /// What to write next; waits until there is something.
    pub async fn next(&self) -> Outgoing {
        loop {
            if let Some(outgoing) = self.inner.lock().take() {
                self.drained.notify_one();
                return outgoing;
            }
            self.ready.notified().await;
        }
    }

    /// Takes frames again after an overflow. Returns, for each room with lost events, the first of them. Before, every
    /// room must have let go of this connection: an event that came in now would follow a hole.
    pub fn recover(&self) -> HashMap<RoomId, Seq> {
        self.inner.lock().lost.take().unwrap_or_default()
    }

    fn enqueue(&self, frame: Frame) -> bool {
        let mut inner = self.inner.lock();
        if inner.shut {
            return false;
        }
        if inner.lost.is_some() {
            inner.lose(&frame);
            return false;
        }
        let cost = frame.cost();
        if inner.bytes + cost > limits::MAX_QUEUE_BYTES {
            inner.overflow(&frame);
            let ended = inner.bye.is_some();
            drop(inner);
            if ended {
                self.wake_all();
            } else {
                self.ready.notify_one();
            }
            return false;
        }
        inner.bytes += cost;
        inner.waiting.push_back(frame);
        let first = inner.waiting.len() == 1;
        drop(inner);
        if first {
            self.ready.notify_one();
        }
        true
    }

    fn wake_all(&self) {
        self.ready.notify_one();
        self.drained.notify_one();
        self.ending.notify_waiters();
        self.ending.notify_one();
    }
}

impl Inner {
    fn end(&mut self, bye: Bye) {
        self.bye.get_or_insert(bye);
    }

    fn lose(&mut self, frame: &Frame) {
        if let (Some(lost), Frame::Event(event)) = (&mut self.lost, frame) {
            lost.entry(event.room.clone()).or_insert(event.seq);
        }
    }

    fn overflow(&mut self, last: &Frame) {
        self.lost = Some(HashMap::new());
        self.loss_told = false;
        for frame in std::mem::take(&mut self.waiting) {
            self.lose(&frame);
        }
        self.lose(last);
        self.bytes = 0;
        let now = Instant::now();
        if self.last_overflow.is_some_and(|last| now.duration_since(last) < limits::OVERFLOW_WINDOW) {
            self.end(Bye { code: CloseCode::TooSlow, after: None });
        }
        self.last_overflow = Some(now);
    }

    fn take(&mut self) -> Option<Outgoing> {
        if self.shut {
            return None;
        }
        let mut frames = Vec::new();
        let mut taken = 0;
        while taken < BATCH_BYTES
            && let Some(frame) = self.waiting.pop_front()
        {
            taken += frame.cost();
            frames.push(frame);
        }
        self.bytes = self.bytes.saturating_sub(taken);
        // A burst's buffer does not stay with an idle connection.
        if self.waiting.is_empty() && self.waiting.capacity() > 64 {
            self.waiting = VecDeque::new();
        }
        let overflowed = self.lost.is_some() && !std::mem::replace(&mut self.loss_told, self.lost.is_some());
        let bye = if self.waiting.is_empty() { self.bye } else { None };
        self.shut = bye.is_some();
        let ping = std::mem::take(&mut self.ping);
        let something = !frames.is_empty() || ping || overflowed || bye.is_some();
        something.then_some(Outgoing { frames, ping, overflowed, bye })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(seq: Seq, bytes: usize) -> Arc<EventFrame> {
        Arc::new(EventFrame {
            room: RoomId::lobby(),
            seq,
            id: CommandId(uuid::Uuid::nil()),
            text: "x".repeat(bytes).into(),
        })
    }

    #[tokio::test]
    async fn what_fits_comes_out_in_order() {
        let queue = Queue::default();
        for seq in 1..=3 {
            assert!(queue.push_event(&event(seq, usize::try_from(seq).unwrap())));
        }
        queue.ping();
        let outgoing = queue.next().await;
        assert_eq!(outgoing.frames.iter().map(|frame| frame.text().len()).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(outgoing.ping && !outgoing.overflowed && outgoing.bye.is_none());
    }

    #[tokio::test]
    async fn overflow_drops_all_and_says_what_was_first() {
        let queue = Queue::default();
        for seq in 1..=4 {
            assert!(queue.push_event(&event(seq, 60_000)));
        }
        assert!(!queue.push_event(&event(5, 60_000)), "over the limit");
        assert!(!queue.push_event(&event(6, 1)), "nothing goes in before the client was told");
        let outgoing = queue.next().await;
        assert!(outgoing.frames.is_empty());
        assert!(outgoing.overflowed);
        assert!(!queue.push_event(&event(7, 1)), "nor before the rooms have let go");
        assert_eq!(queue.recover()[&RoomId::lobby()], 1);
        assert!(queue.push_event(&event(8, 1)));
    }

    #[tokio::test]
    async fn a_second_overflow_ends_the_connection() {
        let queue = Queue::default();
        let fill = || while queue.push_event(&event(1, 60_000)) {};
        fill();
        assert!(queue.next().await.bye.is_none());
        queue.recover();
        fill();
        assert_eq!(queue.next().await.bye.unwrap().code, CloseCode::TooSlow);
        assert!(!queue.push_event(&event(9, 1)), "nothing after the end");
    }

    #[tokio::test]
    async fn the_end_comes_after_what_waits() {
        let queue = Queue::default();
        queue.push("a".into());
        queue.close(Bye { code: CloseCode::Restarting, after: None });
        let outgoing = queue.next().await;
        assert_eq!((outgoing.frames.len(), outgoing.bye.unwrap().code), (1, CloseCode::Restarting));
        queue.ending().await;
    }

    #[tokio::test]
    async fn droppable_frames_yield_first() {
        let queue = Queue::default();
        while queue.inner.lock().bytes < limits::MAX_QUEUE_BYTES / 2 {
            queue.push("x".repeat(10_000).into());
        }
        let before = queue.inner.lock().waiting.len();
        queue.push_droppable("typing".into());
        assert_eq!(queue.inner.lock().waiting.len(), before);
    }
}
