//! Appends a batch of messages to their rooms' logs in a handful of statements, however many there are.
//!
//! Each statement is a hop to SQLite's thread, so a batch travels as one JSON array and is unpacked there by `json_each`.

use std::collections::HashMap;

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, Seq};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::writer::sql_seq;
use crate::store::{Appended, NewMessage, OnAppended, StoreError};

type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What an id stands for in the log.
struct Known {
    room: String,
    seq: Seq,
    at: Millis,
    author: Uuid,
    digest: Vec<u8>,
}

/// Appends what is new, finds what is not, and leaves for each its answer in `finish`. Returns the new events by seq.
pub(super) async fn append(
    db: &mut SqliteConnection,
    batch: Vec<(NewMessage, OnAppended)>,
    finish: &mut Vec<Finish>,
    now: Millis,
) -> Result<Vec<Event>, StoreError> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    // The callbacks are not Sync and must not be borrowed over an await.
    let (messages, callbacks): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let (mut known, mut heads) = match look_up(db, &messages).await {
        Ok(found) => found,
        Err(error) => {
            callbacks.into_iter().for_each(|done| done.call(Err(error.clone())));
            return Err(error);
        }
    };
    let mut events = Vec::with_capacity(messages.len());
    let mut rows = Vec::with_capacity(messages.len());
    for (message, done) in messages.into_iter().zip(callbacks) {
        let outcome = decide(&message, &known, &heads).unwrap_or_else(|| {
            let head = heads.entry(message.room.as_str().to_owned()).or_default();
            *head += 1;
            let seq = *head;
            let digest = digest(&message);
            rows.push(json!([
                message.room.as_str(),
                seq,
                hex(message.id.0.as_bytes()),
                hex(message.author.id.0.as_bytes()),
                hex(&digest),
                message.body,
                message.html,
                message.html_version,
                message.reply_to.map(|id| hex(id.0.as_bytes())),
            ]));
            known.insert(
                message.id.0,
                Known {
                    room: message.room.as_str().to_owned(),
                    seq,
                    at: now,
                    author: message.author.id.0,
                    digest: digest.to_vec(),
                },
            );
            events.push(Event {
                room: message.room,
                seq,
                id: message.id,
                at: now,
                by: (*message.author).clone(),
                event: EventKind::Message {
                    id: message.id,
                    body: message.body,
                    html: message.html,
                    reply_to: message.reply_to,
                },
            });
            Appended::Stored { seq, at: now }
        });
        finish.push(Box::new(move |held: Result<(), StoreError>| done.call(held.map(|()| outcome))));
    }
    insert(db, &rows, &events, now).await?;
    Ok(events)
}

/// What is known of a message before anything is written; `None` when it is new and welcome.
fn decide(message: &NewMessage, known: &HashMap<Uuid, Known>, heads: &HashMap<String, Seq>) -> Option<Appended> {
    if let Some(first) = known.get(&message.id.0) {
        let same = first.room == message.room.as_str()
            && first.author == message.author.id.0
            && first.digest == digest(message);
        return Some(if same { Appended::Stored { seq: first.seq, at: first.at } } else { Appended::IdReused });
    }
    if !heads.contains_key(message.room.as_str()) {
        return Some(Appended::NoRoom);
    }
    let target = message.reply_to?;
    match known.get(&target.0) {
        Some(answered) if answered.room == message.room.as_str() => None,
        _ => Some(Appended::NoReplyTarget),
    }
}

/// What has to be known before anything is decided.
async fn look_up(
    db: &mut SqliteConnection,
    batch: &[NewMessage],
) -> Result<(HashMap<Uuid, Known>, HashMap<String, Seq>), StoreError> {
    Ok((known(db, batch).await?, heads(db, batch).await?))
}

/// Everything that the log knows of the ids in the batch: the messages' own, and those they answer.
async fn known(db: &mut SqliteConnection, batch: &[NewMessage]) -> Result<HashMap<Uuid, Known>, StoreError> {
    let ids: Vec<String> = batch
        .iter()
        .flat_map(|message| [Some(message.id), message.reply_to])
        .flatten()
        .map(|id: CommandId| hex(id.0.as_bytes()))
        .collect();
    let rows: Vec<(Uuid, String, i64, i64, Uuid, Vec<u8>)> = sqlx::query_as(
        "SELECT id, room, seq, at, author, digest FROM event WHERE id IN (SELECT unhex(value) FROM json_each(?))",
    )
    .bind(json!(ids).to_string())
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, room, seq, at, author, digest)| (id, Known { room, seq: seq.unsigned_abs(), at, author, digest }))
        .collect())
}

/// The newest seq of each room in the batch. A room that does not exist is not in the answer.
async fn heads(db: &mut SqliteConnection, batch: &[NewMessage]) -> Result<HashMap<String, Seq>, StoreError> {
    let mut rooms: Vec<&str> = batch.iter().map(|message| message.room.as_str()).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT id, head FROM room WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json!(rooms).to_string())
            .fetch_all(db)
            .await?;
    Ok(rows.into_iter().map(|(room, head)| (room, head.unsigned_abs())).collect())
}

async fn insert(
    db: &mut SqliteConnection,
    rows: &[serde_json::Value],
    events: &[Event],
    now: Millis,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = serde_json::Value::from(rows).to_string();
    sqlx::query(
        "INSERT INTO event (room, seq, id, at, author, kind, digest)
         SELECT value ->> 0, value ->> 1, unhex(value ->> 2), ?2, unhex(value ->> 3), 'message', unhex(value ->> 4)
         FROM json_each(?1)",
    )
    .bind(&rows)
    .bind(now)
    .execute(&mut *db)
    .await?;
    sqlx::query(
        "INSERT INTO message (room, seq, id, at, author, body, html, html_version, reply_to)
         SELECT value ->> 0, value ->> 1, unhex(value ->> 2), ?2, unhex(value ->> 3), value ->> 5, value ->> 6,
                value ->> 7, unhex(value ->> 8)
         FROM json_each(?1)",
    )
    .bind(&rows)
    .bind(now)
    .execute(&mut *db)
    .await?;
    let heads: HashMap<&RoomId, i64> = events.iter().map(|event| (&event.room, sql_seq(event.seq))).collect();
    let heads: Vec<_> = heads.into_iter().map(|(room, head)| json!([room, head])).collect();
    sqlx::query(
        "UPDATE room SET head = grown.value ->> 1 FROM json_each(?) AS grown WHERE room.id = grown.value ->> 0",
    )
    .bind(serde_json::Value::from(heads).to_string())
    .execute(db)
    .await?;
    Ok(())
}

/// What a command said. Half a SHA-256 is enough to tell one content from another.
fn digest(message: &NewMessage) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(b"send\0");
    hash.update(message.room.as_str());
    hash.update(b"\0");
    hash.update(message.reply_to.map_or([0; 16], |id| *id.0.as_bytes()));
    hash.update(&message.body);
    let full = hash.finalize();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
