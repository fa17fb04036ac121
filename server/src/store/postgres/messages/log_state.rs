//! Locks and reads what decides about a batch of commands.

use std::collections::BTreeSet;

use parlor_protocol::{CommandId, Millis, RoomId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::{super::transaction::WriteTransaction, reactions};
use crate::{
    domain::{LogCommand, StoreError},
    store::log::{LogState, RoomAccess, StoredEntry},
};

#[derive(FromRow)]
struct AccessRow {
    room: String,
    user_id: Uuid,
    head: i64,
    kind: String,
    archived: bool,
    room_role: Option<String>,
    role: Option<String>,
    banned: bool,
    muted_until: Option<Millis>,
}

#[derive(FromRow)]
struct EntryRow {
    id: Uuid,
    room: String,
    author: Uuid,
    seq: i64,
    is_message: bool,
    at: Millis,
    digest: Vec<u8>,
}

/// Locks the users and rooms of a batch, then reads the entries of all ids in it (those of the commands, and the messages that
/// they refer to), and the heads and access rights of the rooms. A room that does not exist has none.
pub(super) async fn load(tx: &mut WriteTransaction<'_>, batch: &[LogCommand]) -> Result<LogState, StoreError> {
    let pairs = LogState::pairs(batch);
    let (rooms, users): (Vec<&RoomId>, Vec<UserId>) = pairs.into_iter().unzip();
    let distinct: BTreeSet<_> = users.iter().copied().collect();
    tx.lock_users_and_rooms(&distinct, &rooms.iter().copied().collect()).await?;
    let rooms: Vec<_> = rooms.into_iter().map(RoomId::as_str).collect();
    let users: Vec<_> = users.into_iter().map(|user| user.0).collect();
    let now = tx.now;
    let access: Vec<AccessRow> = sqlx::query_as(
        "SELECT room.id AS room, wanted.user_id, room.head, room.kind, room.archived_at IS NOT NULL AS archived,
                member.role AS room_role, users.role,
                EXISTS (SELECT 1 FROM ban WHERE ban.user_id = wanted.user_id AND ban.lifted_at IS NULL
                            AND (ban.until IS NULL OR ban.until > $3)) AS banned,
                (SELECT max(mute.until) FROM mute WHERE mute.user_id = wanted.user_id AND mute.room IN ('', room.id)
                            AND mute.until > $3) AS muted_until
         FROM UNNEST($1::text[], $2::uuid[]) AS wanted (room, user_id)
         JOIN room ON room.id = wanted.room
         LEFT JOIN member ON member.user_id = wanted.user_id AND member.room = room.id
         LEFT JOIN users ON users.id = wanted.user_id",
    )
    .bind(rooms)
    .bind(users)
    .bind(now)
    .fetch_all(tx.db())
    .await?;
    let entries: Vec<EntryRow> = sqlx::query_as(
        "SELECT id, room, author, seq, kind = 'message' AS is_message, at, digest FROM event WHERE id = ANY($1)",
    )
    .bind(LogState::ids(batch))
    .fetch_all(tx.db())
    .await?;
    let mut log = LogState::default();
    for row in access {
        let AccessRow { room, user_id, head, kind, archived, room_role, role, banned, muted_until } = row;
        let (room, user, head) = (RoomId::from(room), UserId(user_id), head.unsigned_abs());
        log.add_access(RoomAccess { room, user, head, kind, archived, room_role, role, banned, muted_until });
    }
    for row in entries {
        let EntryRow { id, room, author, seq, is_message, at, digest } = row;
        let (id, room, author, seq) = (CommandId(id), RoomId::from(room), UserId(author), seq.unsigned_abs());
        log.add_entry(StoredEntry { id, room, seq, at, author, digest, is_message });
    }
    reactions::load(tx.db(), &mut log, batch).await?;
    Ok(log)
}
