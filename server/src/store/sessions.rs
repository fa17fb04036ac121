//! Sessions.

use async_trait::async_trait;
use parlor_protocol::{Millis, UserId};

use crate::domain::{Account, AuthenticatedUser, NewSession, SessionRecord, SessionSelection, StoreError, TokenHash};

#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    /// Reads the user of a session and when the session was last used, whether it has expired or not.
    async fn load_session(&self, token: TokenHash) -> Result<Option<(AuthenticatedUser, Millis)>, StoreError>;

    /// Stores that a session was used just now, if the writer has time: the next use will do as well.
    fn touch_session(&self, token: TokenHash);

    /// Begins a session of an account and ends the one that it replaces. False when the account was deleted or its password
    /// changed meanwhile.
    async fn begin_session(
        &self,
        account: &Account,
        session: NewSession,
        replaced: Option<TokenHash>,
    ) -> Result<bool, StoreError>;

    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError>;

    /// The sessions of a user, the most recently used first.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError>;

    /// Ends sessions of a user; returns those that were ended.
    async fn end_sessions(&self, user: UserId, which: SessionSelection) -> Result<Vec<TokenHash>, StoreError>;

    /// Deletes expired sessions and reset links.
    async fn delete_expired_sessions(&self) -> Result<(), StoreError>;
}
