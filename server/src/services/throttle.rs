//! Checks before an act: rate limits, login attempts, banned addresses.

use std::time::Instant;

use parlor_protocol::UserId;

use super::{Caller, ClientInfo, Result, ServiceError, Services};
use crate::domain::TokenHash;

impl Services {
    /// Counts a change against the limits of the address and of each session that is presented.
    ///
    /// # Errors
    /// [`ServiceError::RateLimited`]
    pub fn limit_mutations<'a>(
        &self,
        client: &ClientInfo,
        sessions: impl IntoIterator<Item = &'a TokenHash>,
    ) -> Result<()> {
        if !self.rate_limits {
            return Ok(());
        }
        self.mutation_rate_limit
            .take(client.address, sessions)
            .map_err(|retry_after| ServiceError::RateLimited { retry_after })
    }

    /// Counts an attempt at the password of the account with this name key.
    pub(super) fn throttle_password(&self, key: &str, client: &ClientInfo) -> Result<()> {
        if !self.rate_limits {
            return Ok(());
        }
        self.login_throttle
            .take(key, client.address, Instant::now())
            .map_err(|retry_after| ServiceError::TooManyAttempts { retry_after })
    }

    /// Counts an attempt at something that an address could guess: a taken name, a secret link.
    pub(super) fn throttle_guess(&self, client: &ClientInfo) -> Result<()> {
        if !self.rate_limits {
            return Ok(());
        }
        self.login_throttle
            .take_from(client.address, Instant::now())
            .map_err(|retry_after| ServiceError::TooManyAttempts { retry_after })
    }

    /// Rejects newcomers from a banned address.
    pub(super) fn require_unbanned_address(&self, client: &ClientInfo) -> Result<()> {
        self.store.address_ban(client.address).map_or(Ok(()), |ban| Err(ban.into()))
    }

    /// Rejects a change to one's own restrictions.
    pub(super) fn require_someone_else(&self, caller: &Caller, user: UserId) -> Result<()> {
        if caller.user.id == user { Err(ServiceError::OwnRestriction) } else { Ok(()) }
    }
}
