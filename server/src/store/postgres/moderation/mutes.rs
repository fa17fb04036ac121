//! Mutes in a room or on the whole server, each with its entry in the audit log.

use parlor_protocol::{RoomId, UserId, policy::RoomAction};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        audit::{self, Entry},
        rights,
        transaction::WriteTransaction,
    },
    require_moderation,
};
use crate::domain::{AuditAct, ControlEvent, NewMute, Refusal, StoreError};

pub(super) async fn mute(tx: &mut WriteTransaction<'_>, new: NewMute) -> Result<(), StoreError> {
    let NewMute { user, by, room, until } = new;
    tx.lock_users(&[by], &[user]).await?;
    let active = active_mute(tx, user, room.as_ref()).await?;
    require_muting(tx, user, by, room.as_ref(), active).await?;
    sqlx::query("DELETE FROM mute WHERE until <= $1").bind(tx.now).execute(tx.db()).await?;
    sqlx::query(
        "INSERT INTO mute (user_id, room, made_by, until) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id, room) DO UPDATE SET made_by = excluded.made_by, until = excluded.until",
    )
    .bind(user.0)
    .bind(room_column(room.as_ref()))
    .bind(by.0)
    .bind(until)
    .execute(tx.db())
    .await?;
    let details = Some(json!({ "until": until }));
    let entry = Entry { subject: Some(user), room: room.clone(), details, ..Entry::new(by, AuditAct::Muted) };
    audit::record(tx, entry).await?;
    tx.publish(ControlEvent::UserMuted { user, room, until });
    Ok(())
}

pub(super) async fn unmute(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: Option<RoomId>,
    by: UserId,
) -> Result<(), StoreError> {
    tx.lock_users(&[by], &[user]).await?;
    let active = active_mute(tx, user, room.as_ref()).await?;
    require_muting(tx, user, by, room.as_ref(), active).await?;
    if active.is_none() {
        return Err(Refusal::NotMuted.into());
    }
    sqlx::query("DELETE FROM mute WHERE user_id = $1 AND room = $2")
        .bind(user.0)
        .bind(room_column(room.as_ref()))
        .execute(tx.db())
        .await?;
    let entry = Entry { subject: Some(user), room: room.clone(), ..Entry::new(by, AuditAct::Unmuted) };
    audit::record(tx, entry).await?;
    tx.publish(ControlEvent::MuteLifted { user, room });
    Ok(())
}

/// Requires that `by` may impose or lift a mute there. In a room, it does not matter who imposed it.
async fn require_muting(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    by: UserId,
    room: Option<&RoomId>,
    imposed_by: Option<UserId>,
) -> Result<(), StoreError> {
    let Some(room) = room else { return require_moderation(tx, user, by, imposed_by).await };
    let actor = rights::require_in_room(tx, by, room, RoomAction::Mute).await?;
    let target = rights::party(tx, user, room).await?.ok_or(Refusal::PersonNotFound)?;
    if actor.outranks(target) { Ok(()) } else { Err(Refusal::TargetNotBelow.into()) }
}

/// The value of the column `room`: empty for the whole server.
fn room_column(room: Option<&RoomId>) -> &str {
    room.map_or("", RoomId::as_str)
}

/// Who imposed the active mute there.
async fn active_mute(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: Option<&RoomId>,
) -> Result<Option<UserId>, StoreError> {
    let found: Option<Uuid> =
        sqlx::query_scalar("SELECT made_by FROM mute WHERE user_id = $1 AND room = $2 AND until > $3")
            .bind(user.0)
            .bind(room_column(room))
            .bind(tx.now)
            .fetch_optional(tx.db())
            .await?;
    Ok(found.map(UserId))
}
