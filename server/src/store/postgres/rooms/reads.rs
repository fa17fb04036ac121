//! Reads of rooms and members. Each sees one state of the database.

use parlor_protocol::{RoomId, UserId, http::Member};
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

use super::super::snapshot;
use crate::{
    domain::{Membership, RoomRecord, StoreError},
    store::records::{DirectMemberRow, MemberRow, MembershipRow, RoomRow, room_records},
};

pub(super) async fn all_rooms(db: &PgPool) -> Result<Vec<RoomRecord>, StoreError> {
    let mut snapshot = snapshot::begin(db).await?;
    let rooms: Vec<RoomRow> = sqlx::query_as("SELECT id, name, kind, topic, head, archived_at, created_by FROM room")
        .fetch_all(&mut *snapshot)
        .await?;
    let direct: Vec<DirectMemberRow> = sqlx::query_as(
        "SELECT member.room, users.id, users.name, users.kind, users.colour FROM room
         JOIN member ON member.room = room.id JOIN users ON users.id = member.user_id
         WHERE room.kind = 'direct' ORDER BY users.name, users.id",
    )
    .fetch_all(&mut *snapshot)
    .await?;
    snapshot.commit().await?;
    Ok(room_records(rooms, direct))
}

pub(super) async fn count_rooms_of(db: &PgPool, user: UserId) -> Result<u64, StoreError> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM room WHERE created_by = $1").bind(user.0).fetch_one(db).await?;
    Ok(count.unsigned_abs())
}

pub(super) async fn memberships(db: &PgPool, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let rows: Vec<MembershipRow> =
        sqlx::query_as("SELECT room, read_seq, unread_from, level, role FROM member WHERE user_id = $1")
            .bind(user.0)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(MembershipRow::membership).collect())
}

pub(in super::super) async fn owner(db: impl PgExecutor<'_>, room: &RoomId) -> Result<Option<UserId>, StoreError> {
    let owner: Option<Uuid> = sqlx::query_scalar("SELECT user_id FROM member WHERE room = $1 AND role = 'owner'")
        .bind(room.as_str())
        .fetch_optional(db)
        .await?;
    Ok(owner.map(UserId))
}

/// `after` need not be a member: whoever read the page before may find that they have left.
pub(super) async fn members(
    db: &PgPool,
    room: &RoomId,
    after: Option<UserId>,
    limit: u32,
) -> Result<(Vec<Member>, u64), StoreError> {
    let mut snapshot = snapshot::begin(db).await?;
    let after: Option<(String, Uuid)> = match after {
        Some(user) => {
            sqlx::query_as("SELECT name, id FROM users WHERE id = $1")
                .bind(user.0)
                .fetch_optional(&mut *snapshot)
                .await?
        }
        None => None,
    };
    // No name is empty, so all come after this one.
    let (after_name, after_id) = after.unwrap_or_default();
    let rows: Vec<MemberRow> = sqlx::query_as(
        "SELECT users.id, users.name, users.kind, users.colour, member.role, users.seen_at
         FROM member JOIN users ON users.id = member.user_id
         WHERE member.room = $1 AND (member.name, member.user_id) > ($2, $3)
         ORDER BY member.name, member.user_id LIMIT $4",
    )
    .bind(room.as_str())
    .bind(after_name)
    .bind(after_id)
    .bind(i64::from(limit))
    .fetch_all(&mut *snapshot)
    .await?;
    let count: Option<i64> = sqlx::query_scalar("SELECT members FROM room WHERE id = $1")
        .bind(room.as_str())
        .fetch_optional(&mut *snapshot)
        .await?;
    snapshot.commit().await?;
    Ok((rows.into_iter().map(MemberRow::member).collect(), count.unwrap_or_default().unsigned_abs()))
}
