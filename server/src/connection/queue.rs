//! The bounded queue of outgoing frames between the senders and the transport of a connection (G5).
//!
//! A client that does not read costs at most [`MAX_QUEUE_BYTES`]. Beyond that the whole queue is dropped, and the transport
//! learns of it when the client can be written to again: the session then sends `gap` for each room.
//!
//! Events and heartbeats are written to an attached, idle socket at once, without waking the transport's task.

use std::{
    collections::HashMap,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
};

use parking_lot::{Mutex, MutexGuard};
use parlor_protocol::{RoomId, Seq, limits};
use tokio::{net::tcp::OwnedWriteHalf, sync::Notify};

use super::{Disconnect, Encoded, EventBatch, Frame, Outgoing, PartialWrite};

mod inner;

use inner::Inner;

/// [`Queue::drained`] waits until no more than this is queued: the longest event still fits on top of it.
const DRAINED_BYTES: usize = limits::MAX_QUEUE_BYTES / 4;

/// Most pieces in one system call. A piece is a batch of events or a single frame.
pub const MAX_SLICES: usize = 32;

/// The outgoing queue of one connection.
#[derive(Default)]
pub struct Queue {
    inner: Mutex<Inner>,
    drained: Notify,
    ending: Notify,
}

impl Queue {
    /// Allows the queue to write events and heartbeats to this socket. The transport writes only what it takes from the queue.
    pub fn attach(&self, socket: Arc<OwnedWriteHalf>) {
        self.inner.lock().socket = Some(socket);
    }

    /// Leaves all writing to the transport. Returns the partial write that it has to complete first.
    pub fn detach(&self) -> Option<PartialWrite> {
        let mut inner = self.inner.lock();
        inner.socket = None;
        inner.partial_write.take()
    }

    /// Writes or queues the batches, without the first `skip` events of the first one. False when they were lost to an
    /// overflow or the connection is closed: the room then removes the subscriber.
    pub fn push_events(&self, batches: &[Arc<EventBatch>], skip: usize) -> bool {
        let mut inner = self.inner.lock();
        let written = inner.write_events(batches, skip);
        let mut fits = true;
        for (at, batch) in batches.iter().enumerate().skip(written) {
            let skip = if at == 0 { skip } else { 0 };
            let frame = Frame::Events { batch: batch.clone(), skip };
            fits = inner.enqueue(frame);
        }
        if written < batches.len() || inner.partial_write.is_some() {
            self.queued(inner, fits);
        }
        fits
    }

    /// Queues a frame that must not be dropped alone.
    pub fn push(&self, frame: Encoded) {
        // An overflow drops the whole queue with this frame; `gap` tells the client.
        let _ = self.enqueue(Frame::One(frame));
    }

    /// Queues a frame that may be dropped, such as typing, presence and room summaries, unless the queue is half full.
    pub fn push_droppable(&self, frame: Encoded) {
        if self.inner.lock().bytes < limits::MAX_QUEUE_BYTES / 2 {
            let _ = self.enqueue(Frame::One(frame));
        }
    }

    pub fn push_control(&self, frame: Vec<u8>) {
        let _ = self.enqueue(Frame::Control(frame.into()));
    }

    /// Writes a heartbeat, or leaves it to the transport.
    pub fn ping(&self) {
        let mut inner = self.inner.lock();
        if !inner.write_ping() {
            inner.ping = true;
        }
        if inner.ping || inner.partial_write.is_some() {
            inner.wake();
        }
    }

    /// Ends the connection once the queue is written. The first call decides on the code.
    pub fn close(&self, disconnect: Disconnect) {
        let mut inner = self.inner.lock();
        inner.end(disconnect);
        inner.wake();
        drop(inner);
        self.notify_all();
    }

    /// Drops the queue: the transport has gone.
    pub fn shut(&self) {
        let mut inner = self.inner.lock();
        inner.shut();
        inner.wake();
        drop(inner);
        self.notify_all();
    }

    /// Whether the connection was closed or the transport has gone.
    pub fn is_ending(&self) -> bool {
        let inner = self.inner.lock();
        inner.shut || inner.disconnect.is_some()
    }

    /// Returns when the connection was closed.
    pub async fn ending(&self) {
        while !self.is_ending() {
            self.ending.notified().await;
        }
    }

    /// Returns when at most a quarter of the queue is filled or the connection is closed. For senders of many frames.
    pub async fn drained(&self) {
        loop {
            {
                let inner = self.inner.lock();
                if inner.bytes <= DRAINED_BYTES || inner.shut || inner.disconnect.is_some() {
                    return;
                }
            }
            self.drained.notified().await;
        }
    }

    /// Waits for something to write and moves it into `outgoing`.
    pub async fn next(&self, outgoing: &mut Outgoing) {
        poll_fn(|context| self.poll_next(context, outgoing)).await;
        self.drained.notify_one();
    }

    fn poll_next(&self, context: &Context<'_>, outgoing: &mut Outgoing) -> Poll<()> {
        let mut inner = self.inner.lock();
        // The caller has written what it took before.
        inner.writing = inner.take(outgoing);
        if inner.writing {
            return Poll::Ready(());
        }
        let waker = context.waker();
        if !inner.transport.as_ref().is_some_and(|other| other.will_wake(waker)) {
            // Of two polls of one connection, the replaced one may arrive here last: waking the other makes it look again.
            if let Some(other) = inner.transport.replace(waker.clone()) {
                other.wake();
            }
        }
        Poll::Pending
    }

    /// Accepts frames again after an overflow. Returns the first lost event of each room. All rooms must have unsubscribed
    /// this connection before: an event that is queued now would follow a hole.
    pub fn recover(&self) -> HashMap<RoomId, Seq> {
        self.inner.lock().lost.take().unwrap_or_default()
    }

    fn enqueue(&self, frame: Frame) -> bool {
        let mut inner = self.inner.lock();
        let fits = inner.enqueue(frame);
        self.queued(inner, fits);
        fits
    }

    /// Notifies the transport after a frame was queued or did not fit.
    fn queued(&self, mut inner: MutexGuard<'_, Inner>, fits: bool) {
        let ended = !fits && inner.disconnect.is_some();
        let transport = inner.transport.take();
        // It may run at once on another thread and lock the queue.
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
