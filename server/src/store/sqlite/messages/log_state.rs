//! Reads what decides about a batch of commands.

use parlor_protocol::{CommandId, Millis, RoomId, Seq, UserId};
use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use super::{super::rows, reactions};
use crate::{
    domain::{LogCommand, StoreError},
    store::log::{LogState, RoomAccess, StoredEntry},
};

/// A row: an entry, or without an id the access rights as JSON.
type StateRow = (Option<Uuid>, String, Option<Uuid>, i64, bool, Millis, Option<Vec<u8>>);

/// Room, user, head of the room; its kind and whether it is archived; the user's roles in it and on the server, whether they
/// are banned, and until when they are muted.
type AccessRow = (RoomId, UserId, Seq, String, u8, Option<String>, Option<String>, u8, Option<Millis>);

/// Reads the entries of all ids in the batch (those of the commands, and the messages that they refer to), and the heads
/// and access rights of the rooms. A room that does not exist has none.
///
/// One statement, and one row for all access rights: each statement and each row is a hop between SQLite's thread and
/// this one. With a row for each right, 100 rooms of 10 took 17 % more CPU (`rooms-saturated` of `make compare`).
pub(super) async fn load(db: &mut SqliteConnection, batch: &[LogCommand], now: Millis) -> Result<LogState, StoreError> {
    let mut log = LogState::default();
    let (pairs, ids): (Vec<_>, _) = (LogState::pairs(batch).into_iter().collect(), LogState::ids(batch));
    let (mut pairs, mut ids) = (pairs.chunks(rows::MOST), ids.chunks(rows::MOST));
    loop {
        let (pairs, ids) = match (pairs.next(), ids.next()) {
            (None, None) => break,
            (pairs, ids) => (pairs.unwrap_or_default(), ids.unwrap_or_default()),
        };
        let sql = format!(
            "SELECT NULL, json_group_array(json_array(room.id, hex(wanted.column2), room.head, room.kind,
                room.archived_at IS NOT NULL,
                (SELECT role FROM member WHERE member.user = wanted.column2 AND member.room = room.id),
                (SELECT role FROM user WHERE user.id = wanted.column2),
                EXISTS (SELECT 1 FROM ban WHERE ban.user = wanted.column2 AND ban.lifted_at IS NULL
                        AND (ban.until IS NULL OR ban.until > wanted.column3)),
                (SELECT max(mute.until) FROM mute WHERE mute.user = wanted.column2 AND mute.room IN ('', room.id)
                        AND mute.until > wanted.column3))), NULL, 0, FALSE, 0, NULL
             FROM (VALUES {}) AS wanted JOIN room ON room.id = wanted.column1
             UNION ALL
             SELECT id, room, author, seq, kind = 'message', at, digest
             FROM event WHERE id IN (VALUES {})",
            rows::placeholders(3, pairs.len()),
            rows::placeholders(1, ids.len()),
        );
        let mut query = sqlx::query_as(AssertSqlSafe(sql));
        for pair in rows::padded(pairs) {
            query = query
                .bind(pair.map(|(room, _)| room.as_str()))
                .bind(pair.map(|(_, user)| user.0))
                .bind(pair.map(|_| now));
        }
        for id in rows::padded(ids) {
            query = query.bind(id);
        }
        let found: Vec<StateRow> = query.fetch_all(&mut *db).await?;
        found.into_iter().try_for_each(|row| add(&mut log, row))?;
    }
    reactions::load(db, &mut log, batch).await?;
    Ok(log)
}

fn add(log: &mut LogState, (id, text, author, seq, is_message, at, digest): StateRow) -> Result<(), StoreError> {
    if let (Some(id), Some(author)) = (id, author) {
        let (room, seq, digest) = (RoomId::from(text), seq.unsigned_abs(), digest.unwrap_or_default());
        let id = CommandId(id);
        log.add_entry(StoredEntry { id, room, seq, at, author: UserId(author), digest, is_message });
        return Ok(());
    }
    let rights: Vec<AccessRow> = serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    for (room, user, head, kind, archived, room_role, role, banned, muted_until) in rights {
        let (archived, banned) = (archived != 0, banned != 0);
        log.add_access(RoomAccess { room, user, head, kind, archived, room_role, role, banned, muted_until });
    }
    Ok(())
}
