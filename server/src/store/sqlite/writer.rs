//! Group commit: whatever waits is written in one transaction, and answered after that transaction is on disk.

use std::{sync::Arc, time::Duration};

use parlor_protocol::{Event, Millis, RoomId, RoomKind, Seq, UserId};
use rand::Rng;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};

use super::{
    append::{self, Heads},
    cache::Caches,
    people::PeopleJob,
};
use crate::{
    bus::Committed,
    clock,
    store::{NewMessage, OnAppended, RoomRecord, StoreError, TokenHash},
};

/// Most commands in one transaction. More would only make the first of them wait longer.
const MAX_BATCH: usize = 512;

/// Longest that a commit waits for the one before it to reach everyone. Acks do not wait for a crowd.
const PATIENCE: Duration = Duration::from_millis(5);

/// Pause after a failed commit, so that a full disk does not spin.
const FAILURE_PAUSE: Duration = Duration::from_millis(50);

/// One write. `reply` and `done` are called after the commit.
pub(super) enum Job {
    Append { message: NewMessage, done: OnAppended },
    People(PeopleJob),
    EndSession { token: TokenHash, reply: Reply<()> },
    CreateRoom { name: String, maker: UserId, reply: Reply<Option<RoomRecord>> },
    AddMember { room: RoomId, user: UserId, reply: Reply<Seq> },
    SetRead { room: RoomId, user: UserId, seq: Seq },
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What is to be told to whom once it is known whether the transaction held.
type Finish = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Runs until every sender is gone and the queue is empty. After a failure it goes on with a new connection, as `options`
/// say.
pub(super) async fn run(
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    mut queue: mpsc::Receiver<Job>,
    caches: Arc<Caches>,
    committed: Committed,
) {
    let mut connection = Some(connection);
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    let mut heads = Heads::new();
    while queue.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        if !committed.is_quiet() {
            // Nobody would see this commit before the last one has gone out. Meanwhile more comes, for the same fsync.
            let _ = tokio::time::timeout(PATIENCE, committed.quiet()).await;
            while waiting.len() < MAX_BATCH
                && let Ok(job) = queue.try_recv()
            {
                waiting.push(job);
            }
        }
        let mut finish = Vec::with_capacity(waiting.len());
        match try_commit(&options, &mut connection, &mut waiting, &mut heads, &caches, &mut finish).await {
            Ok(events) => {
                if !events.is_empty() {
                    committed.send(events).await;
                }
                finish.into_iter().for_each(|finish| finish(Ok(())));
            }
            Err(error) => {
                tracing::error!(%error, commands = finish.len() + waiting.len(), "nothing of this batch was stored");
                // SQLite may have ended the transaction by itself, and may have not: nothing may be written into what
                // is left of it, and what it would have changed is not so.
                heads.clear();
                if let Some(connection) = connection.take() {
                    let _ = connection.close_hard().await;
                }
                finish.into_iter().for_each(|finish| finish(Err(error.clone())));
                waiting.drain(..).for_each(|job| job.fail(error.clone()));
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
    if let Some(connection) = connection
        && let Err(error) = connection.close().await
    {
        tracing::error!(%error, "closing the database");
    }
}

/// Writes what waits, in one transaction. What was not begun when it failed is left in `jobs`.
async fn try_commit(
    options: &SqliteConnectOptions,
    connection: &mut Option<SqliteConnection>,
    jobs: &mut Vec<Job>,
    heads: &mut Heads,
    caches: &Arc<Caches>,
    finish: &mut Vec<Finish>,
) -> Result<Vec<Event>, StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(options.connect().await?),
    };
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let now = clock::now();
    let (appends, others): (Vec<_>, Vec<_>) = jobs.drain(..).partition(|job| matches!(job, Job::Append { .. }));
    // Back at once what may not be begun.
    jobs.extend(appends);
    let mut others = others.into_iter();
    while let Some(job) = others.next() {
        let done = run_one(&mut transaction, job, caches, now).await;
        let failed = done.failed;
        finish.push(done.finish);
        if let Some(error) = failed {
            jobs.extend(others);
            return Err(error);
        }
    }
    let appends = jobs.drain(..).filter_map(|job| match job {
        Job::Append { message, done } => Some((message, done)),
        _ => None,
    });
    let events = append::append(&mut transaction, appends.collect(), heads, finish, now).await?;
    transaction.commit().await?;
    Ok(events)
}

impl Job {
    /// Tells whoever waits that nothing was stored.
    fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::Append { done, .. } => done.call(Err(error)),
            Self::People(job) => job.fail(error),
            Self::EndSession { reply, .. } => drop(reply.send(Err(error))),
            Self::CreateRoom { reply, .. } => drop(reply.send(Err(error))),
            Self::AddMember { reply, .. } => drop(reply.send(Err(error))),
            Self::SetRead { .. } => {}
        }
    }
}

/// A job that was run.
pub(super) struct Done {
    pub(super) finish: Finish,
    /// The transaction cannot go on.
    pub(super) failed: Option<StoreError>,
}

async fn run_one(db: &mut SqliteConnection, job: Job, caches: &Arc<Caches>, now: Millis) -> Done {
    let caches = caches.clone();
    match job {
        // Boxed: there are many kinds, and the writer's task is not to be as large as all of them.
        Job::People(job) => Box::pin(job.run(db, caches, now)).await,
        Job::EndSession { token, reply } => {
            let result = sqlx::query("DELETE FROM session WHERE token_hash = ?").bind(&token.0[..]).execute(db).await;
            after_commit(reply, result.map(drop).map_err(StoreError::from), move |()| {
                caches.sessions.change(&token, |_| None);
            })
        }
        Job::CreateRoom { name, maker, reply } => {
            let result = create_room(db, name, maker, now).await;
            after_commit(reply, result, move |made| {
                if let Some(room) = made {
                    caches.is_member(maker, &room.id, room.head);
                }
            })
        }
        Job::AddMember { room, user, reply } => {
            let result = add_member(db, &room, user, now).await;
            after_commit(reply, result, move |read| caches.is_member(user, &room, *read))
        }
        Job::SetRead { room, user, seq } => {
            let result = sqlx::query("UPDATE member SET read_seq = ?3 WHERE room = ?1 AND user = ?2 AND read_seq < ?3")
                .bind(room.as_str())
                .bind(user.0)
                .bind(sql_seq(seq))
                .execute(db)
                .await;
            let finish = Box::new(move |held: Result<(), StoreError>| {
                if held.is_ok() {
                    caches.has_read(user, &room, seq);
                }
            });
            Done { finish, failed: result.err().map(StoreError::from) }
        }
        // `try_commit` has sorted appends out; here one would be dropped, and say so.
        Job::Append { .. } => Done { finish: Box::new(drop), failed: None },
    }
}

/// The result of one statement, told once the whole transaction held. What is one job's own fault (no such room, a person
/// who is no more) spoils it for nobody else; what ails the database does.
pub(super) fn after_commit<T: Send + 'static>(
    reply: Reply<T>,
    result: Result<T, StoreError>,
    note: impl FnOnce(&T) + Send + 'static,
) -> Done {
    let failed = result.as_ref().err().filter(|error| ails_the_database(error)).cloned();
    let finish = Box::new(move |held: Result<(), StoreError>| {
        let result = held.and(result);
        if let Ok(done) = &result {
            note(done);
        }
        // Whoever asked may have gone.
        let _ = reply.send(result);
    });
    Done { finish, failed }
}

/// Whether SQLite may have ended the transaction by itself: anything but a broken constraint and a missing row.
fn ails_the_database(error: &StoreError) -> bool {
    match error {
        StoreError::Database(error) => match error.as_database_error() {
            Some(error) => {
                !(error.is_unique_violation()
                    || error.is_foreign_key_violation()
                    || error.is_check_violation()
                    || error.kind() == sqlx::error::ErrorKind::NotNullViolation)
            }
            None => !matches!(**error, sqlx::Error::RowNotFound),
        },
        _ => true,
    }
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

pub(super) async fn add_member(
    db: &mut SqliteConnection,
    room: &RoomId,
    user: UserId,
    now: Millis,
) -> Result<Seq, StoreError> {
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
