//! The bounded queue between those who have something to say to a client and the transport that writes it (G5).
//!
//! A client that does not read costs at most [`MAX_QUEUE_BYTES`]. Beyond that its queue is dropped as a whole and the
//! transport is told so when the client can be written to again: the session then answers with `gap` for each room.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    io::IoSlice,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use parking_lot::{Mutex, MutexGuard};
use parlor_protocol::{CloseCode, RoomId, Seq, limits};
use tokio::{net::tcp::OwnedWriteHalf, sync::Notify};

use super::{Encoded, EventBatch};
use crate::websocket::frame::PING;

/// Bytes that the transport takes at a time.
const BATCH_BYTES: usize = 64 * 1024;

/// Those who have much to say wait until no more than this is queued: the longest event still fits on top of it.
const DRAINED_BYTES: usize = limits::MAX_QUEUE_BYTES / 4;

/// Pieces that are written at a time. A piece is a whole batch of events, or one frame.
pub const MAX_SLICES: usize = 32;

/// Places in the list of an idle connection.
const KEPT_CAPACITY: usize = 4;

/// What a frame costs beside its text.
const FRAME_COST: usize = 64;

/// How a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bye {
    /// Why.
    pub code: CloseCode,
    /// When the client should come back.
    pub after: Option<Duration>,
}

/// What is on its way to one client.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Events, shared by all who receive them.
    Events {
        /// The events.
        batch: Arc<EventBatch>,
        /// How many of them this client is not to get: it has them.
        skip: usize,
    },
    /// One frame by itself.
    One(Encoded),
    /// A WebSocket control frame.
    Control(Box<[u8]>),
    /// A WebSocket control frame that is always the same.
    Static(&'static [u8]),
}

impl Frame {
    /// As WebSocket messages, one after the other.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Events { batch, skip } => batch.bytes_after(*skip),
            Self::One(encoded) => encoded.bytes(),
            Self::Control(bytes) => bytes,
            Self::Static(bytes) => bytes,
        }
    }

    fn cost(&self) -> usize {
        FRAME_COST + self.bytes().len()
    }
}

/// A frame of which the socket has taken a part.
#[derive(Debug)]
pub struct Begun {
    /// The whole of it.
    pub frame: Frame,
    /// Bytes that are written.
    pub written: usize,
}

/// What the transport has to write next. Kept and filled again, so that what it holds is allocated once.
#[derive(Debug, Default)]
pub struct Outgoing {
    /// In this order.
    pub frames: VecDeque<Frame>,
    /// Bytes of the first of them that are written.
    pub written: usize,
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
    /// There is room again.
    drained: Notify,
    /// The end was decided.
    ending: Notify,
}

#[derive(Default)]
struct Inner {
    /// It is finished, whatever happens to the rest.
    begun: Option<Begun>,
    waiting: VecDeque<Frame>,
    /// Where may be written at once, without waking the transport: when it has nothing to do.
    socket: Option<Arc<OwnedWriteHalf>>,
    /// The transport is writing what it took.
    writing: bool,
    /// The transport, when it waits for something to write.
    transport: Option<Waker>,
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
    /// From now on events and heartbeats may be written to this socket at once. The transport writes to it only what it takes from here.
    pub fn attach(&self, socket: Arc<OwnedWriteHalf>) {
        self.inner.lock().socket = Some(socket);
    }

    /// From now on nothing is written but by the transport. Returns what it has to finish first.
    pub fn detach(&self) -> Option<Begun> {
        let mut inner = self.inner.lock();
        inner.socket = None;
        inner.begun.take()
    }

    /// Writes or queues all but the first `skip` events of the first of these batches, and all of the others. False when
    /// they were lost to an overflow, or nobody will read them: the room then drops the subscriber.
    pub fn push_events(&self, batches: &[Arc<EventBatch>], skip: usize) -> bool {
        let mut inner = self.inner.lock();
        let written = inner.write_events(batches, skip);
        let mut fits = true;
        for (at, batch) in batches.iter().enumerate().skip(written) {
            let skip = if at == 0 { skip } else { 0 };
            let frame = Frame::Events { batch: batch.clone(), skip };
            fits = inner.enqueue(frame);
        }
        if written < batches.len() || inner.begun.is_some() {
            self.queued(inner, fits);
        }
        fits
    }

    /// Queues a frame that must not be dropped alone.
    pub fn push(&self, frame: Encoded) {
        // On overflow the whole queue goes, this frame too; `gap` tells the client.
        let _ = self.enqueue(Frame::One(frame));
    }

    /// Queues a frame that may be dropped: typing, presence, room lists. They go first when it gets tight.
    pub fn push_droppable(&self, frame: Encoded) {
        if self.inner.lock().bytes < limits::MAX_QUEUE_BYTES / 2 {
            let _ = self.enqueue(Frame::One(frame));
        }
    }

    /// Queues a WebSocket control frame.
    pub fn push_control(&self, frame: Vec<u8>) {
        let _ = self.enqueue(Frame::Control(frame.into()));
    }

    /// Writes a heartbeat, or asks the transport for one.
    pub fn ping(&self) {
        let mut inner = self.inner.lock();
        if !inner.write_ping() {
            inner.ping = true;
        }
        if inner.ping || inner.begun.is_some() {
            inner.wake();
        }
    }

    /// Ends the connection once what waits is written. The first call decides.
    pub fn close(&self, bye: Bye) {
        let mut inner = self.inner.lock();
        inner.end(bye);
        inner.wake();
        drop(inner);
        self.notify_all();
    }

    /// The transport has gone: nothing will be read any more.
    pub fn shut(&self) {
        let mut inner = self.inner.lock();
        inner.shut = true;
        inner.socket = None;
        inner.begun = None;
        inner.waiting = VecDeque::new();
        inner.bytes = 0;
        inner.wake();
        drop(inner);
        self.notify_all();
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
    pub async fn next(&self, outgoing: &mut Outgoing) {
        poll_fn(|context| self.poll_next(context, outgoing)).await;
        self.drained.notify_one();
    }

    fn poll_next(&self, context: &Context<'_>, outgoing: &mut Outgoing) -> Poll<()> {
        let mut inner = self.inner.lock();
        // Whoever asks has written what they took before.
        inner.writing = inner.take(outgoing);
        if inner.writing {
            return Poll::Ready(());
        }
        let mine = context.waker();
        if !inner.transport.as_ref().is_some_and(|other| other.will_wake(mine)) {
            // A poll that took over from another may have been overtaken by it here: it looks again, and gives way.
            if let Some(other) = inner.transport.replace(mine.clone()) {
                other.wake();
            }
        }
        Poll::Pending
    }

    /// Takes frames again after an overflow. Returns, for each room with lost events, the first of them. Before, every
    /// room must have let go of this connection: an event that came in now would follow a hole.
    pub fn recover(&self) -> HashMap<RoomId, Seq> {
        self.inner.lock().lost.take().unwrap_or_default()
    }

    fn enqueue(&self, frame: Frame) -> bool {
        let mut inner = self.inner.lock();
        let fits = inner.enqueue(frame);
        self.queued(inner, fits);
        fits
    }

    /// Something was queued, or did not fit: tells whom it concerns.
    fn queued(&self, mut inner: MutexGuard<'_, Inner>, fits: bool) {
        let ended = !fits && inner.bye.is_some();
        let transport = inner.transport.take();
        // It may run at once, on another thread, and look into the queue.
        drop(inner);
        if let Some(transport) = transport {
            transport.wake();
        }
        if ended {
            self.notify_all();
        }
    }

    fn notify_all(&self) {
        self.drained.notify_one();
        self.ending.notify_waiters();
        self.ending.notify_one();
    }
}

impl Inner {
    /// Wakes the transport, if it waits. Once: until it has looked, there is nothing more to tell it.
    fn wake(&mut self) {
        if let Some(transport) = self.transport.take() {
            transport.wake();
        }
    }

    /// Writes what the socket takes of events. Returns how many batches need not be queued.
    fn write_events(&mut self, batches: &[Arc<EventBatch>], skip: usize) -> usize {
        let Some(socket) = self.resting_socket() else { return 0 };
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, batch) in slices.iter_mut().zip(batches) {
            *slice = IoSlice::new(batch.bytes_after(if count == 0 { skip } else { 0 }));
            count += 1;
        }
        // A single piece takes the shorter way through the system.
        let sent = match &slices[..count] {
            [one] => socket.try_write(one),
            several => socket.try_write_vectored(several),
        };
        // An error is the transport's to find.
        let Ok(mut sent) = sent else { return 0 };
        for (at, slice) in slices[..count].iter().enumerate() {
            if sent < slice.len() {
                if sent == 0 {
                    return at;
                }
                let frame = Frame::Events { batch: batches[at].clone(), skip: if at == 0 { skip } else { 0 } };
                self.begun = Some(Begun { frame, written: sent });
                return at + 1;
            }
            sent -= slice.len();
        }
        count
    }

    /// Writes a heartbeat; false when the socket takes nothing.
    fn write_ping(&mut self) -> bool {
        let written = self.resting_socket().and_then(|socket| socket.try_write(PING).ok()).unwrap_or(0);
        if 0 < written && written < PING.len() {
            self.begun = Some(Begun { frame: Frame::Static(PING), written });
        }
        written > 0
    }

    /// The socket, when nothing waits to be written to it and the transport rests.
    fn resting_socket(&self) -> Option<&OwnedWriteHalf> {
        let rests = !self.writing && self.waiting.is_empty() && self.begun.is_none();
        let may = rests && self.lost.is_none() && self.bye.is_none() && !self.ping && !self.shut;
        self.socket.as_deref().filter(|_| may)
    }

    fn enqueue(&mut self, frame: Frame) -> bool {
        if self.shut {
            return false;
        }
        if self.lost.is_some() {
            self.lose(&frame);
            return false;
        }
        let cost = frame.cost();
        if self.bytes + cost > limits::MAX_QUEUE_BYTES {
            self.overflow(&frame);
            return false;
        }
        self.bytes += cost;
        self.waiting.push_back(frame);
        true
    }

    fn end(&mut self, bye: Bye) {
        self.bye.get_or_insert(bye);
    }

    fn lose(&mut self, frame: &Frame) {
        if let (Some(lost), Frame::Events { batch, skip }) = (&mut self.lost, frame) {
            let first = batch.first + u64::try_from(*skip).unwrap_or_default();
            lost.entry(batch.room.clone()).or_insert(first);
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

    /// Moves what is to be written next into `outgoing`; false when there is nothing.
    fn take(&mut self, outgoing: &mut Outgoing) -> bool {
        if self.shut {
            return false;
        }
        outgoing.frames.clear();
        if self.bytes <= BATCH_BYTES {
            // All of it: the two lists change places.
            std::mem::swap(&mut self.waiting, &mut outgoing.frames);
            self.bytes = 0;
        } else {
            let mut taken = 0;
            while taken < BATCH_BYTES
                && let Some(frame) = self.waiting.pop_front()
            {
                taken += frame.cost();
                outgoing.frames.push_back(frame);
            }
            self.bytes = self.bytes.saturating_sub(taken);
        }
        outgoing.written = 0;
        if let Some(Begun { frame, written }) = self.begun.take() {
            outgoing.frames.push_front(frame);
            outgoing.written = written;
        }
        // A burst's list does not stay with an idle connection.
        if self.waiting.is_empty() && self.waiting.capacity() > KEPT_CAPACITY {
            self.waiting = VecDeque::new();
        }
        outgoing.overflowed = self.lost.is_some() && !std::mem::replace(&mut self.loss_told, self.lost.is_some());
        outgoing.bye = if self.waiting.is_empty() { self.bye } else { None };
        self.shut = outgoing.bye.is_some();
        outgoing.ping = std::mem::take(&mut self.ping);
        !outgoing.frames.is_empty() || outgoing.ping || outgoing.overflowed || outgoing.bye.is_some()
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
