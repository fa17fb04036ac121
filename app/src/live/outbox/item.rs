//! A message on its way: how far it has come, and what the browser keeps of it.

use std::sync::Arc;

use parlor_protocol::{CommandId, Message, Millis, RoomId, Seq};
use serde::Serialize;

use crate::i18n::Key;

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Waits for the connection, or for those before it.
    Queued,
    /// On the wire.
    Sent,
    /// On the server's disk.
    Stored,
    /// Refused for good, and why.
    Failed(Arc<str>),
}

impl Delivery {
    /// For style sheets and tests.
    #[must_use]
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::Failed(_) => "failed",
        }
    }

    /// For those who do not see the mark.
    #[must_use]
    pub const fn word(&self) -> Key {
        match self {
            Self::Queued => Key::StatusQueued,
            Self::Sent => Key::StatusSent,
            Self::Stored => Key::StatusStored,
            Self::Failed(_) => Key::StatusFailed,
        }
    }
}

/// A message as the browser keeps it until the server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// Its id for ever.
    pub id: CommandId,
    /// Where to.
    pub room: RoomId,
    /// What was typed.
    pub body: String,
    /// When it was typed.
    pub at: Millis,
    /// It may have been on the wire: from then on only the server knows whether it has arrived.
    pub tried: bool,
    /// Why the server refused it for good.
    pub failed: Option<Arc<str>>,
}

/// A message on its way.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Where to.
    pub room: RoomId,
    /// The message as the page shows it: `seq` 0 and no HTML until the server has made its own.
    pub message: Arc<Message>,
    /// How far it has come.
    pub delivery: Delivery,
    /// It was never on the wire, so it can be taken back.
    pub tried: bool,
    /// The event's place, once it is known.
    pub(super) stored: Option<Seq>,
    /// The browser has it on disk.
    pub(super) kept: bool,
    /// Its writer wants it back.
    pub(super) withdrawn: bool,
    /// It was refused, and its writer wants it to go again.
    pub(super) retried: bool,
}

impl Outgoing {
    /// What the browser keeps of it.
    #[must_use]
    pub fn to_keep(&self) -> Kept {
        let Message { id, body, at, .. } = &*self.message;
        let failed = match &self.delivery {
            Delivery::Failed(i18n) => Some(i18n.clone()),
            _ => None,
        };
        Kept { id: *id, room: self.room.clone(), body: body.clone(), at: *at, tried: self.tried, failed }
    }

    /// Whether the page shows it: not what its writer has just taken back.
    #[must_use]
    pub const fn is_shown(&self) -> bool {
        !self.withdrawn
    }

    pub(super) fn may_go(&self) -> bool {
        self.delivery == Delivery::Queued && !self.withdrawn
    }
}
