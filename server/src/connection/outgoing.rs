//! What is on its way to one client, as the transport takes it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parlor_protocol::CloseCode;

use super::{Encoded, EventBatch};

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

    pub(super) fn cost(&self) -> usize {
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
    /// The queue was dropped. Nothing more comes until [`Queue::recover`](super::Queue::recover).
    pub overflowed: bool,
    /// Then the end.
    pub bye: Option<Bye>,
}
