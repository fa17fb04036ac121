//! Reactions to messages.

use std::ops::RangeInclusive;

use parlor_protocol::{CommandId, Event, Reaction, RoomId, Seq, UserId};
use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::super::{rows as values, values::sql_seq};
use crate::{
    domain::{LogCommand, StoreError},
    store::log::{LogState, Reacted, ReactionRow, StoredReaction, UnchangedReaction},
};

/// Applies a reaction that was just inserted.
pub(super) async fn apply(
    db: &mut SqliteConnection,
    event: &Event,
    message_seq: Seq,
    emoji: &str,
    on: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reaction (room, message_seq, emoji, user, active, seq) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET active = excluded.active, seq = excluded.seq",
    )
    .bind(event.room.as_str())
    .bind(sql_seq(message_seq))
    .bind(emoji)
    .bind(event.by.id.0)
    .bind(on)
    .bind(sql_seq(event.seq))
    .execute(db)
    .await?;
    Ok(())
}

/// Stores the commands that changed nothing.
pub(super) async fn insert_unchanged(
    db: &mut SqliteConnection,
    unchanged: &[UnchangedReaction],
) -> Result<(), StoreError> {
    for UnchangedReaction { id, room, author, seq, at, digest } in unchanged {
        sqlx::query("INSERT INTO unchanged_reaction (id, room, author, seq, at, digest) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(id.0)
            .bind(room.as_str())
            .bind(author.0)
            .bind(sql_seq(*seq))
            .bind(at)
            .bind(&digest[..])
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// Removes the reactions to a deleted message.
pub(super) async fn clear(db: &mut SqliteConnection, room: &RoomId, message_seq: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM reaction WHERE room = ? AND message_seq = ?")
        .bind(room.as_str())
        .bind(message_seq)
        .execute(db)
        .await?;
    Ok(())
}

/// Reads what decides about the reactions of a batch.
pub(super) async fn load(
    db: &mut SqliteConnection,
    log: &mut LogState,
    batch: &[LogCommand],
) -> Result<(), StoreError> {
    let Reacted { commands, messages, users } = LogState::reacted(batch);
    let (messages, users): (Vec<_>, Vec<_>) = (messages.into_iter().collect(), users.into_iter().collect());
    for commands in commands.chunks(values::MOST) {
        let sql = format!(
            "SELECT id, room, author, seq, at, digest FROM unchanged_reaction WHERE id IN (VALUES {})",
            values::placeholders(1, commands.len()),
        );
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for id in values::padded(commands) {
            query = query.bind(id);
        }
        let known: Vec<(Uuid, String, Uuid, i64, i64, Vec<u8>)> = query.fetch_all(&mut *db).await?;
        log.add_unchanged(known);
    }
    for messages in messages.chunks(values::MOST) {
        let sql = format!(
            "SELECT event.id, reaction.emoji, count(*)
             FROM event JOIN reaction ON reaction.room = event.room AND reaction.message_seq = event.seq
             WHERE event.id IN (VALUES {}) AND reaction.active GROUP BY event.id, reaction.emoji",
            values::placeholders(1, messages.len()),
        );
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for id in values::padded(messages) {
            query = query.bind(id);
        }
        let counts: Vec<(Uuid, String, i64)> = query.fetch_all(&mut *db).await?;
        for (message, emoji, count) in counts {
            log.add_reaction_count(CommandId(message), emoji, count.unsigned_abs());
        }
        for users in users.chunks(values::MOST) {
            let sql = format!(
                "SELECT event.id, reaction.emoji, reaction.user, reaction.active, reaction.seq, made.at
                 FROM event JOIN reaction ON reaction.room = event.room AND reaction.message_seq = event.seq
                 JOIN event AS made ON made.room = reaction.room AND made.seq = reaction.seq
                 WHERE event.id IN (VALUES {}) AND reaction.user IN (VALUES {})",
                values::placeholders(1, messages.len()),
                values::placeholders(1, users.len()),
            );
            let mut query = sqlx::query_as(AssertSqlSafe(sql));
            for id in values::padded(messages).chain(values::padded(users)) {
                query = query.bind(id);
            }
            let known: Vec<(Uuid, String, Uuid, bool, i64, i64)> = query.fetch_all(&mut *db).await?;
            for (message, emoji, user, active, seq, at) in known {
                let (message, user, seq) = (CommandId(message), UserId(user), seq.unsigned_abs());
                log.add_reaction(StoredReaction { message, emoji, user, active, seq, at });
            }
        }
    }
    Ok(())
}

/// The reactions to the messages in a range of seqs, with the first users of each.
pub(super) async fn rows(
    db: &mut SqliteConnection,
    room: &RoomId,
    messages: RangeInclusive<i64>,
    viewer: UserId,
    most_users: usize,
) -> Result<Vec<ReactionRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT message_seq, emoji, count, me, user_id, user.name, user.kind, user.colour
         FROM (SELECT message_seq, emoji, user AS user_id,
                      count(*) OVER emoji AS count, max(user = ?1) OVER emoji AS me, min(seq) OVER emoji AS first,
                      row_number() OVER (PARTITION BY message_seq, emoji ORDER BY seq) AS place
               FROM reaction WHERE room = ?2 AND message_seq BETWEEN ?3 AND ?4 AND active
               WINDOW emoji AS (PARTITION BY message_seq, emoji)) AS reaction
         JOIN user ON user.id = user_id
         WHERE place <= ?5 ORDER BY message_seq, first, place",
    )
    .bind(viewer.0)
    .bind(room.as_str())
    .bind(messages.start())
    .bind(messages.end())
    .bind(i64::try_from(most_users).unwrap_or(i64::MAX))
    .fetch_all(db)
    .await?;
    Ok(rows)
}

pub(super) async fn of_message(
    db: &SqlitePool,
    room: &RoomId,
    message_seq: Seq,
    viewer: UserId,
) -> Result<Vec<Reaction>, StoreError> {
    let seq = sql_seq(message_seq);
    let rows = rows(&mut *db.acquire().await?, room, seq..=seq, viewer, usize::MAX).await?;
    Ok(ReactionRow::by_message(rows).pop().map(|(_, reactions)| reactions).unwrap_or_default())
}
