//! Sessions.

use async_trait::async_trait;
use parlor_protocol::{Millis, UserId};

use crate::domain::{
    Account, NewSession, SessionRecord, SessionSelection, SignInDenial, StoreError, StoredSession, TokenHash,
};

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

    /// Notes in the audit log that someone could not sign in to an account. Returns once it is queued, so that the time of the
    /// answer does not tell whether there is such an account.
    async fn record_denied_sign_in(&self, user: UserId, denial: SignInDenial) -> Result<(), StoreError>;

    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError>;

    /// The sessions of a user that began at this time or later and are in use, the most recently used first.
    async fn sessions_of(&self, user: UserId, begun_since: Millis) -> Result<Vec<SessionRecord>, StoreError>;

    /// Ends sessions of a user; returns those that were ended.
    async fn end_sessions(&self, user: UserId, which: SessionSelection) -> Result<Vec<TokenHash>, StoreError>;

    /// Ends all sessions of another user.
    async fn end_sessions_of(&self, user: UserId, by: UserId) -> Result<(), StoreError>;

    /// Ends sessions that began before this time or are not used any more, deletes expired reset links, and ends the memberships
    /// of guests who have no session any more, except in direct rooms.
    async fn end_expired_sessions(&self, begun_before: Millis) -> Result<(), StoreError>;
}
