//! `delete`: removes a message.

use parlor_protocol::{CommandId, RoomId, error_code, policy::RoomAction};

use super::{Session, send::respond};
use crate::domain::{AppendOutcome, LogCommand, LogCommandKind, OnAppended, StoreError};

impl Session {
    pub(super) async fn delete(&self, id: CommandId, room: RoomId, message: CommandId) {
        if id.0.is_nil() {
            return self.refuse(Some(id.to_string()), Some(room), error_code::BAD_FRAME, "The id must not be nil.");
        }
        // The store finds out who wrote the message.
        let own = self.live.may(&self.connection, RoomAction::DeleteOwn, &room);
        let others = self.live.may(&self.connection, RoomAction::DeleteOthers, &room).is_ok();
        let own = match own {
            Err(denied) if !others => return self.refuse_denied(Some(id.to_string()), room, denied),
            own => own.is_ok(),
        };
        if let Err(wait) = self.message_limit.take() {
            return self.refuse_too_fast(id, room, wait);
        }
        let Ok(permit) = self.in_flight.clone().acquire_owned().await else { return };
        let as_member = self.live.hub.role_and_status(self.user(), &room).1.is_some();
        let kind = LogCommandKind::Delete { message, own, others, as_member };
        let command = LogCommand { id, room: room.clone(), by: self.connection.user.clone(), kind };
        let connection = self.connection.clone();
        let done = move |result: Result<AppendOutcome, StoreError>| {
            respond(&connection, id, room, &result);
            drop(permit);
        };
        self.live.store.append(command, OnAppended::new(done)).await;
    }
}
