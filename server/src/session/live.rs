//! What all sessions share.

use std::{ops::Deref, sync::Arc, time::Duration};

use parlor_protocol::{RoomId, ServerInfo, policy::RoomAction};

use crate::{
    connection::Connection,
    room::Room,
    services::{AccessDenied, Services},
};

/// What all sessions share.
pub struct Live {
    pub services: Arc<Services>,
    /// What `welcome` tells of this server.
    pub server: ServerInfo,
    /// Time within which `hello` must have come.
    pub hello_timeout: Duration,
}

impl Deref for Live {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl Live {
    /// The room, when a connected person may do this there.
    ///
    /// # Errors
    /// See [`AccessDenied`].
    pub fn may(&self, connection: &Connection, action: RoomAction, room: &RoomId) -> Result<Arc<Room>, AccessDenied> {
        self.authorize_connected(connection, action, room)
    }
}
