//! What all sessions share.

use std::{sync::Arc, time::Duration};

use parlor_protocol::ServerInfo;

use crate::{
    connection::HeartbeatWheel,
    domain::AuthenticatedUser,
    limits::{ConnectionLimits, ConnectionShare},
    room::Hub,
    services::{ClientInfo, Result, ServiceError, Services},
};

pub struct SessionContext {
    pub services: Arc<Services>,
    /// Live rooms and connected users.
    pub hub: Arc<Hub>,
    pub connections: Arc<HeartbeatWheel>,
    pub limits: ConnectionLimits,
    /// The hash of the site files, see [`ServerInfo::build`].
    pub build: String,
    /// Time within which a client must send `hello`.
    pub hello_timeout: Duration,
}

impl SessionContext {
    /// Admits a new connection of a user.
    ///
    /// # Errors
    /// [`ServiceError::TooManyConnections`]: its address has too many.
    pub fn admit(&self, who: &AuthenticatedUser, client: &ClientInfo) -> Result<Arc<ConnectionShare>> {
        self.limits.open(who.user.id, client.address).ok_or(ServiceError::TooManyConnections)
    }

    /// This server's description in `welcome` and on pages.
    pub fn server_info(&self) -> ServerInfo {
        let version = env!("CARGO_PKG_VERSION").into();
        ServerInfo { name: self.services.server_name(), version, build: self.build.clone() }
    }
}
