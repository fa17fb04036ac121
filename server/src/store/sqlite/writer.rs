//! Group commit: whatever waits is written in one transaction, and answered after that transaction is on disk.

use std::time::Duration;

use parlor_protocol::{Event, Millis, RoomId, RoomKind, Seq, User, UserId, UserKind};
use rand::Rng;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::append;
use crate::{
    bus::Committed,
    clock,
    store::{NewMessage, OnAppended, RoomRecord, StoreError, TokenHash},
};

/// Most commands in one transaction. More would only make the first of them wait longer.
const MAX_BATCH: usize = 512;

/// Pause after a failed commit, so that a full disk does not spin.
const FAILURE_PAUSE: Duration = Duration::from_millis(50);

/// One write. `reply` and `done` are called after the commit.
pub(super) enum Job {
    Append { message: NewMessage, done: OnAppended },
    CreateGuest { name: Option<String>, token: TokenHash, reply: Reply<User> },
    EndSession { token: TokenHash, reply: Reply<()> },
    CreateRoom { name: String, maker: UserId, reply: Reply<Option<RoomRecord>> },
    AddMember { room: RoomId, user: UserId, reply: Reply<Seq> },
    SetRead { room: RoomId, user: UserId, seq: Seq },
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What is to be told to whom once it is known whether the transaction held.
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Runs until every sender is gone and the queue is empty.
pub(super) async fn run(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Job>, committed: Committed) {
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while queue.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        let mut finish = Vec::with_capacity(waiting.len());
        match commit(&mut connection, &mut waiting, &mut finish).await {
            Ok(events) => {
                // Nobody listens any more when the server stops: the events are stored, and read at the next start.
                if !events.is_empty() {
                    let _ = committed.send(events).await;
                }
                finish.into_iter().for_each(|finish| finish(Ok(())));
            }
            Err(error) => {
                tracing::error!(%error, commands = finish.len() + waiting.len(), "nothing of this batch was stored");
                finish.into_iter().for_each(|finish| finish(Err(error.clone())));
                // What was not begun is dropped, and whoever waits for it is told by that.
                waiting.clear();
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
    if let Err(error) = connection.close().await {
        tracing::error!(%error, "closing the database");
    }
}

async fn commit(
    connection: &mut SqliteConnection,
    jobs: &mut Vec<Job>,
    finish: &mut Vec<Finish>,
) -> Result<Vec<Event>, StoreError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let now = clock::now();
    let mut appends = Vec::new();
    for job in jobs.drain(..) {
        match job {
            Job::Append { message, done } => appends.push((message, done)),
            other => finish.push(run_one(&mut transaction, other, now).await?),
        }
    }
    let events = append::append(&mut transaction, appends, finish, now).await?;
    transaction.commit().await?;
    Ok(events)
}

async fn run_one(db: &mut SqliteConnection, job: Job, now: Millis) -> Result<Finish, StoreError> {
    Ok(match job {
        Job::CreateGuest { name, token, reply } => {
            let result = create_guest(db, name, token, now).await;
            after_commit(reply, result)
        }
        Job::EndSession { token, reply } => {
            let result = sqlx::query("DELETE FROM session WHERE token_hash = ?").bind(&token.0[..]).execute(db).await;
            after_commit(reply, result.map(drop).map_err(StoreError::from))
        }
        Job::CreateRoom { name, maker, reply } => {
            let result = create_room(db, name, maker, now).await;
            after_commit(reply, result)
        }
        Job::AddMember { room, user, reply } => {
            let result = add_member(db, &room, user, now).await;
            after_commit(reply, result)
        }
        Job::SetRead { room, user, seq } => {
            sqlx::query("UPDATE member SET read_seq = ?3 WHERE room = ?1 AND user = ?2 AND read_seq < ?3")
                .bind(room.as_str())
                .bind(user.0)
                .bind(sql_seq(seq))
                .execute(db)
                .await?;
            Box::new(drop)
        }
        // `commit` has sorted appends out; here one would be dropped, and say so.
        Job::Append { .. } => Box::new(drop),
    })
}

/// The result of one statement, told once the whole transaction held.
fn after_commit<T: Send + 'static>(reply: Reply<T>, result: Result<T, StoreError>) -> Finish {
    Box::new(move |held| {
        // Whoever asked may have gone.
        let _ = reply.send(held.and(result));
    })
}

async fn create_guest(
    db: &mut SqliteConnection,
    name: Option<String>,
    token: TokenHash,
    now: Millis,
) -> Result<User, StoreError> {
    let name = match name {
        Some(name) => name,
        None => {
            let number: i64 = sqlx::query_scalar(
                "INSERT INTO counter (name, value) VALUES ('guest', 1)
                 ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            )
            .fetch_one(&mut *db)
            .await?;
            format!("Guest {number}")
        }
    };
    let user = User { id: UserId(Uuid::now_v7()), name, kind: UserKind::Guest };
    sqlx::query("INSERT INTO user (id, name, kind, created_at) VALUES (?, ?, 'guest', ?)")
        .bind(user.id.0)
        .bind(&user.name)
        .bind(now)
        .execute(&mut *db)
        .await?;
    sqlx::query("INSERT INTO session (token_hash, user, created_at) VALUES (?, ?, ?)")
        .bind(&token.0[..])
        .bind(user.id.0)
        .bind(now)
        .execute(&mut *db)
        .await?;
    add_member(db, &RoomId::lobby(), user.id, now).await?;
    Ok(user)
}

async fn create_room(
    db: &mut SqliteConnection,
    name: String,
    maker: UserId,
    now: Millis,
) -> Result<Option<RoomRecord>, StoreError> {
    let id = RoomId::from(new_room_id());
    let made = sqlx::query(
        "INSERT INTO room (id, name, name_key, kind, created_at, created_by) VALUES (?, ?, ?, 'public', ?, ?)
         ON CONFLICT DO NOTHING",
    )
    .bind(id.as_str())
    .bind(&name)
    .bind(name.to_lowercase())
    .bind(now)
    .bind(maker.0)
    .execute(&mut *db)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(None);
    }
    add_member(db, &id, maker, now).await?;
    Ok(Some(RoomRecord { id, name, kind: RoomKind::Public, topic: None, head: 0 }))
}

async fn add_member(db: &mut SqliteConnection, room: &RoomId, user: UserId, now: Millis) -> Result<Seq, StoreError> {
    // The update changes nothing; it makes RETURNING answer for a row that was there already.
    let read: i64 = sqlx::query_scalar(
        "INSERT INTO member (room, user, read_seq, joined_at) SELECT id, ?2, head, ?3 FROM room WHERE id = ?1
         ON CONFLICT (user, room) DO UPDATE SET read_seq = read_seq RETURNING read_seq",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(now)
    .fetch_one(db)
    .await?;
    Ok(read.unsigned_abs())
}

/// Ten characters of 32: short enough for an address, too many to guess or to meet twice.
fn new_room_id() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    (0..10).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}

/// A seq as SQL's signed integer. Seqs count events one by one and never come near the sign bit.
pub(super) fn sql_seq(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
