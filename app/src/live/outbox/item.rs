//! A message in the outbox, and the form in which the browser stores it.

use std::sync::Arc;

use parlor_protocol::{ClientFrame, CommandId, Message, Millis, RoomId, Seq, User};
use serde::{Deserialize, Serialize};

use crate::i18n::Key;

/// How far a message has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Waits for the connection, or for earlier messages.
    Queued,
    Sent,
    /// On the server's disk.
    Stored,
    /// Refused for good, and why.
    Failed(Arc<str>),
}

impl Delivery {
    /// The value of `data-state`, for style sheets and tests.
    pub const fn slug(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Stored => "stored",
            Self::Failed(_) => "failed",
        }
    }

    /// The accessible label.
    pub const fn word(&self) -> Key {
        match self {
            Self::Queued => Key::StatusQueued,
            Self::Sent => Key::StatusSent,
            Self::Stored => Key::StatusStored,
            Self::Failed(_) => Key::StatusFailed,
        }
    }
}

/// A message, or an edit of one, as the browser stores it until the server has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMessage {
    pub id: CommandId,
    pub room: RoomId,
    pub body: String,
    /// The message that it edits; none for a new message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edits: Option<CommandId>,
    /// When it was typed.
    pub at: Millis,
    /// It may have been sent, so only the server knows whether it has arrived. Stored as `tried`; older builds did not store
    /// it.
    #[serde(rename = "tried", default = "unknown")]
    pub attempted: bool,
    /// Why the server refused it for good.
    #[serde(default)]
    pub failed: Option<Arc<str>>,
}

/// A message whose attempts were not stored may have been sent.
const fn unknown() -> bool {
    true
}

#[derive(Clone, Debug)]
pub struct OutgoingMessage {
    pub room: RoomId,
    /// The message as the page shows it. It has no HTML and its `seq` is 0 until the server's event arrives.
    pub message: Arc<Message>,
    /// The message that it edits; none for a new message.
    pub edits: Option<CommandId>,
    pub delivery: Delivery,
    /// It may have been sent, so it cannot be withdrawn.
    pub attempted: bool,
    /// The event's seq, once it is known.
    pub(super) seq: Option<Seq>,
    /// It is in the browser's storage.
    pub(super) persisted: bool,
    /// The user wants to withdraw it.
    pub(super) withdrawn: bool,
    /// It failed, and the user wants to send it again.
    pub(super) retried: bool,
}

impl OutgoingMessage {
    pub(super) fn new(stored: StoredMessage, by: User, persisted: bool) -> Self {
        let StoredMessage { id, room, body, edits, at, attempted, failed } = stored;
        let message = Message {
            id,
            seq: 0,
            at,
            by,
            body,
            html: String::new(),
            reply_to: None,
            mentions: Vec::new(),
            edited_at: None,
            reactions: Vec::new(),
        };
        Self {
            room,
            message: Arc::new(message),
            edits,
            delivery: failed.map_or(Delivery::Queued, Delivery::Failed),
            attempted,
            seq: None,
            persisted,
            withdrawn: false,
            retried: false,
        }
    }

    pub fn to_stored(&self) -> StoredMessage {
        let Message { id, body, at, .. } = &*self.message;
        let failed = match &self.delivery {
            Delivery::Failed(why) => Some(why.clone()),
            Delivery::Queued | Delivery::Sent | Delivery::Stored => None,
        };
        let (room, body) = (self.room.clone(), body.clone());
        StoredMessage { id: *id, room, body, edits: self.edits, at: *at, attempted: self.attempted, failed }
    }

    /// Whether the page shows it. A message that is being withdrawn is hidden.
    pub const fn is_visible(&self) -> bool {
        !self.withdrawn
    }

    /// The frame that sends it.
    pub(super) fn to_frame(&self) -> ClientFrame {
        let Message { id, body, reply_to, .. } = &*self.message;
        let (id, room, body) = (*id, self.room.clone(), body.clone());
        match self.edits {
            Some(message) => ClientFrame::Edit { id, room, message, body },
            None => ClientFrame::Send { id, room, body, reply_to: *reply_to },
        }
    }

    pub(super) fn is_sendable(&self) -> bool {
        self.delivery == Delivery::Queued && !self.withdrawn
    }
}
