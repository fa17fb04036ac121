//! Sessions and who they authenticate.

use std::{
    fmt,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use parlor_protocol::{Millis, ServerRole, User};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A session ends when it has not been used for this long, and earlier at the end of its configured lifetime.
pub const SESSION_IDLE_TIMEOUT: Millis = 90 * 24 * 3_600_000;

/// The last use of a session is stored at most once in this interval.
pub const SEEN_INTERVAL: Millis = 3_600_000;

/// The SHA-256 of a session token or of another secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Identifies a connection among those of all processes: each process counts from a random number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConnectionId(u64);

impl ConnectionId {
    /// The id of a new connection.
    pub fn next() -> Self {
        static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(rand::random()));
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The user that a session authenticates, with their role on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticatedUser {
    pub user: Arc<User>,
    pub role: ServerRole,
}

/// What a stored session authenticates, whether it has expired or not.
#[derive(Clone, Debug)]
pub struct StoredSession {
    pub user: AuthenticatedUser,
    pub created_at: Millis,
    /// When it was last used, to within [`SEEN_INTERVAL`].
    pub seen_at: Millis,
    /// A ban ended it. While that ban is in force, it still tells who is banned.
    pub ended_by_ban: bool,
}

/// Why someone with an account could not sign in to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInDenial {
    WrongPassword,
    Banned,
}

impl SignInDenial {
    /// The name in the audit log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongPassword => "wrong_password",
            Self::Banned => "banned",
        }
    }
}

#[derive(Clone, Debug)]
pub struct NewSession {
    pub token: TokenHash,
    /// Browser and system, for the list of devices.
    pub device: Option<String>,
    /// The IP address that signed in.
    pub address: Option<String>,
}

/// A stored session, as its owner's list of devices shows it.
#[derive(Clone, Debug)]
pub struct SessionRecord {
    pub token: TokenHash,
    /// Identifies the session in the list without revealing its token.
    pub id: Uuid,
    pub device: Option<String>,
    pub address: Option<String>,
    pub created_at: Millis,
    /// When it was last used, to within [`SEEN_INTERVAL`].
    pub seen_at: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionSelection {
    One(Uuid),
    AllExcept(TokenHash),
}
