//! The bounded queue between those who have something to say to a client and the transport that writes it (G5).
//!
//! A client that does not read costs at most [`MAX_QUEUE_BYTES`]. Beyond that its queue is dropped as a whole and the
//! transport is told so when the client can be written to again: the session then answers with `gap` for each room.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use parking_lot::{Mutex, MutexGuard};
use parlor_protocol::{RoomId, Seq, limits};
use tokio::{net::tcp::OwnedWriteHalf, sync::Notify};

use super::{Begun, Bye, Encoded, EventBatch, Frame, Outgoing};

mod inner;

use inner::Inner;

/// Those who have much to say wait until no more than this is queued: the longest event still fits on top of it.
const DRAINED_BYTES: usize = limits::MAX_QUEUE_BYTES / 4;

/// Pieces that are written at a time. A piece is a whole batch of events, or one frame.
pub const MAX_SLICES: usize = 32;

/// See the module.
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    /// There is room again.
    drained: Notify,
    /// The end was decided.
    ending: Notify,
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
        inner.shut();
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

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
