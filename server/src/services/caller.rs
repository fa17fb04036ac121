//! Who acts, and where a request comes from.

use std::{net::IpAddr, sync::Arc};

use parlor_protocol::{ServerRole, User};

use crate::domain::{AuthenticatedUser, TokenHash};

/// The person behind an authenticated session.
#[derive(Clone, Debug)]
pub struct Caller {
    pub user: Arc<User>,
    pub role: ServerRole,
    /// The session that they act through.
    pub token: TokenHash,
}

impl Caller {
    pub fn signed_in(&self) -> AuthenticatedUser {
        AuthenticatedUser { user: self.user.clone(), role: self.role }
    }
}

/// The origin of a request. Rate limits and bans apply to the address; the list of sessions shows both.
#[derive(Clone, Debug)]
pub struct ClientInfo {
    pub address: IpAddr,
    /// Browser and system, such as `Firefox on Linux`.
    pub device: Option<String>,
}
