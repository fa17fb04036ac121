//! Outgoing frames of one connection, as the transport takes them from the queue.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parlor_protocol::CloseCode;

use super::{Encoded, EventBatch};

/// Cost of a frame in addition to its bytes.
const FRAME_COST: usize = 64;

/// How the server ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disconnect {
    pub code: CloseCode,
    /// When the client should reconnect.
    pub reconnect_after: Option<Duration>,
}

/// A piece of output.
#[derive(Clone, Debug)]
pub enum Frame {
    /// Events, shared by all recipients.
    Events {
        batch: Arc<EventBatch>,
        /// Events at the beginning that this client already has.
        skip: usize,
    },
    /// A single frame.
    One(Encoded),
    /// A WebSocket control frame.
    Control(Box<[u8]>),
    /// A constant WebSocket control frame.
    Static(&'static [u8]),
}

impl Frame {
    /// As consecutive WebSocket messages.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Events { batch, skip } => batch.bytes_after(*skip),
            Self::One(encoded) => encoded.bytes(),
            Self::Control(bytes) => bytes,
            Self::Static(bytes) => bytes,
        }
    }

    pub(super) fn cost(&self) -> usize {
        FRAME_COST + self.bytes().len()
    }
}

/// A frame that was written in part.
#[derive(Debug)]
pub struct PartialWrite {
    pub frame: Frame,
    /// Bytes written so far.
    pub written: usize,
}

/// What the transport has to write next, in the order of the fields. Reused, so that its memory is allocated once.
#[derive(Debug, Default)]
pub struct Outgoing {
    pub frames: VecDeque<Frame>,
    /// Bytes of the first frame that are already written.
    pub written: usize,
    /// A heartbeat is due.
    pub ping: bool,
    /// The queue has overflowed. Nothing more comes until [`Queue::recover`](super::Queue::recover).
    pub overflowed: bool,
    /// The connection ends.
    pub disconnect: Option<Disconnect>,
}
