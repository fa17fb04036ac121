//! The state of a [`Queue`](super::Queue) under its lock, and direct writes to the socket.

use std::{
    collections::{HashMap, VecDeque},
    io::IoSlice,
    sync::Arc,
    task::Waker,
    time::Instant,
};

use parlor_protocol::{CloseCode, RoomId, Seq, limits};
use tokio::net::tcp::OwnedWriteHalf;

use super::MAX_SLICES;
use crate::{
    connection::{Disconnect, EventBatch, Frame, Outgoing, PartialWrite},
    websocket::frame::PING,
};

/// Most bytes that the transport takes in one call.
pub(super) const BATCH_BYTES: usize = 64 * 1024;

/// Capacity that an idle connection keeps.
const IDLE_CAPACITY: usize = 4;

#[derive(Default)]
pub(super) struct Inner {
    /// Completed even if the rest is dropped: half a message would break the stream.
    pub(super) partial_write: Option<PartialWrite>,
    pub(super) waiting: VecDeque<Frame>,
    /// For direct writes, which need no task to wake up.
    pub(super) socket: Option<Arc<OwnedWriteHalf>>,
    /// The transport is writing what it took.
    pub(super) writing: bool,
    /// Wakes the transport's task when it waits.
    pub(super) transport: Option<Waker>,
    pub(super) bytes: usize,
    pub(super) ping: bool,
    /// Set from an overflow to [`Queue::recover`](super::Queue::recover): the first lost event of each room.
    pub(super) lost: Option<HashMap<RoomId, Seq>>,
    /// The transport knows of the overflow.
    pub(super) loss_reported: bool,
    pub(super) last_overflow: Option<Instant>,
    pub(super) disconnect: Option<Disconnect>,
    /// The transport has gone or has taken the last frames.
    pub(super) shut: bool,
}

impl Inner {
    /// Wakes the transport if it waits, at most once until it has polled again.
    pub(super) fn wake(&mut self) {
        if let Some(transport) = self.transport.take() {
            transport.wake();
        }
    }

    /// Writes as many batches as the socket takes. Returns how many need not be queued.
    pub(super) fn write_events(&mut self, batches: &[Arc<EventBatch>], skip: usize) -> usize {
        let Some(socket) = self.idle_socket() else { return 0 };
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, batch) in slices.iter_mut().zip(batches) {
            *slice = IoSlice::new(batch.bytes_after(if count == 0 { skip } else { 0 }));
            count += 1;
        }
        // `write` is cheaper than `writev` for a single piece.
        let sent = match &slices[..count] {
            [one] => socket.try_write(one),
            several => socket.try_write_vectored(several),
        };
        // The transport will get the same error.
        let Ok(mut sent) = sent else { return 0 };
        for (at, slice) in slices[..count].iter().enumerate() {
            if sent < slice.len() {
                if sent == 0 {
                    return at;
                }
                let frame = Frame::Events { batch: batches[at].clone(), skip: if at == 0 { skip } else { 0 } };
                self.partial_write = Some(PartialWrite { frame, written: sent });
                return at + 1;
            }
            sent -= slice.len();
        }
        count
    }

    /// Writes a heartbeat; false when the socket is not writable.
    pub(super) fn write_ping(&mut self) -> bool {
        let written = self.idle_socket().and_then(|socket| socket.try_write(PING).ok()).unwrap_or(0);
        if 0 < written && written < PING.len() {
            self.partial_write = Some(PartialWrite { frame: Frame::Static(PING), written });
        }
        written > 0
    }

    /// The socket, if nothing waits to be written and the transport is idle.
    pub(super) fn idle_socket(&self) -> Option<&OwnedWriteHalf> {
        let is_idle = !self.writing && self.waiting.is_empty() && self.partial_write.is_none() && !self.ping;
        let is_open = self.lost.is_none() && self.disconnect.is_none() && !self.shut;
        self.socket.as_deref().filter(|_| is_idle && is_open)
    }

    pub(super) fn enqueue(&mut self, frame: Frame) -> bool {
        if self.shut {
            return false;
        }
        if self.lost.is_some() {
            self.record_loss(&frame);
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

    pub(super) fn shut(&mut self) {
        self.shut = true;
        self.socket = None;
        self.partial_write = None;
        self.waiting = VecDeque::new();
        self.bytes = 0;
    }

    pub(super) fn end(&mut self, disconnect: Disconnect) {
        self.disconnect.get_or_insert(disconnect);
    }

    pub(super) fn record_loss(&mut self, frame: &Frame) {
        if let (Some(lost), Frame::Events { batch, skip }) = (&mut self.lost, frame) {
            let first = batch.first + u64::try_from(*skip).unwrap_or_default();
            lost.entry(batch.room.clone()).or_insert(first);
        }
    }

    pub(super) fn overflow(&mut self, last: &Frame) {
        self.lost = Some(HashMap::new());
        self.loss_reported = false;
        for frame in std::mem::take(&mut self.waiting) {
            self.record_loss(&frame);
        }
        self.record_loss(last);
        self.bytes = 0;
        let now = Instant::now();
        if self.last_overflow.is_some_and(|last| now.duration_since(last) < limits::OVERFLOW_WINDOW) {
            self.end(Disconnect { code: CloseCode::TooSlow, reconnect_after: None });
        }
        self.last_overflow = Some(now);
    }

    /// Moves the next output into `outgoing`; false when there is none.
    pub(super) fn take(&mut self, outgoing: &mut Outgoing) -> bool {
        if self.shut {
            return false;
        }
        outgoing.frames.clear();
        if self.bytes <= BATCH_BYTES {
            // All of it: swap the lists instead of moving the frames.
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
        if let Some(PartialWrite { frame, written }) = self.partial_write.take() {
            outgoing.frames.push_front(frame);
            outgoing.written = written;
        }
        // An idle connection does not keep the memory of a burst.
        if self.waiting.is_empty() && self.waiting.capacity() > IDLE_CAPACITY {
            self.waiting = VecDeque::new();
        }
        outgoing.overflowed = self.lost.is_some() && !std::mem::replace(&mut self.loss_reported, self.lost.is_some());
        outgoing.disconnect = if self.waiting.is_empty() { self.disconnect } else { None };
        self.shut = outgoing.disconnect.is_some();
        outgoing.ping = std::mem::take(&mut self.ping);
        !outgoing.frames.is_empty() || outgoing.ping || outgoing.overflowed || outgoing.disconnect.is_some()
    }
}
