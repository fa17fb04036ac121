//! Edits of messages: which events have their later versions.

use parlor_protocol::{Event, RoomId, Seq, UserId, http::MessageVersion};
use sqlx::{PgConnection, PgPool};

use super::super::values::sql_seq;
use crate::{
    domain::StoreError,
    store::log::{ERASED_DIGEST, VersionRow},
};

/// Notes an edit that was just inserted. Its mentions replace those of the message.
pub(super) async fn insert(
    db: &mut PgConnection,
    event: &Event,
    message_seq: Seq,
    mentions: &[UserId],
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO edit (room, message_seq, seq) VALUES ($1, $2, $3)")
        .bind(event.room.as_str())
        .bind(sql_seq(message_seq))
        .bind(sql_seq(event.seq))
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM mention WHERE room = $1 AND seq = $2")
        .bind(event.room.as_str())
        .bind(sql_seq(message_seq))
        .execute(&mut *db)
        .await?;
    if mentions.is_empty() {
        return Ok(());
    }
    sqlx::query("INSERT INTO mention (room, seq, user_id) SELECT $1, $2, * FROM UNNEST($3::uuid[])")
        .bind(event.room.as_str())
        .bind(sql_seq(message_seq))
        .bind(mentions.iter().map(|user| user.0).collect::<Vec<_>>())
        .execute(db)
        .await?;
    Ok(())
}

/// Removes the content of the later versions of a deleted message.
pub(super) async fn clear(db: &mut PgConnection, room: &RoomId, message_seq: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE event SET kind = 'voided', digest = $1, body = NULL, html = NULL, detail = NULL
         WHERE room = $2 AND seq IN (SELECT seq FROM edit WHERE room = $2 AND message_seq = $3)",
    )
    .bind(&ERASED_DIGEST[..])
    .bind(room.as_str())
    .bind(message_seq)
    .execute(&mut *db)
    .await?;
    sqlx::query("DELETE FROM edit WHERE room = $1 AND message_seq = $2")
        .bind(room.as_str())
        .bind(message_seq)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn versions(db: &PgPool, room: &RoomId, message_seq: Seq) -> Result<Vec<MessageVersion>, StoreError> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT at, body, html FROM event
         WHERE room = $1 AND kind IN ('message', 'edited')
             AND seq IN (SELECT $2 UNION ALL SELECT seq FROM edit WHERE room = $1 AND message_seq = $2)
         ORDER BY seq",
    )
    .bind(room.as_str())
    .bind(sql_seq(message_seq))
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(VersionRow::version).collect())
}
