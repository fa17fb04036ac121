//! Invites.

use async_trait::async_trait;
use parlor_protocol::{UserId, http::InviteInfo};
use uuid::Uuid;

use crate::domain::{NewInvite, StoreError, TokenHash};

#[async_trait]
pub trait InviteStore: Send + Sync + 'static {
    async fn create_invite(&self, invite: NewInvite) -> Result<InviteInfo, StoreError>;

    /// The valid invites, the newest first; without the one that makes an owner.
    async fn invites(&self) -> Result<Vec<InviteInfo>, StoreError>;

    /// The invite with this secret, while it is valid; also the one that makes an owner.
    async fn invite_of(&self, token: TokenHash) -> Result<Option<InviteInfo>, StoreError>;

    async fn revoke_invite(&self, id: Uuid, by: UserId) -> Result<(), StoreError>;

    /// Makes this secret, and no other, the invite that makes an owner. False when there is an owner.
    async fn create_owner_invite(&self, token: TokenHash) -> Result<bool, StoreError>;
}
