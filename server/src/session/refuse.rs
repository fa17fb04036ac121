//! `refused` frames: the responses to commands without effect.

use std::time::Duration;

use parlor_protocol::{CommandId, Millis, RoomId, ServerFrame, error_code};

use super::Session;
use crate::{clock, domain::StoreError, services::AccessDenied};

pub(super) const NO_SUCH_ROOM: &str = "This room does not exist, or you do not have access to it.";

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

    pub(super) fn refuse_denied(&self, id: Option<String>, room: RoomId, denied: AccessDenied) {
        match denied {
            AccessDenied::Hidden => {
                self.refuse(id, Some(room), error_code::NOT_FOUND, NO_SUCH_ROOM);
            }
            AccessDenied::Forbidden => {
                self.refuse(
                    id,
                    Some(room),
                    error_code::FORBIDDEN,
                    "You do not have permission to do this in this room.",
                );
            }
            AccessDenied::Muted { until } => self.connection.push(&muted(id, room, until)),
        }
    }

    pub(super) fn refuse_too_fast(&self, id: CommandId, room: RoomId, wait: Duration) {
        self.connection.push(&ServerFrame::Refused {
            id: Some(id.to_string()),
            room: Some(room),
            code: error_code::RATE_LIMITED.into(),
            message: "You are sending messages too quickly.".into(),
            retry_after_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1)),
        });
    }

    pub(super) fn fail(&self, id: Option<String>, room: Option<RoomId>, error: &StoreError) {
        tracing::error!(%error, "command failed");
        self.connection.push(&not_stored(id, room, error));
    }
}

/// Refuses a command because the user is muted.
pub(super) fn muted(id: Option<String>, room: RoomId, until: Millis) -> ServerFrame {
    let left = until.saturating_sub(clock::now()).max(1);
    ServerFrame::Refused {
        id,
        room: Some(room),
        code: error_code::MUTED.into(),
        message: "You are muted in this room.".into(),
        retry_after_ms: u64::try_from(left).ok(),
    }
}

/// Refuses a command because the storage failed, with the time after which to retry.
pub(super) fn not_stored(id: Option<String>, room: Option<RoomId>, error: &StoreError) -> ServerFrame {
    let (code, message, retry_after_ms) = if error.is_full() {
        let message = "The server's disk is full. Send this again later with the same id.";
        (error_code::STORAGE_FULL, message, 5_000)
    } else {
        let message = "The server cannot store this right now. Send it again with the same id.";
        (error_code::UNAVAILABLE, message, 1_000)
    };
    ServerFrame::Refused { id, room, code: code.into(), message: message.into(), retry_after_ms: Some(retry_after_ms) }
}
