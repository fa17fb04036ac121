//! Reads of rooms and members. Each is one statement or one transaction, so it sees one state of the database.

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{Millis, RoomId, RoomRole, User, UserId, http::Member};
use sqlx::{FromRow, SqliteExecutor, SqlitePool};
use uuid::Uuid;

use super::super::values::{notification_level, room_kind, room_role, user};
use crate::domain::{Membership, RoomMembership, RoomRecord, StoreError};

pub(super) async fn all_rooms(db: &SqlitePool) -> Result<Vec<RoomRecord>, StoreError> {
    let mut snapshot = db.begin().await?;
    let rooms: Vec<RoomRow> = sqlx::query_as("SELECT id, name, kind, topic, head, archived_at, created_by FROM room")
        .fetch_all(&mut *snapshot)
        .await?;
    let direct: Vec<(String, Uuid, String, String, Option<i64>)> = sqlx::query_as(
        "SELECT member.room, user.id, user.name, user.kind, user.colour FROM room
         JOIN member ON member.room = room.id JOIN user ON user.id = member.user
         WHERE room.kind = 'direct' ORDER BY user.name, user.id",
    )
    .fetch_all(&mut *snapshot)
    .await?;
    snapshot.commit().await?;
    let mut people = HashMap::<String, Vec<User>>::new();
    for (room, id, name, kind, colour) in direct {
        people.entry(room).or_default().push(user(id, name, &kind, colour));
    }
    let people_of = |room: &str, people: &mut HashMap<_, Vec<_>>| people.remove(room).unwrap_or_default().into();
    Ok(rooms
        .into_iter()
        .map(|row| {
            let people = people_of(&row.id, &mut people);
            row.record(people)
        })
        .collect())
}

pub(super) async fn count_rooms_of(db: &SqlitePool, user: UserId) -> Result<u64, StoreError> {
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM room WHERE created_by = ?").bind(user.0).fetch_one(db).await?;
    Ok(count.unsigned_abs())
}

pub(super) async fn memberships(db: &SqlitePool, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let rows: Vec<MemberRow> =
        sqlx::query_as("SELECT room, read_seq, unread_from, level, role FROM member WHERE user = ?")
            .bind(user.0)
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(MemberRow::membership).collect())
}

pub(in super::super) async fn owner(db: impl SqliteExecutor<'_>, room: &RoomId) -> Result<Option<UserId>, StoreError> {
    let owner: Option<Uuid> = sqlx::query_scalar("SELECT user FROM member WHERE room = ? AND role = 'owner'")
        .bind(room.as_str())
        .fetch_optional(db)
        .await?;
    Ok(owner.map(UserId))
}

/// Selects the members to list. A guest without a session is gone for good, because nobody can sign in as them again; the
/// members of a direct room never change.
macro_rules! select_members {
    ($what:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $what,
            " FROM member JOIN user ON user.id = member.user JOIN room ON room.id = member.room
             WHERE member.room = ? AND (user.kind <> 'guest' OR room.kind = 'direct'
                 OR EXISTS (SELECT 1 FROM session WHERE session.user = user.id))",
            $end
        )
    };
}

pub(super) async fn members(db: &SqlitePool, room: &RoomId, limit: u32) -> Result<(Vec<Member>, u64), StoreError> {
    let mut snapshot = db.begin().await?;
    type Row = (Uuid, String, String, Option<i64>, String, Option<Millis>);
    let rows: Vec<Row> = sqlx::query_as(select_members!(
        "user.id, user.name, user.kind, user.colour, member.role, user.seen_at",
        " ORDER BY user.name, user.id LIMIT ?"
    ))
    .bind(room.as_str())
    .bind(limit)
    .fetch_all(&mut *snapshot)
    .await?;
    let count: i64 =
        sqlx::query_scalar(select_members!("count(*)", "")).bind(room.as_str()).fetch_one(&mut *snapshot).await?;
    snapshot.commit().await?;
    let member = |(id, name, kind, colour, role, seen_at): Row| {
        let role = room_role(&role);
        Member {
            user: user(id, name, &kind, colour),
            moderator: role.moderates(),
            owner: role == RoomRole::Owner,
            seen_at,
            // Presence is not stored.
            online: false,
        }
    };
    Ok((rows.into_iter().map(member).collect(), count.unsigned_abs()))
}

#[derive(FromRow)]
struct RoomRow {
    id: String,
    name: String,
    kind: String,
    topic: Option<String>,
    head: i64,
    archived_at: Option<i64>,
    created_by: Option<Uuid>,
}

#[derive(FromRow)]
struct MemberRow {
    room: String,
    read_seq: i64,
    unread_from: Option<i64>,
    level: String,
    role: String,
}

impl MemberRow {
    fn membership(self) -> Membership {
        let state = RoomMembership {
            read: self.read_seq.unsigned_abs(),
            unread_from: self.unread_from.map(i64::unsigned_abs),
            level: notification_level(&self.level),
            role: room_role(&self.role),
        };
        Membership { room: self.room.into(), state }
    }
}

impl RoomRow {
    fn record(self, people: Arc<[User]>) -> RoomRecord {
        RoomRecord {
            id: self.id.into(),
            name: self.name,
            kind: room_kind(&self.kind),
            topic: self.topic,
            head: self.head.unsigned_abs(),
            archived: self.archived_at.is_some(),
            created_by: self.created_by.map(UserId),
            people,
        }
    }
}
