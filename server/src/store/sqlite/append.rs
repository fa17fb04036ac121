//! Appends a batch of messages to their rooms' logs in a handful of statements, however many there are.
//!
//! Each statement is a hop to SQLite's thread, so a batch travels as the many rows of one `VALUES`; see [`rows`].

use std::collections::HashMap;

use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, Seq};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    access_revocation::AccessRevocation,
    mentions, rows,
    write_transaction::WriteTransaction,
    writer::{Finish, sql_seq},
};
use crate::domain::{AppendOutcome, NewMessage, OnAppended, StoreError};

/// What an id stands for in the log.
struct Known {
    room: RoomId,
    seq: Seq,
    at: Millis,
    author: Uuid,
    digest: Vec<u8>,
}

/// The heads of the rooms, as the database has them: nobody else writes there. Forgotten when that may not be so.
pub(super) type RoomHeads = HashMap<RoomId, Seq>;

/// Appends what is new, finds what is not, and leaves for each its answer in `finish`, and the new events in the ledger.
/// Its heads are right when the transaction holds; when it does not, they are to be forgotten.
pub(super) async fn append(
    db: &mut SqliteConnection,
    batch: Vec<(NewMessage, OnAppended)>,
    ledger: &mut WriteTransaction<'_>,
    finish: &mut Vec<Box<dyn Finish>>,
) -> Result<(), StoreError> {
    if batch.is_empty() {
        return Ok(());
    }
    let WriteTransaction { heads, revoked, events, now } = ledger;
    let now = *now;
    // The callbacks are not Sync and must not be borrowed over an await.
    let (messages, callbacks): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    let mut known = match look_up(db, &messages, heads).await {
        Ok(known) => known,
        Err(error) => {
            callbacks.into_iter().for_each(|done| done.call(Err(error.clone())));
            return Err(error);
        }
    };
    let mut rows = Vec::with_capacity(messages.len());
    for (message, done) in messages.into_iter().zip(callbacks) {
        let outcome = decide(&message, &known, heads, revoked, now).unwrap_or_else(|| {
            let head = heads.entry(message.room.clone()).or_default();
            *head += 1;
            let seq = *head;
            let digest = digest(&message);
            known.insert(
                message.id.0,
                Known {
                    room: message.room.clone(),
                    seq,
                    at: now,
                    author: message.author.id.0,
                    digest: digest.to_vec(),
                },
            );
            rows.push(Row { message, seq, digest });
            AppendOutcome::Stored { seq, at: now }
        });
        finish.push(Box::new(move |held: Result<(), StoreError>| done.call(held.map(|()| outcome))));
    }
    insert(db, &rows, now).await?;
    if rows.iter().any(|row| !row.message.mentions.is_empty()) {
        let named = rows.iter().map(|row| (&row.message.room, row.seq, row.message.mentions.as_slice()));
        mentions::insert(db, named).await?;
    }
    events.extend(rows.into_iter().map(|row| row.event(now)));
    Ok(())
}

/// A message that gets its place.
struct Row {
    message: NewMessage,
    seq: Seq,
    digest: [u8; 16],
}

impl Row {
    fn event(self, at: Millis) -> Event {
        let NewMessage { id, room, author, body, html, reply_to, mentions, .. } = self.message;
        Event {
            room,
            seq: self.seq,
            id,
            at,
            by: (*author).clone(),
            event: EventKind::Message { id, body, html, reply_to, mentions },
        }
    }
}

/// What is known of a message before anything is written; `None` when it is new and welcome.
fn decide(
    message: &NewMessage,
    known: &HashMap<Uuid, Known>,
    heads: &RoomHeads,
    revoked: &AccessRevocation,
    now: Millis,
) -> Option<AppendOutcome> {
    if let Some(first) = known.get(&message.id.0) {
        let same = first.room == message.room && first.author == message.author.id.0 && first.digest == digest(message);
        return Some(if same {
            AppendOutcome::Stored { seq: first.seq, at: first.at }
        } else {
            AppendOutcome::IdReused
        });
    }
    if !heads.contains_key(&message.room) {
        return Some(AppendOutcome::NoRoom);
    }
    if let Some(refusal) = revoked.refusal(&message.room, message.author.id, now) {
        return Some(refusal);
    }
    let target = message.reply_to?;
    match known.get(&target.0) {
        Some(answered) if answered.room == message.room => None,
        _ => Some(AppendOutcome::NoReplyTarget),
    }
}

/// What has to be known before anything is decided: everything that the log has of the ids in the batch, the messages'
/// own and those they answer; and the heads of their rooms. A room that does not exist has none.
async fn look_up(
    db: &mut SqliteConnection,
    batch: &[NewMessage],
    heads: &mut RoomHeads,
) -> Result<HashMap<Uuid, Known>, StoreError> {
    let mut rooms: Vec<&RoomId> =
        batch.iter().map(|message| &message.room).filter(|room| !heads.contains_key(*room)).collect();
    rooms.sort_unstable();
    rooms.dedup();
    for part in rooms.chunks(rows::MOST) {
        let sql = rows::sql("SELECT id, head FROM room WHERE id IN (VALUES ", 1, part.len(), ")");
        let mut query = sqlx::query_as(sql);
        for row in rows::padded(part) {
            query = query.bind(row.map(|room| room.as_str()));
        }
        let found: Vec<(String, i64)> = query.fetch_all(&mut *db).await?;
        heads.extend(found.into_iter().map(|(room, head)| (RoomId::from(room), head.unsigned_abs())));
    }
    let ids: Vec<CommandId> = batch.iter().flat_map(|message| [Some(message.id), message.reply_to]).flatten().collect();
    let mut known = HashMap::new();
    for part in ids.chunks(rows::MOST) {
        let columns = "SELECT id, room, seq, at, author, digest FROM event WHERE id IN (VALUES ";
        let mut query = sqlx::query_as(rows::sql(columns, 1, part.len(), ")"));
        for row in rows::padded(part) {
            query = query.bind(row.map(|id| id.0));
        }
        let found: Vec<(Uuid, String, i64, i64, Uuid, Vec<u8>)> = query.fetch_all(&mut *db).await?;
        known.extend(found.into_iter().map(|(id, room, seq, at, author, digest)| {
            (id, Known { room: room.into(), seq: seq.unsigned_abs(), at, author, digest })
        }));
    }
    Ok(known)
}

async fn insert(db: &mut SqliteConnection, new: &[Row], now: Millis) -> Result<(), StoreError> {
    for part in new.chunks(rows::MOST) {
        let head = "INSERT INTO event (room, seq, id, at, author, kind, digest, body, html, html_version, reply_to)
                    SELECT * FROM (VALUES ";
        let mut query = sqlx::query(rows::sql(head, 11, part.len(), ") WHERE column1 IS NOT NULL"));
        for row in rows::padded(part) {
            let message = row.map(|row| &row.message);
            query = query
                .bind(message.map(|message| message.room.as_str()))
                .bind(row.map(|row| sql_seq(row.seq)))
                .bind(message.map(|message| message.id.0))
                .bind(row.map(|_| now))
                .bind(message.map(|message| message.author.id.0))
                .bind(row.map(|_| "message"))
                .bind(row.map(|row| &row.digest[..]))
                .bind(message.map(|message| message.body.as_str()))
                .bind(message.map(|message| message.html.as_str()))
                .bind(message.map(|message| message.html_version))
                .bind(message.and_then(|message| message.reply_to).map(|id| id.0));
        }
        query.execute(&mut *db).await?;
    }
    // The last row of each room has its head.
    let grown: HashMap<&RoomId, Seq> = new.iter().map(|row| (&row.message.room, row.seq)).collect();
    let grown: Vec<_> = grown.into_iter().collect();
    for part in grown.chunks(rows::MOST) {
        let sql = rows::sql(
            "UPDATE room SET head = grown.column2 FROM (VALUES ",
            2,
            part.len(),
            ") AS grown WHERE room.id = grown.column1",
        );
        let mut query = sqlx::query(sql);
        for row in rows::padded(part) {
            query = query.bind(row.map(|(room, _)| room.as_str())).bind(row.map(|(_, head)| sql_seq(*head)));
        }
        query.execute(&mut *db).await?;
    }
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
