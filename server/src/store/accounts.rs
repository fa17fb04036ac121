//! Users, accounts and their passwords, profiles and roles.

use async_trait::async_trait;
use parlor_protocol::{Millis, ServerRole, User, UserId, http::PeoplePage};

use crate::domain::{Account, CreateError, IsNameInUse, Name, NewAccount, NewSession, StoreError, TokenHash};

#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Creates a guest, a member of the lobby, with a session. Without a name the guest gets a numbered one.
    async fn create_guest(
        &self,
        name: Option<Name>,
        session: NewSession,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError>;

    /// Creates an account with a session. A guest who becomes an account keeps the id and loses all earlier sessions.
    async fn create_account(
        &self,
        account: NewAccount,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError>;

    /// Whether an account of another user has this name or one that looks like it, as its sign-in name or its display name.
    async fn is_name_taken(&self, name: &Name, except: Option<UserId>) -> Result<bool, StoreError>;

    /// The account whose sign-in name has this key.
    async fn account_by_name(&self, key: &str) -> Result<Option<Account>, StoreError>;

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// Sets a password, ends all sessions of the user and begins one in place of `replaced`. False when the account was deleted or its password
    /// changed meanwhile.
    async fn change_password(
        &self,
        account: &Account,
        password: String,
        session: NewSession,
        replaced: TokenHash,
    ) -> Result<bool, StoreError>;

    /// Creates a link to set a new password.
    async fn create_reset_token(
        &self,
        user: UserId,
        by: UserId,
        token: TokenHash,
        expires_at: Millis,
    ) -> Result<(), StoreError>;

    /// The account that a reset link is for, while the link is valid.
    async fn account_of_reset_token(&self, token: TokenHash) -> Result<Option<Account>, StoreError>;

    /// Uses a reset link: sets the password, ends all sessions of the user and begins one. None when it was used meanwhile.
    async fn redeem_reset_token(
        &self,
        token: TokenHash,
        password: String,
        session: NewSession,
    ) -> Result<Option<User>, StoreError>;

    /// Sets the display name, the colour or both.
    async fn set_profile(
        &self,
        user: UserId,
        name: Option<Name>,
        colour: Option<u8>,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError>;

    /// Deletes an account and ends its sessions. Its messages stay, under a name that says so. False for the last owner.
    async fn delete_account(&self, user: UserId) -> Result<bool, StoreError>;

    async fn set_role(&self, by: UserId, user: UserId, role: ServerRole) -> Result<(), StoreError>;

    /// Stores when users were last connected.
    async fn set_seen(&self, seen: Vec<(UserId, Millis)>) -> Result<(), StoreError>;

    /// When a user was last connected, as far as it is stored.
    async fn seen_at(&self, user: UserId) -> Result<Option<Millis>, StoreError>;

    /// A user, with or without an account.
    async fn find_user(&self, user: UserId) -> Result<Option<User>, StoreError>;

    /// A page of the users with an account whose display name contains `query`, by name.
    async fn search_accounts(&self, query: &str, after: Option<&str>, limit: u32) -> Result<PeoplePage, StoreError>;
}
