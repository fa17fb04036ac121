//! Writes to rooms and memberships, each with the event that tells of it.

use std::sync::Arc;

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, RoomKind, Seq, UserId};
use rand::Rng;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    append::Heads,
    audit,
    cache::Caches,
    reader,
    revoked::Revoked,
    writer::{Done, after_commit, sql_seq},
};
use crate::store::{NameTaken, RoomChange, RoomRecord, StoreError};

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// One write.
pub(super) enum RoomJob {
    Create { name: String, kind: RoomKind, maker: UserId, reply: Reply<Result<RoomRecord, NameTaken>> },
    Direct { people: Vec<UserId>, maker: UserId, reply: Reply<Option<RoomRecord>> },
    Add { room: RoomId, user: UserId, by: UserId, reply: Reply<Option<Seq>> },
    Remove { room: RoomId, user: UserId, by: UserId, reply: Reply<Option<Seq>> },
    Appoint { room: RoomId, user: UserId, moderator: bool, by: UserId, reply: Reply<bool> },
    Change { room: RoomId, changes: Vec<RoomChange>, by: UserId, reply: Reply<Result<(), NameTaken>> },
}

impl RoomJob {
    /// Tells whoever waits that nothing was stored.
    pub(super) fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::Create { reply, .. } => drop(reply.send(Err(error))),
            Self::Direct { reply, .. } => drop(reply.send(Err(error))),
            Self::Add { reply, .. } | Self::Remove { reply, .. } => drop(reply.send(Err(error))),
            Self::Appoint { reply, .. } => drop(reply.send(Err(error))),
            Self::Change { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

/// What a transaction changes besides the database, for as long as it holds.
pub(super) struct Ledger<'a> {
    pub(super) heads: &'a mut Heads,
    pub(super) revoked: &'a mut Revoked,
    /// What it adds to the logs.
    pub(super) events: &'a mut Vec<Event>,
    pub(super) now: Millis,
}

impl Ledger<'_> {
    /// The newest event of a room that exists.
    async fn head(&self, db: &mut SqliteConnection, room: &RoomId) -> Result<Seq, StoreError> {
        match self.heads.get(room) {
            Some(head) => Ok(*head),
            None => reader::head(&mut *db, room).await,
        }
    }

    /// Puts an event into the log of a room that exists.
    async fn record(
        &mut self,
        db: &mut SqliteConnection,
        room: &RoomId,
        by: UserId,
        event: EventKind,
    ) -> Result<(), StoreError> {
        let (seq, id) = (self.head(db, room).await? + 1, CommandId(Uuid::now_v7()));
        let (kind, subject, detail) = columns(&event);
        let mut digest = Sha256::new();
        digest.update(kind);
        digest.update(b"\0");
        digest.update(subject.map_or([0; 16], |user| *user.0.as_bytes()));
        digest.update(detail.as_deref().unwrap_or_default());
        sqlx::query(
            "INSERT INTO event (room, seq, id, at, author, kind, digest, subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(room.as_str())
        .bind(sql_seq(seq))
        .bind(id.0)
        .bind(self.now)
        .bind(by.0)
        .bind(kind)
        .bind(&digest.finalize()[..16])
        .bind(subject.map(|user| user.0))
        .bind(detail)
        .execute(&mut *db)
        .await?;
        sqlx::query("UPDATE room SET head = ? WHERE id = ?")
            .bind(sql_seq(seq))
            .bind(room.as_str())
            .execute(&mut *db)
            .await?;
        self.heads.insert(room.clone(), seq);
        audit::note_event(&mut *db, room, by, &event, self.now).await?;
        let by = reader::person(&mut *db, by).await?.ok_or(sqlx::Error::RowNotFound)?;
        self.events.push(Event { room: room.clone(), seq, id, at: self.now, by, event });
        Ok(())
    }
}

/// How an event that is no message stands in the log; [`reader`] reads it back.
fn columns(event: &EventKind) -> (&'static str, Option<UserId>, Option<String>) {
    match event {
        EventKind::MemberAdded { user } => ("member_added", Some(user.id), None),
        EventKind::MemberRemoved { user } => ("member_removed", Some(user.id), None),
        EventKind::Appointed { user, moderator } => {
            (if *moderator { "appointed" } else { "dismissed" }, Some(user.id), None)
        }
        EventKind::Renamed { name } => ("renamed", None, Some(name.clone())),
        EventKind::TopicSet { topic } => ("topic_set", None, Some(topic.clone())),
        EventKind::Archived { on } => (if *on { "archived" } else { "reopened" }, None, None),
        EventKind::Message { .. }
        | EventKind::Edited { .. }
        | EventKind::Deleted { .. }
        | EventKind::Reacted { .. }
        | EventKind::Unknown => ("unknown", None, None),
    }
}

pub(super) async fn run(
    db: &mut SqliteConnection,
    job: RoomJob,
    caches: &Arc<Caches>,
    ledger: &mut Ledger<'_>,
) -> Done {
    let caches = caches.clone();
    match job {
        RoomJob::Create { name, kind, maker, reply } => {
            let result = create(db, name, kind, maker, ledger.now).await;
            after_commit(reply, result, move |made| {
                if let Ok(room) = made {
                    caches.is_member(maker, &room.id, room.head, true);
                }
            })
        }
        RoomJob::Direct { people, maker, reply } => {
            let result = direct(db, &people, maker, ledger.now).await;
            after_commit(reply, result, move |found| {
                if let Some(room) = found {
                    people.iter().for_each(|person| caches.is_member(*person, &room.id, 0, false));
                }
            })
        }
        RoomJob::Add { room, user, by, reply } => {
            let result = add(db, &room, user, by, ledger).await;
            after_commit(reply, result, move |read| {
                if let Some(read) = read {
                    caches.is_member(user, &room, *read, false);
                }
            })
        }
        RoomJob::Remove { room, user, by, reply } => {
            let result = remove(db, &room, user, by, ledger).await;
            after_commit(reply, result, move |removed| {
                if removed.is_some() {
                    caches.is_no_member(user, &room);
                }
            })
        }
        RoomJob::Appoint { room, user, moderator, by, reply } => {
            let result = appoint(db, &room, user, moderator, by, ledger).await;
            after_commit(reply, result, move |done| {
                if *done {
                    caches.is_moderator(user, &room, moderator);
                }
            })
        }
        RoomJob::Change { room, changes, by, reply } => {
            let result = change(db, &room, changes, by, ledger).await;
            after_commit(reply, result, |_| {})
        }
    }
}

async fn create(
    db: &mut SqliteConnection,
    name: String,
    kind: RoomKind,
    maker: UserId,
    now: Millis,
) -> Result<Result<RoomRecord, NameTaken>, StoreError> {
    let id = RoomId::from(new_room_id());
    // Only names of public rooms are taken: that one of a private room is must not show.
    let key = if kind == RoomKind::Public { name_key(&name) } else { unseen_key(&id) };
    let made = sqlx::query(
        "INSERT INTO room (id, name, name_key, kind, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.as_str())
    .bind(&name)
    .bind(key)
    .bind(if kind == RoomKind::Public { "public" } else { "private" })
    .bind(now)
    .bind(maker.0)
    .execute(&mut *db)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(Err(NameTaken));
    }
    insert_member(db, &id, maker, "moderator", now).await?;
    let people = Arc::default();
    Ok(Ok(RoomRecord { id, name, kind, topic: None, head: 0, archived: false, maker: Some(maker), people }))
}

async fn direct(
    db: &mut SqliteConnection,
    people: &[UserId],
    maker: UserId,
    now: Millis,
) -> Result<Option<RoomRecord>, StoreError> {
    let mut found = Vec::with_capacity(people.len());
    for person in people {
        match reader::person(&mut *db, *person).await? {
            Some(person) => found.push(person),
            None => return Ok(None),
        }
    }
    // As they are read back at the next start.
    found.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let mut digest = Sha256::new();
    let mut ids: Vec<_> = people.iter().map(|person| person.0).collect();
    ids.sort_unstable();
    ids.iter().for_each(|id| digest.update(id.as_bytes()));
    let key = digest.finalize();
    let known: Option<(String, i64, Option<Uuid>)> =
        sqlx::query_as("SELECT id, head, created_by FROM room WHERE people_key = ?")
            .bind(&key[..])
            .fetch_optional(&mut *db)
            .await?;
    let record = |id, head, maker| RoomRecord {
        id,
        name: String::new(),
        kind: RoomKind::Direct,
        topic: None,
        head,
        archived: false,
        maker,
        people: found.into(),
    };
    if let Some((id, head, maker)) = known {
        return Ok(Some(record(id.into(), head.unsigned_abs(), maker.map(UserId))));
    }
    let id = RoomId::from(new_room_id());
    sqlx::query(
        "INSERT INTO room (id, name, name_key, kind, created_at, created_by, people_key)
         VALUES (?, '', ?, 'direct', ?, ?, ?)",
    )
    .bind(id.as_str())
    .bind(unseen_key(&id))
    .bind(now)
    .bind(maker.0)
    .bind(&key[..])
    .execute(&mut *db)
    .await?;
    for person in people {
        insert_member(db, &id, *person, "member", now).await?;
    }
    Ok(Some(record(id, 0, Some(maker))))
}

async fn add(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    by: UserId,
    ledger: &mut Ledger<'_>,
) -> Result<Option<Seq>, StoreError> {
    let Some(person) = reader::person(&mut *db, user).await? else { return Ok(None) };
    let known: Option<(String, Option<i64>)> = sqlx::query_as(
        "SELECT room.kind, member.read_seq
         FROM room LEFT JOIN member ON member.room = room.id AND member.user = ? WHERE room.id = ?",
    )
    .bind(user.0)
    .bind(room.as_str())
    .fetch_optional(&mut *db)
    .await?;
    let kind = match known {
        None => return Ok(None),
        Some((_, Some(read))) => return Ok(Some(read.unsigned_abs())),
        Some((kind, None)) => kind,
    };
    match kind.as_str() {
        // Always the same people.
        "direct" => return Ok(None),
        "public" if user == by => {}
        _ => ledger.record(db, room, by, EventKind::MemberAdded { user: person }).await?,
    }
    let read = insert_member(db, room, user, "member", ledger.now).await?;
    ledger.revoked.member(room, user, true);
    Ok(Some(read))
}

async fn remove(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    by: UserId,
    ledger: &mut Ledger<'_>,
) -> Result<Option<Seq>, StoreError> {
    let Some(person) = reader::person(&mut *db, user).await? else { return Ok(None) };
    let gone = sqlx::query("DELETE FROM member WHERE room = ? AND user = ?")
        .bind(room.as_str())
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    if gone.rows_affected() == 0 {
        return Ok(None);
    }
    let public: bool = sqlx::query_scalar("SELECT kind = 'public' FROM room WHERE id = ?")
        .bind(room.as_str())
        .fetch_one(&mut *db)
        .await?;
    if !(public && user == by) {
        ledger.record(db, room, by, EventKind::MemberRemoved { user: person }).await?;
    }
    ledger.revoked.member(room, user, false);
    Ok(Some(ledger.head(db, room).await?))
}

async fn appoint(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    moderator: bool,
    by: UserId,
    ledger: &mut Ledger<'_>,
) -> Result<bool, StoreError> {
    let role = |moderator| if moderator { "moderator" } else { "member" };
    let known: Option<String> = sqlx::query_scalar("SELECT role FROM member WHERE room = ? AND user = ?")
        .bind(room.as_str())
        .bind(user.0)
        .fetch_optional(&mut *db)
        .await?;
    let (Some(known), Some(person)) = (known, reader::person(&mut *db, user).await?) else { return Ok(false) };
    if known == role(moderator) {
        return Ok(true);
    }
    sqlx::query("UPDATE member SET role = ? WHERE room = ? AND user = ?")
        .bind(role(moderator))
        .bind(room.as_str())
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    ledger.record(db, room, by, EventKind::Appointed { user: person, moderator }).await?;
    Ok(true)
}

async fn change(
    db: &mut SqliteConnection,
    room: &RoomId,
    changes: Vec<RoomChange>,
    by: UserId,
    ledger: &mut Ledger<'_>,
) -> Result<Result<(), NameTaken>, StoreError> {
    let known: Option<(String, String, Option<String>, Option<i64>)> =
        sqlx::query_as("SELECT kind, name, topic, archived_at FROM room WHERE id = ?")
            .bind(room.as_str())
            .fetch_optional(&mut *db)
            .await?;
    let (kind, old_name, old_topic, archived_at) = known.ok_or(sqlx::Error::RowNotFound)?;
    let public = kind == "public";
    // The only one that can fail comes first, so that it is all or nothing.
    if public && let Some(RoomChange::Name(name)) = changes.iter().find(|change| matches!(change, RoomChange::Name(_)))
    {
        let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM room WHERE name_key = ? AND id <> ?")
            .bind(name_key(name))
            .bind(room.as_str())
            .fetch_one(&mut *db)
            .await?;
        if taken > 0 {
            return Ok(Err(NameTaken));
        }
    }
    for change in changes {
        let event = match change {
            RoomChange::Name(name) if name != old_name => {
                sqlx::query("UPDATE room SET name = ?, name_key = ? WHERE id = ?")
                    .bind(&name)
                    .bind(if public { name_key(&name) } else { unseen_key(room) })
                    .bind(room.as_str())
                    .execute(&mut *db)
                    .await?;
                EventKind::Renamed { name }
            }
            RoomChange::Topic(topic) if topic != old_topic.as_deref().unwrap_or_default() => {
                sqlx::query("UPDATE room SET topic = ? WHERE id = ?")
                    .bind((!topic.is_empty()).then_some(&topic))
                    .bind(room.as_str())
                    .execute(&mut *db)
                    .await?;
                EventKind::TopicSet { topic }
            }
            RoomChange::Archived(on) if on != archived_at.is_some() => {
                sqlx::query("UPDATE room SET archived_at = ? WHERE id = ?")
                    .bind(on.then_some(ledger.now))
                    .bind(room.as_str())
                    .execute(&mut *db)
                    .await?;
                ledger.revoked.archive(room, on);
                EventKind::Archived { on }
            }
            RoomChange::Name(_) | RoomChange::Topic(_) | RoomChange::Archived(_) => continue,
        };
        ledger.record(db, room, by, event).await?;
    }
    Ok(Ok(()))
}

/// Makes someone a member who has read everything so far, unless they are one. Returns how far they have read.
pub(super) async fn insert_member(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    role: &str,
    now: Millis,
) -> Result<Seq, StoreError> {
    // The update changes nothing; it makes RETURNING answer for a row that was there already.
    let read: i64 = sqlx::query_scalar(
        "INSERT INTO member (room, user, read_seq, joined_at, role) SELECT id, ?2, head, ?3, ?4 FROM room WHERE id = ?1
         ON CONFLICT (user, room) DO UPDATE SET read_seq = read_seq RETURNING read_seq",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(now)
    .bind(role)
    .fetch_one(db)
    .await?;
    Ok(read.unsigned_abs())
}

/// The form in which names of public rooms are compared: two cannot differ by case alone.
fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// What stands in its place for a room whose name is not everyone's to see.
fn unseen_key(room: &RoomId) -> String {
    format!("id:{room}")
}

/// Ten characters of 32: short enough for an address, too many to guess or to meet twice.
fn new_room_id() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    (0..10).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
