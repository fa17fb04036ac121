//! [`ModerationStore`] on PostgreSQL.

use async_trait::async_trait;
use parlor_protocol::{
    RoomId, UserId,
    http::{AuditEntry, BanInfo},
    policy::ServerAction,
};

use super::{PostgresStore, rights, transaction::WriteTransaction};
use crate::{
    clock,
    domain::{ControlEvent, NewBan, NewMute, StoreError},
    store::{ModerationStore, role_rules},
};

mod bans;
mod mutes;
mod reads;

#[async_trait]
impl ModerationStore for PostgresStore {
    async fn active_restrictions(&self) -> Result<Vec<ControlEvent>, StoreError> {
        self.read(reads::active_restrictions(&self.readers, clock::now())).await
    }

    async fn ban(&self, ban: NewBan) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(bans::ban(tx, ban))).await
    }

    async fn lift_ban(&self, user: UserId, by: UserId) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(bans::lift(tx, user, by))).await
    }

    async fn bans(&self, limit: u32) -> Result<Vec<BanInfo>, StoreError> {
        self.read(reads::bans(&self.readers, clock::now(), limit)).await
    }

    async fn mute(&self, mute: NewMute) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(mutes::mute(tx, mute))).await
    }

    async fn unmute(&self, user: UserId, room: Option<RoomId>, by: UserId) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(mutes::unmute(tx, user, room, by))).await
    }

    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(reads::audit(&self.readers, before, limit)).await
    }
}

/// Requires that `by` may impose or lift a ban or server-wide mute of a user. `imposed_by`: who imposed what is active now.
async fn require_moderation(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    by: UserId,
    imposed_by: Option<UserId>,
) -> Result<(), StoreError> {
    let own_role = rights::require(tx, by, ServerAction::Moderate).await?;
    let on = rights::role_of(tx, user).await?;
    Ok(role_rules::require_moderation((by, own_role), on, imposed_by)?)
}
