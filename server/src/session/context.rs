//! What all sessions share.

use std::{sync::Arc, time::Duration};

use parlor_protocol::ServerInfo;

use crate::{connection::HeartbeatWheel, room::Hub, services::Services};

/// What all sessions share.
pub struct SessionContext {
    pub services: Arc<Services>,
    /// Live rooms and connected users.
    pub hub: Arc<Hub>,
    /// All live connections.
    pub connections: Arc<HeartbeatWheel>,
    /// This server's description in `welcome`.
    pub server: ServerInfo,
    /// Time within which a client must send `hello`.
    pub hello_timeout: Duration,
}
