//! Bans, mutes and the audit log.

use async_trait::async_trait;
use parlor_protocol::{
    RoomId, UserId,
    http::{AuditEntry, BanInfo},
};

use crate::domain::{ControlEvent, NewBan, NewMute, StoreError};

/// From the commit of a ban or mute on, nothing that the user sends is stored, even if it was queued before.
#[async_trait]
pub trait ModerationStore: Send + Sync + 'static {
    /// Reads the active bans and mutes, as the control events that imposed them.
    async fn active_restrictions(&self) -> Result<Vec<ControlEvent>, StoreError>;

    /// Bans a user, in place of an active ban.
    async fn ban(&self, ban: NewBan) -> Result<(), StoreError>;

    async fn lift_ban(&self, user: UserId, by: UserId) -> Result<(), StoreError>;

    /// The active bans, the newest first.
    async fn bans(&self, limit: u32) -> Result<Vec<BanInfo>, StoreError>;

    /// Mutes a user, in place of an active mute there.
    async fn mute(&self, mute: NewMute) -> Result<(), StoreError>;

    /// Lifts a user's mute in a room or, without a room, on the whole server.
    async fn unmute(&self, user: UserId, room: Option<RoomId>, by: UserId) -> Result<(), StoreError>;

    /// A page of the audit log, the newest entry first. The time does not depend on how far back it lies.
    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;
}
