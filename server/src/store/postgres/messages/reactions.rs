//! Reactions to messages.

use std::ops::RangeInclusive;

use parlor_protocol::{CommandId, Event, Reaction, RoomId, Seq, UserId};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::values::sql_seq;
use crate::{
    domain::{LogCommand, StoreError},
    store::log::{LogState, Reacted, ReactionRow, StoredReaction, UnchangedReaction},
};

/// Applies a reaction that was just inserted.
pub(super) async fn apply(
    db: &mut PgConnection,
    event: &Event,
    message_seq: Seq,
    emoji: &str,
    on: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reaction (room, message_seq, emoji, user_id, active, seq) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (room, message_seq, emoji, user_id) DO UPDATE SET active = excluded.active, seq = excluded.seq",
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
pub(super) async fn insert_unchanged(db: &mut PgConnection, unchanged: &[UnchangedReaction]) -> Result<(), StoreError> {
    for UnchangedReaction { id, room, author, seq, at, digest } in unchanged {
        sqlx::query(
            "INSERT INTO unchanged_reaction (id, room, author, seq, at, digest) VALUES ($1, $2, $3, $4, $5, $6)",
        )
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
pub(super) async fn clear(db: &mut PgConnection, room: &RoomId, message_seq: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM reaction WHERE room = $1 AND message_seq = $2")
        .bind(room.as_str())
        .bind(message_seq)
        .execute(db)
        .await?;
    Ok(())
}

/// Reads what decides about the reactions of a batch, whose rooms are locked.
pub(super) async fn load(db: &mut PgConnection, log: &mut LogState, batch: &[LogCommand]) -> Result<(), StoreError> {
    let Reacted { commands, messages, users } = LogState::reacted(batch);
    if messages.is_empty() {
        return Ok(());
    }
    let (messages, users): (Vec<_>, Vec<_>) = (messages.into_iter().collect(), users.into_iter().collect());
    let known: Vec<(Uuid, String, Uuid, i64, i64, Vec<u8>)> =
        sqlx::query_as("SELECT id, room, author, seq, at, digest FROM unchanged_reaction WHERE id = ANY($1)")
            .bind(&commands)
            .fetch_all(&mut *db)
            .await?;
    log.add_unchanged(known);
    let counts: Vec<(Uuid, String, i64)> = sqlx::query_as(
        "SELECT event.id, reaction.emoji, count(*)
         FROM event JOIN reaction ON reaction.room = event.room AND reaction.message_seq = event.seq
         WHERE event.id = ANY($1) AND reaction.active GROUP BY event.id, reaction.emoji",
    )
    .bind(&messages)
    .fetch_all(&mut *db)
    .await?;
    for (message, emoji, count) in counts {
        log.add_reaction_count(CommandId(message), emoji, count.unsigned_abs());
    }
    let known: Vec<(Uuid, String, Uuid, bool, i64, i64)> = sqlx::query_as(
        "SELECT event.id, reaction.emoji, reaction.user_id, reaction.active, reaction.seq, made.at
         FROM event JOIN reaction ON reaction.room = event.room AND reaction.message_seq = event.seq
         JOIN event AS made ON made.room = reaction.room AND made.seq = reaction.seq
         WHERE event.id = ANY($1) AND reaction.user_id = ANY($2)",
    )
    .bind(&messages)
    .bind(&users)
    .fetch_all(db)
    .await?;
    for (message, emoji, user, active, seq, at) in known {
        let (message, user, seq) = (CommandId(message), UserId(user), seq.unsigned_abs());
        log.add_reaction(StoredReaction { message, emoji, user, active, seq, at });
    }
    Ok(())
}

/// The reactions to the messages in a range of seqs, with the first users of each.
pub(super) async fn rows(
    db: &mut PgConnection,
    room: &RoomId,
    messages: RangeInclusive<i64>,
    viewer: UserId,
    most_users: usize,
) -> Result<Vec<ReactionRow>, StoreError> {
    let rows = sqlx::query_as(
        "SELECT message_seq, emoji, count, me, user_id, users.name, users.kind, users.colour
         FROM (SELECT message_seq, emoji, user_id,
                      count(*) OVER emoji AS count, bool_or(user_id = $1) OVER emoji AS me, min(seq) OVER emoji AS first,
                      row_number() OVER (PARTITION BY message_seq, emoji ORDER BY seq) AS place
               FROM reaction WHERE room = $2 AND message_seq BETWEEN $3 AND $4 AND active
               WINDOW emoji AS (PARTITION BY message_seq, emoji)) AS reaction
         JOIN users ON users.id = user_id
         WHERE place <= $5 ORDER BY message_seq, first, place",
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
    db: &PgPool,
    room: &RoomId,
    message_seq: Seq,
    viewer: UserId,
) -> Result<Vec<Reaction>, StoreError> {
    let seq = sql_seq(message_seq);
    let rows = rows(&mut *db.acquire().await?, room, seq..=seq, viewer, usize::MAX).await?;
    Ok(ReactionRow::by_message(rows).pop().map(|(_, reactions)| reactions).unwrap_or_default())
}
