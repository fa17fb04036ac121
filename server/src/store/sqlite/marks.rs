//! How far people have read, what they have marked, and when they were last there.

use parlor_protocol::{Millis, NotificationLevel, RoomId, Seq, UserId};
use sqlx::SqliteConnection;

use super::{rows, writer::sql_seq};
use crate::domain::StoreError;

/// One write. Nobody waits for it.
pub(super) enum MarkJob {
    /// A member has read up to here, and nothing is marked as unread any more.
    Read { room: RoomId, user: UserId, seq: Seq },
    /// A member has marked what begins here.
    UnreadFrom { room: RoomId, user: UserId, seq: Seq },
}

impl MarkJob {
    /// Does it.
    pub(super) async fn run(self, db: &mut SqliteConnection) -> Result<(), StoreError> {
        let (sql, room, user, seq) = match self {
            Self::Read { room, user, seq } => (
                "UPDATE member SET read_seq = max(read_seq, ?3), unread_from = NULL
                 WHERE room = ?1 AND user = ?2 AND (read_seq < ?3 OR unread_from IS NOT NULL)",
                room,
                user,
                seq,
            ),
            Self::UnreadFrom { room, user, seq } => {
                ("UPDATE member SET unread_from = ?3 WHERE room = ?1 AND user = ?2", room, user, seq)
            }
        };
        sqlx::query(sql).bind(room.as_str()).bind(user.0).bind(sql_seq(seq)).execute(db).await?;
        Ok(())
    }
}

/// What a member wants to hear of the room. False when they are no member.
pub(super) async fn set_level(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    level: NotificationLevel,
) -> Result<bool, StoreError> {
    let set = sqlx::query("UPDATE member SET level = ? WHERE room = ? AND user = ?")
        .bind(level.as_str())
        .bind(room.as_str())
        .bind(user.0)
        .execute(db)
        .await?;
    Ok(set.rows_affected() > 0)
}

/// Notes when people were last there, unless they have deleted their account meanwhile.
pub(super) async fn set_seen(db: &mut SqliteConnection, seen: &[(UserId, Millis)]) -> Result<(), StoreError> {
    for part in seen.chunks(rows::MOST) {
        let sql = rows::sql(
            "UPDATE user SET seen_at = max(coalesce(user.seen_at, 0), seen.column2) FROM (VALUES ",
            2,
            part.len(),
            ") AS seen WHERE user.id = seen.column1 AND user.gone_at IS NULL",
        );
        let mut query = sqlx::query(sql);
        for row in rows::padded(part) {
            query = query.bind(row.map(|(user, _)| user.0)).bind(row.map(|(_, at)| *at));
        }
        query.execute(&mut *db).await?;
    }
    Ok(())
}
