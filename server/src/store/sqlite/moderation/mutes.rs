//! Mutes in a room or on the whole server, each with its entry in the audit log.

use parlor_protocol::{
    RoomId, UserId,
    policy::{self, ModerationCase},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        audit::{self, Entry},
        transaction::WriteTransaction,
    },
    case,
};
use crate::domain::{AuditAct, ControlEvent, ModerationOutcome, NewMute, StoreError};

pub(super) async fn mute(tx: &mut WriteTransaction<'_>, new: NewMute) -> Result<ModerationOutcome<()>, StoreError> {
    let NewMute { user, by, room, until } = new;
    let active = active_mute(tx, user, room.as_ref()).await?;
    match case(tx, user, by, room.as_ref(), active).await? {
        None => return Ok(ModerationOutcome::NotFound),
        Some(case) if !can_mute(case, room.as_ref()) => return Ok(ModerationOutcome::Forbidden),
        Some(_) => {}
    }
    sqlx::query("DELETE FROM mute WHERE until <= ?").bind(tx.now).execute(tx.db()).await?;
    sqlx::query(
        "INSERT INTO mute (user, room, made_by, until) VALUES (?, ?, ?, ?)
         ON CONFLICT (user, room) DO UPDATE SET made_by = excluded.made_by, until = excluded.until",
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
    Ok(ModerationOutcome::Done(()))
}

pub(super) async fn unmute(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: Option<RoomId>,
    by: UserId,
) -> Result<ModerationOutcome<()>, StoreError> {
    let active = active_mute(tx, user, room.as_ref()).await?;
    match case(tx, user, by, room.as_ref(), active).await? {
        Some(case) if !can_mute(case, room.as_ref()) => return Ok(ModerationOutcome::Forbidden),
        Some(_) if active.is_some() => {}
        Some(_) | None => return Ok(ModerationOutcome::NotFound),
    }
    sqlx::query("DELETE FROM mute WHERE user = ? AND room = ?")
        .bind(user.0)
        .bind(room_column(room.as_ref()))
        .execute(tx.db())
        .await?;
    let entry = Entry { subject: Some(user), room: room.clone(), ..Entry::new(by, AuditAct::Unmuted) };
    audit::record(tx, entry).await?;
    tx.publish(ControlEvent::MuteLifted { user, room });
    Ok(ModerationOutcome::Done(()))
}

fn can_mute(case: ModerationCase, room: Option<&RoomId>) -> bool {
    if room.is_some() { policy::can_mute_in_room(case) } else { policy::can_moderate(case) }
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
    let found: Option<Uuid> = sqlx::query_scalar("SELECT made_by FROM mute WHERE user = ? AND room = ? AND until > ?")
        .bind(user.0)
        .bind(room_column(room))
        .bind(tx.now)
        .fetch_optional(tx.db())
        .await?;
    Ok(found.map(UserId))
}
