//! Notification levels.

use parlor_protocol::{NotificationLevel, RoomId, UserId};

use super::super::transaction::WriteTransaction;
use crate::domain::{MembershipChange, StoreError};

pub(super) async fn set(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    level: NotificationLevel,
) -> Result<bool, StoreError> {
    let set = sqlx::query("UPDATE member SET level = $1 WHERE room = $2 AND user_id = $3")
        .bind(level.as_str())
        .bind(room.as_str())
        .bind(user.0)
        .execute(tx.db())
        .await?;
    let is_member = set.rows_affected() > 0;
    if is_member {
        tx.publish_membership(&room, user, MembershipChange::Level(level));
    }
    Ok(is_member)
}
