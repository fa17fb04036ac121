//! Responses to commands: `ack`, and `refused` for commands without effect.

use std::time::Duration;

use parlor_protocol::{CommandId, RoomId, ServerFrame};

use super::Session;
use crate::services::{Result, ServiceError, StoredEvent};

impl Session {
    /// Responds to a command when its outcome is known. Waits while too many commands are in flight; none when the connection
    /// has ended.
    pub(super) async fn responder(
        &self,
        id: CommandId,
        room: RoomId,
    ) -> Option<impl FnOnce(Result<StoredEvent>) + Send + 'static> {
        let permit = self.in_flight.clone().acquire_owned().await.ok()?;
        let connection = self.connection.clone();
        Some(move |outcome: Result<StoredEvent>| {
            connection.push(&match outcome {
                Ok(StoredEvent { seq, at }) => ServerFrame::Ack { id, room, seq, at },
                Err(error) => refused(Some(id.to_string()), Some(room), &error),
            });
            drop(permit);
        })
    }

    /// Refuses what does not reach a service.
    pub(super) fn refuse(&self, id: Option<String>, room: Option<RoomId>, code: &str, message: impl Into<String>) {
        let (code, message) = (code.into(), message.into());
        self.connection.push(&ServerFrame::Refused { id, room, code, message, retry_after_ms: None });
    }

    /// Refuses a command that has no id.
    pub(super) fn refuse_error(&self, room: Option<RoomId>, error: &ServiceError) {
        self.connection.push(&refused(None, room, error));
    }
}

fn refused(id: Option<String>, room: Option<RoomId>, error: &ServiceError) -> ServerFrame {
    let retry_after = match error {
        ServiceError::StorageFull => Some(Duration::from_secs(5)),
        ServiceError::Unavailable => Some(Duration::from_secs(1)),
        error => error.retry_after(),
    };
    let retry_after_ms = retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
    ServerFrame::Refused { id, room, code: error.code().into(), message: error.to_string(), retry_after_ms }
}
