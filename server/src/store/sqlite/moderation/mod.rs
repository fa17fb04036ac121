//! [`ModerationStore`] on SQLite.

use async_trait::async_trait;
use parlor_protocol::{
    RoomId, UserId,
    http::{AuditEntry, BanInfo},
    policy::{ModerationCase, ModerationParty},
};

use super::{SqliteStore, transaction::WriteTransaction, values::server_role};
use crate::{
    clock,
    domain::{ControlEvent, ModerationOutcome, NewBan, NewMute, StoreError},
    store::ModerationStore,
};

mod bans;
mod mutes;
mod reads;

#[async_trait]
impl ModerationStore for SqliteStore {
    async fn active_restrictions(&self) -> Result<Vec<ControlEvent>, StoreError> {
        reads::active_restrictions(&self.readers, clock::now()).await
    }

    async fn ban(&self, ban: NewBan) -> Result<ModerationOutcome<()>, StoreError> {
        self.write(move |tx| Box::pin(bans::ban(tx, ban))).await
    }

    async fn lift_ban(&self, user: UserId, by: UserId) -> Result<ModerationOutcome<()>, StoreError> {
        self.write(move |tx| Box::pin(bans::lift(tx, user, by))).await
    }

    async fn bans(&self, limit: u32) -> Result<Vec<BanInfo>, StoreError> {
        reads::bans(&self.readers, clock::now(), limit).await
    }

    async fn mute(&self, mute: NewMute) -> Result<ModerationOutcome<()>, StoreError> {
        self.write(move |tx| Box::pin(mutes::mute(tx, mute))).await
    }

    async fn unmute(
        &self,
        user: UserId,
        room: Option<RoomId>,
        by: UserId,
    ) -> Result<ModerationOutcome<()>, StoreError> {
        self.write(move |tx| Box::pin(mutes::unmute(tx, user, room, by))).await
    }

    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        reads::audit(&self.readers, before, limit).await
    }
}

/// The case of imposing or lifting something, with the roles and rooms as they are in this transaction. None when one of the
/// two users does not exist. `imposed_by`: who imposed what is active now.
async fn case(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    by: UserId,
    room: Option<&RoomId>,
    imposed_by: Option<UserId>,
) -> Result<Option<ModerationCase>, StoreError> {
    let (Some(on), Some(actor)) = (party(tx, user, room).await?, party(tx, by, room).await?) else { return Ok(None) };
    let by_another = imposed_by.is_some_and(|earlier| earlier != by);
    Ok(Some(ModerationCase { by: actor, on, by_another }))
}

async fn party(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: Option<&RoomId>,
) -> Result<Option<ModerationParty>, StoreError> {
    let row: Option<(String, bool, bool)> = sqlx::query_as(
        "SELECT role,
                EXISTS (SELECT 1 FROM member WHERE member.user = ?1 AND member.room = ?2 AND member.role = 'moderator'),
                EXISTS (SELECT 1 FROM room WHERE room.id = ?2 AND room.created_by = ?1)
         FROM user WHERE user.id = ?1 AND gone_at IS NULL",
    )
    .bind(user.0)
    .bind(room.map(RoomId::as_str))
    .fetch_optional(tx.db())
    .await?;
    Ok(row.map(|(role, moderator, maker)| ModerationParty { role: server_role(&role), moderator, maker }))
}
