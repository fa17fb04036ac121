//! Sessions.

use async_trait::async_trait;
use parlor_protocol::{Millis, UserId};

use crate::domain::{Account, NewSession, SessionRecord, SessionSelection, StoreError, StoredSession, TokenHash};

#[async_trait]
pub trait SessionStore: Send + Sync + 'static {
    async fn load_session(&self, token: TokenHash) -> Result<Option<StoredSession>, StoreError>;

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

    /// The sessions of a user that began at this time or later and are in use, the most recently used first.
    async fn sessions_of(&self, user: UserId, begun_since: Millis) -> Result<Vec<SessionRecord>, StoreError>;

    /// Ends sessions of a user; returns those that were ended.
    async fn end_sessions(&self, user: UserId, which: SessionSelection) -> Result<Vec<TokenHash>, StoreError>;

    /// Ends sessions that began before this time or are not used any more, and deletes expired reset links.
    async fn end_expired_sessions(&self, begun_before: Millis) -> Result<(), StoreError>;
}
