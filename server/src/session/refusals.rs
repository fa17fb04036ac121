//! What a client is told when something has no effect, or is lost.

use std::time::Duration;

use parlor_protocol::{CommandId, Millis, RoomId, ServerFrame, error_code};

use super::{Denied, Session};
use crate::{clock, domain::StoreError};

impl Session {
    pub(super) fn refuse(&self, id: Option<String>, room: Option<RoomId>, code: &str, message: impl Into<String>) {
        self.connection.push(&ServerFrame::Refused {
            id,
            room,
            code: code.into(),
            message: message.into(),
            retry_after_ms: None,
        });
    }

    pub(super) fn refuse_denied(&self, id: Option<String>, room: RoomId, denied: Denied) {
        match denied {
            Denied::Unseen => {
                self.refuse(id, Some(room), error_code::NOT_FOUND, "there is no such room that you can see");
            }
            Denied::Forbidden => {
                self.refuse(id, Some(room), error_code::FORBIDDEN, "that is not yours to do in this room");
            }
            Denied::Muted { until } => self.connection.push(&muted(id, room, until)),
        }
    }

    pub(super) fn refuse_too_fast(&self, id: CommandId, room: RoomId, wait: Duration) {
        self.connection.push(&ServerFrame::Refused {
            id: Some(id.to_string()),
            room: Some(room),
            code: error_code::RATE_LIMITED.into(),
            message: "You are sending too fast.".into(),
            retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)),
        });
    }

    pub(super) fn fail(&self, id: Option<String>, room: Option<RoomId>, error: &StoreError) {
        tracing::error!(%error, "a command failed");
        self.connection.push(&not_stored(id, room, error));
    }
}

/// Says that someone may not write there before a time.
pub(super) fn muted(id: Option<String>, room: RoomId, until: Millis) -> ServerFrame {
    let left = until.saturating_sub(clock::now()).max(1);
    ServerFrame::Refused {
        id,
        room: Some(room),
        code: error_code::MUTED.into(),
        message: "you may not write here for a while".into(),
        retry_after_ms: u64::try_from(left).ok(),
    }
}

/// Says that the storage failed, and when to try again.
pub(super) fn not_stored(id: Option<String>, room: Option<RoomId>, error: &StoreError) -> ServerFrame {
    let (code, message, retry_after_ms) = if error.is_full() {
        let message =
            "The server's disk is full. Nothing that was sent is lost: this is sent again when there is room.";
        (error_code::STORAGE_FULL, message, 5_000)
    } else {
        let message = "The server cannot store this right now. Nothing is lost: send it again with the same id.";
        (error_code::UNAVAILABLE, message, 1_000)
    };
    ServerFrame::Refused { id, room, code: code.into(), message: message.into(), retry_after_ms: Some(retry_after_ms) }
}
