//! What is read of people and rooms: sessions, lists, members. Each is one statement or one transaction, so it sees one state
//! of the database.

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{Millis, NotificationLevel, RoomId, RoomKind, ServerRole, User, UserId, UserKind, http::Member};
use sqlx::{FromRow, SqliteExecutor, SqlitePool};
use uuid::Uuid;

use super::cache::KnownSession;
use crate::domain::{AuthenticatedUser, Membership, RoomMembership, RoomRecord, StoreError, TokenHash};

pub(super) async fn session(db: &SqlitePool, token: TokenHash) -> Result<Option<KnownSession>, StoreError> {
    let row: Option<(Uuid, String, String, Option<i64>, String, i64)> = sqlx::query_as(
        "SELECT user.id, user.name, user.kind, user.colour, user.role, coalesce(session.seen_at, session.created_at)
         FROM session JOIN user ON user.id = session.user WHERE token_hash = ?",
    )
    .bind(&token.0[..])
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(id, name, kind, colour, role, seen_at)| KnownSession {
        signed_in: AuthenticatedUser { user: Arc::new(user(id, name, &kind, colour)), role: server_role(&role) },
        seen_at,
    }))
}

pub(super) async fn all_rooms(db: &SqlitePool) -> Result<Vec<RoomRecord>, StoreError> {
    let mut moment = db.begin().await?;
    let rooms: Vec<RoomRow> = sqlx::query_as("SELECT id, name, kind, topic, head, archived_at, created_by FROM room")
        .fetch_all(&mut *moment)
        .await?;
    let direct: Vec<(String, Uuid, String, String, Option<i64>)> = sqlx::query_as(
        "SELECT member.room, user.id, user.name, user.kind, user.colour FROM room
         JOIN member ON member.room = room.id JOIN user ON user.id = member.user
         WHERE room.kind = 'direct' ORDER BY user.name, user.id",
    )
    .fetch_all(&mut *moment)
    .await?;
    moment.commit().await?;
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

pub(super) async fn memberships(db: &SqlitePool, user: UserId) -> Result<Vec<Membership>, StoreError> {
    let rows: Vec<MemberRow> = sqlx::query_as(
        "SELECT room, read_seq, unread_from, level, role = 'moderator' AS moderator FROM member WHERE user = ?",
    )
    .bind(user.0)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(MemberRow::membership).collect())
}

/// Who is listed of those in a room. A guest without a session is gone for good, for nobody can come in as them again; the
/// people of a direct room are always the same.
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
    let mut moment = db.begin().await?;
    type Row = (Uuid, String, String, Option<i64>, bool, Option<Millis>);
    let rows: Vec<Row> = sqlx::query_as(select_members!(
        "user.id, user.name, user.kind, user.colour, member.role = 'moderator', user.seen_at",
        " ORDER BY user.name, user.id LIMIT ?"
    ))
    .bind(room.as_str())
    .bind(limit)
    .fetch_all(&mut *moment)
    .await?;
    let count: i64 =
        sqlx::query_scalar(select_members!("count(*)", "")).bind(room.as_str()).fetch_one(&mut *moment).await?;
    moment.commit().await?;
    let member = |(id, name, kind, colour, moderator, seen_at): Row| Member {
        user: user(id, name, &kind, colour),
        moderator,
        seen_at,
        // Who is there now, the database does not know.
        online: false,
    };
    Ok((rows.into_iter().map(member).collect(), count.unsigned_abs()))
}

/// Someone, if there is such a person.
pub(super) async fn person(db: impl SqliteExecutor<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<(String, String, Option<i64>)> =
        sqlx::query_as("SELECT name, kind, colour FROM user WHERE id = ?").bind(id.0).fetch_optional(db).await?;
    Ok(row.map(|(name, kind, colour)| user(id.0, name, &kind, colour)))
}

/// When someone was last connected, as far as it is noted.
pub(super) async fn seen_at(db: impl SqliteExecutor<'_>, id: UserId) -> Result<Option<Millis>, StoreError> {
    let row: Option<Option<Millis>> =
        sqlx::query_scalar("SELECT seen_at FROM user WHERE id = ?").bind(id.0).fetch_optional(db).await?;
    Ok(row.flatten())
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
    moderator: bool,
}

impl MemberRow {
    fn membership(self) -> Membership {
        // A level that this version does not know is the loudest: better too much than nothing.
        let level = NotificationLevel::ALL.into_iter().find(|level| level.as_str() == self.level).unwrap_or_default();
        let mine = RoomMembership {
            read: self.read_seq.unsigned_abs(),
            unread_from: self.unread_from.map(i64::unsigned_abs),
            level,
            moderator: self.moderator,
        };
        Membership { room: self.room.into(), state: mine }
    }
}

impl RoomRow {
    fn record(self, people: Arc<[User]>) -> RoomRecord {
        let kind = match self.kind.as_str() {
            "private" => RoomKind::Private,
            "direct" => RoomKind::Direct,
            _ => RoomKind::Public,
        };
        RoomRecord {
            id: self.id.into(),
            name: self.name,
            kind,
            topic: self.topic,
            head: self.head.unsigned_abs(),
            archived: self.archived_at.is_some(),
            created_by: self.created_by.map(UserId),
            people,
        }
    }
}

pub(super) fn user(id: Uuid, name: String, kind: &str, colour: Option<i64>) -> User {
    let kind = if kind == "account" { UserKind::Account } else { UserKind::Guest };
    User { id: UserId(id), name, kind, colour: self::colour(colour) }
}

/// A colour as it is stored.
pub(super) fn colour(stored: Option<i64>) -> Option<u8> {
    stored.and_then(|colour| u8::try_from(colour).ok())
}

/// A role that this version does not know is the least.
pub(super) fn server_role(text: &str) -> ServerRole {
    ServerRole::ALL.into_iter().find(|role| role.as_str() == text).unwrap_or(ServerRole::Guest)
}
