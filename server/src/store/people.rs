//! Accounts, sessions, invitations and roles, in the words of the store.

use async_trait::async_trait;
use parlor_protocol::{
    Millis, ServerRole, User, UserId,
    http::{InviteInfo, PeoplePage},
};
use uuid::Uuid;

use crate::domain::{
    Account, CreateError, IsNameInUse, Name, NewAccount, NewInvite, NewSession, RoleChangeOutcome, SessionRecord,
    SessionSelection, StoreError, TokenHash,
};

/// Whether someone with the first role may give someone with the second the third.
pub type MayAppoint = fn(ServerRole, ServerRole, ServerRole) -> bool;

/// Who people are. Reads see every commit that was answered before they began; writes are answered when they are on disk,
/// and what they change of sessions holds from then on.
#[async_trait]
pub trait People: Send + Sync + 'static {
    /// Makes a guest, a member of the lobby, with a session. Without a name the guest gets a numbered one.
    async fn create_guest(
        &self,
        name: Option<Name>,
        session: NewSession,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError>;

    /// Makes an account with a session. A guest who becomes one keeps the id and loses all sessions from before.
    async fn create_account(
        &self,
        account: NewAccount,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError>;

    /// Whether an account other than this person's has the name with this key, to sign in with or to show.
    async fn is_name_taken(&self, key: &str, except: Option<UserId>) -> Result<bool, StoreError>;

    /// The account that signs in with the name of this key.
    async fn account_by_name(&self, key: &str) -> Result<Option<Account>, StoreError>;

    /// The account of a person.
    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError>;

    /// Begins a session of someone with an account, in the place of another one. False when the account has gone or its
    /// password is another since.
    async fn begin_session(
        &self,
        account: &Account,
        session: NewSession,
        replaced: Option<TokenHash>,
    ) -> Result<bool, StoreError>;

    /// The sessions of a person, the most recently used first.
    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError>;

    /// Ends sessions of a person; those that were ended.
    async fn end_sessions(&self, user: UserId, which: SessionSelection) -> Result<Vec<TokenHash>, StoreError>;

    /// Sets a password, ends all sessions of the person and begins one. False when the account has gone or its password
    /// is another since.
    async fn change_password(
        &self,
        account: &Account,
        password: String,
        session: NewSession,
    ) -> Result<bool, StoreError>;

    /// Makes a link by which someone can set a password. False when there is no such account.
    async fn make_reset(
        &self,
        user: UserId,
        by: UserId,
        token: TokenHash,
        expires_at: Millis,
    ) -> Result<bool, StoreError>;

    /// The account that a reset link is for, while it can be used.
    async fn account_of_reset(&self, token: TokenHash) -> Result<Option<Account>, StoreError>;

    /// Uses a reset link: sets the password, ends all sessions of the person and begins one. Once; none when it was used
    /// meanwhile.
    async fn use_reset(
        &self,
        token: TokenHash,
        password: String,
        session: NewSession,
    ) -> Result<Option<User>, StoreError>;

    /// Makes an invitation.
    async fn make_invite(&self, invite: NewInvite) -> Result<InviteInfo, StoreError>;

    /// The invitations that can still be used, the newest first.
    async fn invites(&self) -> Result<Vec<InviteInfo>, StoreError>;

    /// The invitation with this secret, while it can be used; also the one that makes an owner.
    async fn invite_of(&self, token: TokenHash) -> Result<Option<InviteInfo>, StoreError>;

    /// Revokes an invitation. False when there is none that could still be used.
    async fn revoke_invite(&self, id: Uuid, by: UserId) -> Result<bool, StoreError>;

    /// When there is no owner: from now on this secret makes one, and no other does. False when there is one.
    async fn offer_ownership(&self, token: TokenHash) -> Result<bool, StoreError>;

    /// Sets the name to show, the colour or both. None when the person has no account.
    async fn set_profile(
        &self,
        user: UserId,
        name: Option<Name>,
        colour: Option<u8>,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError>;

    /// Deletes an account and ends its sessions. What was said stays, under a name that tells. False for the last owner.
    async fn delete_account(&self, user: UserId) -> Result<bool, StoreError>;

    /// Gives someone another role, when `may` says so of the roles as they are by then.
    async fn give_role(
        &self,
        by: UserId,
        user: UserId,
        role: ServerRole,
        may: MayAppoint,
    ) -> Result<RoleChangeOutcome, StoreError>;

    /// Notes when people were last connected.
    async fn set_seen(&self, seen: Vec<(UserId, Millis)>) -> Result<(), StoreError>;

    /// When someone was last connected, as far as it is noted.
    async fn seen_at(&self, user: UserId) -> Result<Option<Millis>, StoreError>;

    /// People with an account whose name has this in it, after a place in the list.
    async fn people(&self, query: &str, after: Option<&str>, limit: u32) -> Result<PeoplePage, StoreError>;

    /// Forgets sessions that nobody uses any more, and links that have expired.
    async fn sweep(&self) -> Result<(), StoreError>;
}
