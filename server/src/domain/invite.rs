//! Invites.

use parlor_protocol::{Millis, ServerRole, UserId};

use super::TokenHash;

#[derive(Clone, Debug)]
pub struct NewInvite {
    pub token: TokenHash,
    pub by: UserId,
    pub expires_at: Millis,
    /// How often it can be used; none for no limit.
    pub uses: Option<u32>,
    /// The role of the accounts created with it.
    pub role: ServerRole,
}
