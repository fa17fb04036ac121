//! Reads of rooms and members. Each is one statement or one transaction, so it sees one state of the database.

use parlor_protocol::{RoomId, UserId, http::Member};
use sqlx::{SqliteExecutor, SqlitePool};
use uuid::Uuid;

use crate::{
    domain::{Membership, RoomRecord, StoreError},
    store::records::{DirectMemberRow, MemberRow, MembershipRow, RoomRow, room_records},
};

pub(super) async fn all_rooms(db: &SqlitePool) -> Result<Vec<RoomRecord>, StoreError> {
    let mut snapshot = db.begin().await?;
    let rooms: Vec<RoomRow> = sqlx::query_as("SELECT id, name, kind, topic, head, archived_at, created_by FROM room")
        .fetch_all(&mut *snapshot)
        .await?;
    let direct: Vec<DirectMemberRow> = sqlx::query_as(
        "SELECT member.room, user.id, user.name, user.kind, user.colour FROM room
         JOIN member ON member.room = room.id JOIN user ON user.id = member.user
         WHERE room.kind = 'direct' ORDER BY user.name, user.id",
    )
    .fetch_all(&mut *snapshot)
    .await?;
    snapshot.commit().await?;
    Ok(room_records(rooms, direct))
}

pub(super) async fn count_rooms_of(db: &SqlitePool, user: UserId) -> Result<u64, StoreError> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM room WHERE created_by = ?").bind(user.0).fetch_one(db).await?;
    Ok(count.unsigned_abs())
}

pub(super) async fn memberships(db: &SqlitePool, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let rows: Vec<MembershipRow> =
        sqlx::query_as("SELECT room, read_seq, unread_from, level, role FROM member WHERE user = ?")
            .bind(user.0)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(MembershipRow::membership).collect())
}

pub(in super::super) async fn owner(db: impl SqliteExecutor<'_>, room: &RoomId) -> Result<Option<UserId>, StoreError> {
    let owner: Option<Uuid> = sqlx::query_scalar("SELECT user FROM member WHERE room = ? AND role = 'owner'")
        .bind(room.as_str())
        .fetch_optional(db)
        .await?;
    Ok(owner.map(UserId))
}

/// `after` need not be a member: whoever read the page before may find that they have left.
pub(super) async fn members(
    db: &SqlitePool,
    room: &RoomId,
    after: Option<UserId>,
    limit: u32,
) -> Result<(Vec<Member>, u64), StoreError> {
    let mut snapshot = db.begin().await?;
    let after: Option<(String, Uuid)> = match after {
        Some(user) => {
            sqlx::query_as("SELECT name, id FROM user WHERE id = ?").bind(user.0).fetch_optional(&mut *snapshot).await?
        }
        None => None,
    };
    // No name is empty, so all come after this one.
    let (after_name, after_id) = after.unwrap_or_default();
    let rows: Vec<MemberRow> = sqlx::query_as(
        "SELECT user.id, user.name, user.kind, user.colour, member.role, user.seen_at
         FROM member JOIN user ON user.id = member.user
         WHERE member.room = ?1 AND (member.name, member.user) > (?2, ?3)
         ORDER BY member.name, member.user LIMIT ?4",
    )
    .bind(room.as_str())
    .bind(after_name)
    .bind(after_id)
    .bind(limit)
    .fetch_all(&mut *snapshot)
    .await?;
    let count: Option<i64> = sqlx::query_scalar("SELECT members FROM room WHERE id = ?")
        .bind(room.as_str())
        .fetch_optional(&mut *snapshot)
        .await?;
    snapshot.commit().await?;
    Ok((rows.into_iter().map(MemberRow::member).collect(), count.unwrap_or_default().unsigned_abs()))
}
