//! What waits for one client, and what is written at once: under the queue's lock, and without knowing who waits for it.

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
    connection::{Begun, Bye, EventBatch, Frame, Outgoing},
    websocket::frame::PING,
};

/// Bytes that the transport takes at a time.
pub(super) const BATCH_BYTES: usize = 64 * 1024;

/// Places in the list of an idle connection.
const KEPT_CAPACITY: usize = 4;

/// See the module.
#[derive(Default)]
pub(super) struct Inner {
    /// It is finished, whatever happens to the rest.
    pub(super) begun: Option<Begun>,
    pub(super) waiting: VecDeque<Frame>,
    /// Where may be written at once, without waking the transport: when it has nothing to do.
    pub(super) socket: Option<Arc<OwnedWriteHalf>>,
    /// The transport is writing what it took.
    pub(super) writing: bool,
    /// The transport, when it waits for something to write.
    pub(super) transport: Option<Waker>,
    pub(super) bytes: usize,
    pub(super) ping: bool,
    /// Since the overflow: for each room with lost events, the first of them.
    pub(super) lost: Option<HashMap<RoomId, Seq>>,
    /// The transport knows of the overflow.
    pub(super) loss_told: bool,
    pub(super) last_overflow: Option<Instant>,
    pub(super) bye: Option<Bye>,
    /// The transport has gone, or will write nothing more than the end.
    pub(super) shut: bool,
}

impl Inner {
    /// Wakes the transport, if it waits. Once: until it has looked, there is nothing more to tell it.
    pub(super) fn wake(&mut self) {
        if let Some(transport) = self.transport.take() {
            transport.wake();
        }
    }

    /// Writes what the socket takes of events. Returns how many batches need not be queued.
    pub(super) fn write_events(&mut self, batches: &[Arc<EventBatch>], skip: usize) -> usize {
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
    pub(super) fn write_ping(&mut self) -> bool {
        let written = self.resting_socket().and_then(|socket| socket.try_write(PING).ok()).unwrap_or(0);
        if 0 < written && written < PING.len() {
            self.begun = Some(Begun { frame: Frame::Static(PING), written });
        }
        written > 0
    }

    /// The socket, when nothing waits to be written to it and the transport rests.
    pub(super) fn resting_socket(&self) -> Option<&OwnedWriteHalf> {
        let rests = !self.writing && self.waiting.is_empty() && self.begun.is_none();
        let may = rests && self.lost.is_none() && self.bye.is_none() && !self.ping && !self.shut;
        self.socket.as_deref().filter(|_| may)
    }

    pub(super) fn enqueue(&mut self, frame: Frame) -> bool {
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

    /// Nothing will be read any more: what waits is let go of.
    pub(super) fn shut(&mut self) {
        self.shut = true;
        self.socket = None;
        self.begun = None;
        self.waiting = VecDeque::new();
        self.bytes = 0;
    }

    pub(super) fn end(&mut self, bye: Bye) {
        self.bye.get_or_insert(bye);
    }

    pub(super) fn lose(&mut self, frame: &Frame) {
        if let (Some(lost), Frame::Events { batch, skip }) = (&mut self.lost, frame) {
            let first = batch.first + u64::try_from(*skip).unwrap_or_default();
            lost.entry(batch.room.clone()).or_insert(first);
        }
    }

    pub(super) fn overflow(&mut self, last: &Frame) {
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
    pub(super) fn take(&mut self, outgoing: &mut Outgoing) -> bool {
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
