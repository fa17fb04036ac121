//! Sessions.

use std::{net::IpAddr, sync::Arc};

use parlor_protocol::Millis;
use sqlx::FromRow;
use uuid::Uuid;

use super::super::values::{server_role, token_hashes, user};
use crate::{
    domain::{AuthenticatedUser, SessionRecord, StoredSession, TokenHash},
    limits::network,
};

/// A session with the user that it authenticates.
#[derive(FromRow)]
pub(in super::super) struct StoredSessionRow {
    id: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
    role: String,
    created_at: Millis,
    seen_at: Millis,
    ended_by_ban: bool,
}

impl StoredSessionRow {
    pub(in super::super) fn session(self) -> StoredSession {
        let user = Arc::new(user(self.id, self.name, &self.kind, self.colour));
        StoredSession {
            user: AuthenticatedUser { user, role: server_role(&self.role) },
            created_at: self.created_at,
            seen_at: self.seen_at,
            ended_by_ban: self.ended_by_ban,
        }
    }
}

/// A session in its owner's list.
#[derive(FromRow)]
pub(in super::super) struct SessionRow {
    token_hash: Vec<u8>,
    id: Option<Uuid>,
    device: Option<String>,
    address: Option<String>,
    created_at: Millis,
    seen_at: Option<Millis>,
}

impl SessionRow {
    /// None without an id that names it in the list.
    pub(in super::super) fn record(self) -> Option<SessionRecord> {
        Some(SessionRecord {
            token: TokenHash(self.token_hash.try_into().ok()?),
            id: self.id?,
            device: self.device,
            address: self.address,
            created_at: self.created_at,
            seen_at: self.seen_at.unwrap_or(self.created_at),
        })
    }
}

/// Of sessions with their addresses, those from an address or, with IPv6, from its /64.
pub(in super::super) fn tokens_from(sessions: Vec<(Vec<u8>, String)>, address: IpAddr) -> Vec<TokenHash> {
    let wanted = network(address);
    let is_from = |address: &str| address.parse().is_ok_and(|address| network(address) == wanted);
    token_hashes(sessions.into_iter().filter(|(_, address)| is_from(address)).map(|(token, _)| token).collect())
}
