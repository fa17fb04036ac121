//! Edits of messages: which events have their later versions.

use parlor_protocol::{Event, RoomId, Seq, UserId, http::MessageVersion};
use sqlx::{SqliteConnection, SqlitePool};

use super::super::{transaction::WriteTransaction, values::sql_seq};
use crate::{
    domain::StoreError,
    store::log::{ERASED_DIGEST, VersionRow},
};

/// Notes an edit that was just inserted. Its mentions replace those of the message.
pub(super) async fn insert(
    db: &mut SqliteConnection,
    event: &Event,
    message_seq: Seq,
    mentions: &[UserId],
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO edit (room, message_seq, seq) VALUES (?, ?, ?)")
        .bind(event.room.as_str())
        .bind(sql_seq(message_seq))
        .bind(sql_seq(event.seq))
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM mention WHERE room = ? AND seq = ?")
        .bind(event.room.as_str())
        .bind(sql_seq(message_seq))
        .execute(&mut *db)
        .await?;
    for user in mentions {
        sqlx::query("INSERT INTO mention (room, seq, user) VALUES (?, ?, ?)")
            .bind(event.room.as_str())
            .bind(sql_seq(message_seq))
            .bind(user.0)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Removes the content of the later versions of a deleted message, in rows of the same size as `clear_message` does.
pub(super) async fn clear(tx: &mut WriteTransaction<'_>, room: &RoomId, message_seq: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE event SET kind = 'voided', digest = ?1,
                body = CAST(zeroblob(octet_length(body)) AS TEXT), html = CAST(zeroblob(octet_length(html)) AS TEXT),
                detail = CAST(zeroblob(octet_length(detail)) AS TEXT)
         WHERE room = ?2 AND seq IN (SELECT seq FROM edit WHERE room = ?2 AND message_seq = ?3)",
    )
    .bind(&ERASED_DIGEST[..])
    .bind(room.as_str())
    .bind(message_seq)
    .execute(tx.db())
    .await?;
    sqlx::query("DELETE FROM edit WHERE room = ? AND message_seq = ?")
        .bind(room.as_str())
        .bind(message_seq)
        .execute(tx.db())
        .await?;
    Ok(())
}

pub(super) async fn versions(
    db: &SqlitePool,
    room: &RoomId,
    message_seq: Seq,
) -> Result<Vec<MessageVersion>, StoreError> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT at, body, html FROM event
         WHERE room = ?1 AND kind IN ('message', 'edited')
             AND seq IN (SELECT ?2 UNION ALL SELECT seq FROM edit WHERE room = ?1 AND message_seq = ?2)
         ORDER BY seq",
    )
    .bind(room.as_str())
    .bind(sql_seq(message_seq))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(VersionRow::version).collect())
}
