//! What members say of their own membership: read positions, unread marks and notification levels.

use parlor_protocol::{NotificationLevel, RoomId, Seq, UserId};

use super::super::{transaction::WriteTransaction, values::sql_seq};
use crate::domain::{ConnectionId, MembershipChange, StoreError};

pub(super) async fn set_read(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    seq: Seq,
    origin: ConnectionId,
) -> Result<(), StoreError> {
    let set = sqlx::query(
        "UPDATE member SET read_seq = max(read_seq, ?3), unread_from = NULL
         WHERE room = ?1 AND user = ?2 AND (read_seq < ?3 OR unread_from IS NOT NULL)",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(sql_seq(seq))
    .execute(tx.db())
    .await?;
    if set.rows_affected() > 0 {
        tx.publish_membership(&room, user, MembershipChange::Read { seq, origin });
    }
    Ok(())
}

pub(super) async fn set_unread_from(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    seq: Seq,
    origin: ConnectionId,
) -> Result<(), StoreError> {
    let set = sqlx::query("UPDATE member SET unread_from = ? WHERE room = ? AND user = ?")
        .bind(sql_seq(seq))
        .bind(room.as_str())
        .bind(user.0)
        .execute(tx.db())
        .await?;
    if set.rows_affected() > 0 {
        tx.publish_membership(&room, user, MembershipChange::UnreadFrom { seq, origin });
    }
    Ok(())
}

pub(super) async fn set_level(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    level: NotificationLevel,
) -> Result<bool, StoreError> {
    let set = sqlx::query("UPDATE member SET level = ? WHERE room = ? AND user = ?")
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
