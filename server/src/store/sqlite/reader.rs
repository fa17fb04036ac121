//! What is read: sessions, room lists, pages and replays. Each is one statement or one transaction, so it sees one state
//! of the database.

use std::{collections::HashMap, sync::Arc};

use parlor_protocol::{
    CommandId, Event, EventKind, Message, RoomId, RoomKind, Seq, ServerRole, User, UserId, UserKind,
    http::{EventPage, Member, MessagePage},
};
use sqlx::{FromRow, SqliteConnection, SqliteExecutor, SqlitePool};
use uuid::Uuid;

use super::{cache::KnownSession, writer::sql_seq};
use crate::store::{Membership, Page, RoomRecord, SignedIn, StoreError, TokenHash};

pub(super) async fn session(db: &SqlitePool, token: TokenHash) -> Result<Option<KnownSession>, StoreError> {
    let row: Option<(Uuid, String, String, String, i64)> = sqlx::query_as(
        "SELECT user.id, user.name, user.kind, user.role, coalesce(session.seen_at, session.created_at)
         FROM session JOIN user ON user.id = session.user WHERE token_hash = ?",
    )
    .bind(&token.0[..])
    .fetch_optional(db)
    .await?;
    Ok(row.map(|(id, name, kind, role, seen_at)| KnownSession {
        signed_in: SignedIn { user: Arc::new(user(id, name, &kind)), role: server_role(&role) },
        seen_at,
    }))
}

pub(super) async fn all_rooms(db: &SqlitePool) -> Result<Vec<RoomRecord>, StoreError> {
    let mut moment = db.begin().await?;
    let rooms: Vec<RoomRow> = sqlx::query_as("SELECT id, name, kind, topic, head, archived_at, created_by FROM room")
        .fetch_all(&mut *moment)
        .await?;
    let direct: Vec<(String, Uuid, String, String)> = sqlx::query_as(
        "SELECT member.room, user.id, user.name, user.kind FROM room
         JOIN member ON member.room = room.id JOIN user ON user.id = member.user
         WHERE room.kind = 'direct' ORDER BY user.name, user.id",
    )
    .fetch_all(&mut *moment)
    .await?;
    moment.commit().await?;
    let mut people = HashMap::<String, Vec<User>>::new();
    for (room, id, name, kind) in direct {
        people.entry(room).or_default().push(user(id, name, &kind));
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
    let rows: Vec<(String, i64, bool)> =
        sqlx::query_as("SELECT room, read_seq, role = 'moderator' FROM member WHERE user = ?")
            .bind(user.0)
            .fetch_all(db)
            .await?;
    let membership = |(room, read, moderator): (String, i64, bool)| Membership {
        room: room.into(),
        read: read.unsigned_abs(),
        moderator,
    };
    Ok(rows.into_iter().map(membership).collect())
}

pub(super) async fn members(db: &SqlitePool, room: &RoomId, limit: u32) -> Result<(Vec<Member>, u64), StoreError> {
    let mut moment = db.begin().await?;
    let rows: Vec<(Uuid, String, String, bool)> = sqlx::query_as(
        "SELECT user.id, user.name, user.kind, member.role = 'moderator' FROM member JOIN user ON user.id = member.user
         WHERE member.room = ? ORDER BY user.name, user.id LIMIT ?",
    )
    .bind(room.as_str())
    .bind(limit)
    .fetch_all(&mut *moment)
    .await?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM member WHERE room = ?")
        .bind(room.as_str())
        .fetch_one(&mut *moment)
        .await?;
    moment.commit().await?;
    let member = |(id, name, kind, moderator): (Uuid, String, String, bool)| Member {
        user: user(id, name, &kind),
        moderator,
        seen_at: None,
        online: false,
    };
    Ok((rows.into_iter().map(member).collect(), count.unsigned_abs()))
}

/// Someone, if there is such a person.
pub(super) async fn person(db: impl SqliteExecutor<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<(String, String)> =
        sqlx::query_as("SELECT name, kind FROM user WHERE id = ?").bind(id.0).fetch_optional(db).await?;
    Ok(row.map(|(name, kind)| user(id.0, name, &kind)))
}

pub(super) async fn messages(
    db: &SqlitePool,
    room: &RoomId,
    page: Page,
    limit: u32,
) -> Result<MessagePage, StoreError> {
    // Each page is two range scans on the key that meet at one seq: `older` messages before it, `newer` from it on.
    let (meet, older, newer) = match page {
        Page::Newest => (i64::MAX, limit, 0),
        Page::Before(seq) => (sql_seq(seq), limit, 0),
        Page::After(seq) => (sql_seq(seq).saturating_add(1), 0, limit),
        Page::Around(seq) => (sql_seq(seq), limit / 2, limit - limit / 2),
    };
    // A client goes on behind the head of its page: both must be of one moment, or what is stored between is never seen.
    let mut moment = db.begin().await?;
    let rows: Vec<MessageRow> = sqlx::query_as(
        "SELECT page.seq, page.id, page.at, page.body, page.html, page.reply_to, page.author, user.name, user.kind
         FROM (SELECT * FROM (SELECT * FROM event WHERE room = ?1 AND seq < ?2 AND body IS NOT NULL
                              ORDER BY seq DESC LIMIT ?3)
               UNION ALL
               SELECT * FROM (SELECT * FROM event WHERE room = ?1 AND seq >= ?2 AND body IS NOT NULL
                              ORDER BY seq LIMIT ?4)) AS page
         JOIN user ON user.id = page.author ORDER BY page.seq",
    )
    .bind(room.as_str())
    .bind(meet)
    .bind(older)
    .bind(newer)
    .fetch_all(&mut *moment)
    .await?;
    let head = head(&mut moment, room).await?;
    moment.commit().await?;
    let messages = rows.into_iter().map(MessageRow::message).collect();
    Ok(MessagePage { messages, head })
}

pub(super) async fn events(db: &SqlitePool, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage, StoreError> {
    let mut moment = db.begin().await?;
    let rows: Vec<EventRow> = sqlx::query_as(
        "SELECT event.seq, event.id, event.at, event.author, user.name, user.kind, event.kind AS event_kind,
                event.body, event.html, event.reply_to, event.detail,
                event.subject, about.name AS subject_name, about.kind AS subject_kind
         FROM event JOIN user ON user.id = event.author LEFT JOIN user AS about ON about.id = event.subject
         WHERE event.room = ? AND event.seq > ? ORDER BY event.seq LIMIT ?",
    )
    .bind(room.as_str())
    .bind(sql_seq(after))
    .bind(limit)
    .fetch_all(&mut *moment)
    .await?;
    let head = head(&mut moment, room).await?;
    moment.commit().await?;
    let events = rows.into_iter().map(|row| row.event(room)).collect();
    Ok(EventPage { events, head })
}

pub(super) async fn event_id(db: &SqlitePool, room: &RoomId, seq: Seq) -> Result<Option<CommandId>, StoreError> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM event WHERE room = ? AND seq = ?")
        .bind(room.as_str())
        .bind(sql_seq(seq))
        .fetch_optional(db)
        .await?;
    Ok(id.map(CommandId))
}

/// The room's head, within the transaction that reads its page.
pub(super) async fn head(moment: &mut SqliteConnection, room: &RoomId) -> Result<Seq, StoreError> {
    let head: Option<i64> =
        sqlx::query_scalar("SELECT head FROM room WHERE id = ?").bind(room.as_str()).fetch_optional(moment).await?;
    Ok(head.map_or(0, i64::unsigned_abs))
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
struct MessageRow {
    seq: i64,
    id: Uuid,
    at: i64,
    body: String,
    html: String,
    reply_to: Option<Uuid>,
    author: Uuid,
    name: String,
    kind: String,
}

#[derive(FromRow)]
struct EventRow {
    seq: i64,
    id: Uuid,
    at: i64,
    author: Uuid,
    name: String,
    kind: String,
    event_kind: String,
    body: Option<String>,
    html: Option<String>,
    reply_to: Option<Uuid>,
    detail: Option<String>,
    subject: Option<Uuid>,
    subject_name: Option<String>,
    subject_kind: Option<String>,
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
            maker: self.created_by.map(UserId),
            people,
        }
    }
}

impl MessageRow {
    fn message(self) -> Message {
        Message {
            id: CommandId(self.id),
            seq: self.seq.unsigned_abs(),
            at: self.at,
            by: user(self.author, self.name, &self.kind),
            body: self.body,
            html: self.html,
            reply_to: self.reply_to.map(CommandId),
            mentions: Vec::new(),
        }
    }
}

impl EventRow {
    fn event(self, room: &RoomId) -> Event {
        let id = CommandId(self.id);
        let subject = match (self.subject, self.subject_name, self.subject_kind) {
            (Some(id), Some(name), Some(kind)) => Some(user(id, name, &kind)),
            _ => None,
        };
        let event = match (self.event_kind.as_str(), self.body, self.html, subject, self.detail) {
            ("message", Some(body), Some(html), ..) => {
                EventKind::Message { id, body, html, reply_to: self.reply_to.map(CommandId), mentions: Vec::new() }
            }
            ("member_added", .., Some(user), _) => EventKind::MemberAdded { user },
            ("member_removed", .., Some(user), _) => EventKind::MemberRemoved { user },
            ("appointed", .., Some(user), _) => EventKind::Appointed { user, moderator: true },
            ("dismissed", .., Some(user), _) => EventKind::Appointed { user, moderator: false },
            ("renamed", .., Some(name)) => EventKind::Renamed { name },
            ("topic_set", .., Some(topic)) => EventKind::TopicSet { topic },
            ("archived", ..) => EventKind::Archived { on: true },
            ("reopened", ..) => EventKind::Archived { on: false },
            // Written by a newer version: it keeps its place in the order.
            _ => EventKind::Unknown,
        };
        Event {
            room: room.clone(),
            seq: self.seq.unsigned_abs(),
            id,
            at: self.at,
            by: user(self.author, self.name, &self.kind),
            event,
        }
    }
}

pub(super) fn user(id: Uuid, name: String, kind: &str) -> User {
    let kind = if kind == "account" { UserKind::Account } else { UserKind::Guest };
    User { id: UserId(id), name, kind, colour: None }
}

/// A role that this version does not know is the least.
pub(super) fn server_role(text: &str) -> ServerRole {
    ServerRole::ALL.into_iter().find(|role| role.as_str() == text).unwrap_or(ServerRole::Guest)
}
