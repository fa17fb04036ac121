//! New rooms.

use std::sync::Arc;

use parlor_protocol::{Millis, RoomId, RoomKind, UserId};
use rand::Rng;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{members::insert_member, reader};
use crate::domain::{NameTaken, RoomRecord, StoreError};

pub(super) async fn create(
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
    Ok(Ok(RoomRecord { id, name, kind, topic: None, head: 0, archived: false, created_by: Some(maker), people }))
}

pub(super) async fn direct(
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
        created_by: maker,
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

/// The form in which names of public rooms are compared: two cannot differ by case alone.
pub(super) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// What stands in its place for a room whose name is not everyone's to see.
pub(super) fn unseen_key(room: &RoomId) -> String {
    format!("id:{room}")
}

/// Ten characters of 32: short enough for an address, too many to guess or to meet twice.
fn new_room_id() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    (0..10).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}
