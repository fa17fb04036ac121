//! What all sessions share.

use std::{sync::Arc, time::Duration};

use parlor_protocol::ServerInfo;

use crate::{connection::HeartbeatWheel, room::Hub, services::Services};

pub struct SessionContext {
    pub services: Arc<Services>,
    /// Live rooms and connected users.
    pub hub: Arc<Hub>,
    pub connections: Arc<HeartbeatWheel>,
    /// The hash of the site files, see [`ServerInfo::build`].
    pub build: String,
    /// Time within which a client must send `hello`.
    pub hello_timeout: Duration,
}

impl SessionContext {
    /// This server's description in `welcome` and on pages.
    pub fn server_info(&self) -> ServerInfo {
        let version = env!("CARGO_PKG_VERSION").into();
        ServerInfo { name: self.services.server_name(), version, build: self.build.clone() }
    }
}
