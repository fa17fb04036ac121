//! Group commit: whatever waits is written in one transaction, and answered after that transaction is on disk.

use std::{sync::Arc, time::Duration};

use parlor_protocol::{Event, Seq};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};

use super::{
    access_revocation::AccessRevocation,
    append::{self, RoomHeads},
    cache::Caches,
    deletions,
    marks::MarkJob,
    moderation::ModerationJob,
    people::PeopleJob,
    rooms::{self, RoomJob},
    write_transaction::WriteTransaction,
};
use crate::{
    clock,
    domain::{Commit, CommitSink, Deletion, NewMessage, OnAppended, StoreError, TokenHash},
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
    Delete { deletion: Deletion, done: OnAppended },
    People(PeopleJob),
    EndSession { token: TokenHash, reply: Reply<()> },
    Room(RoomJob),
    Moderation(ModerationJob),
    Mark(MarkJob),
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// What follows once it is known whether the transaction held.
pub(super) trait Finish: Send {
    /// It held: what is kept in memory follows, before anyone hears of it.
    fn settle(&mut self) {}

    /// Tells whoever waits.
    fn tell(self: Box<Self>, held: Result<(), StoreError>);
}

impl<F: FnOnce(Result<(), StoreError>) + Send> Finish for F {
    fn tell(self: Box<Self>, held: Result<(), StoreError>) {
        self(held);
    }
}

/// Runs until every sender is gone and the queue is empty. After a failure it goes on with a new connection, as `options`
/// say.
pub(super) async fn run(
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    mut queue: mpsc::Receiver<Job>,
    caches: Arc<Caches>,
    sink: Arc<dyn CommitSink>,
) {
    let mut connection = Some(connection);
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    let mut heads = RoomHeads::new();
    let mut revoked = AccessRevocation::new(caches.restrictions.read().clone());
    while queue.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        if !sink.is_idle() {
            // Nobody would see this commit before the last one has gone out. Meanwhile more comes, for the same fsync.
            let _ = tokio::time::timeout(PATIENCE, sink.idle()).await;
            while waiting.len() < MAX_BATCH
                && let Ok(job) = queue.try_recv()
            {
                waiting.push(job);
            }
        }
        let mut finish = Vec::with_capacity(waiting.len());
        let before = revoked.clone();
        let mut memory = Memory { heads: &mut heads, revoked: &mut revoked, caches: &caches };
        match try_commit(&options, &mut connection, &mut waiting, &mut memory, &mut finish).await {
            Ok(events) => {
                finish.iter_mut().for_each(|finish| finish.settle());
                if !events.is_empty() {
                    sink.publish(Commit { events, control: Vec::new() }).await;
                }
                finish.into_iter().for_each(|finish| finish.tell(Ok(())));
            }
            Err(error) => {
                tracing::error!(%error, commands = finish.len() + waiting.len(), "nothing of this batch was stored");
                // SQLite may have ended the transaction by itself, and may have not: nothing may be written into what
                // is left of it, and what it would have changed is not so.
                heads.clear();
                revoked = before;
                if let Some(connection) = connection.take() {
                    let _ = connection.close_hard().await;
                }
                finish.into_iter().for_each(|finish| finish.tell(Err(error.clone())));
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

/// What the writer knows besides the database.
struct Memory<'a> {
    heads: &'a mut RoomHeads,
    revoked: &'a mut AccessRevocation,
    caches: &'a Arc<Caches>,
}

/// Writes what waits, in one transaction. What was not begun when it failed is left in `jobs`.
async fn try_commit(
    options: &SqliteConnectOptions,
    connection: &mut Option<SqliteConnection>,
    jobs: &mut Vec<Job>,
    memory: &mut Memory<'_>,
    finish: &mut Vec<Box<dyn Finish>>,
) -> Result<Vec<Event>, StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(options.connect().await?),
    };
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let now = clock::now();
    let (appends, others): (Vec<_>, Vec<_>) = jobs.drain(..).partition(|job| job.is_of_a_log());
    // Back at once what may not be begun.
    jobs.extend(appends);
    let mut events = Vec::new();
    let Memory { heads, revoked, caches } = memory;
    let mut ledger = WriteTransaction { heads, revoked, events: &mut events, now };
    let mut others = others.into_iter();
    while let Some(job) = others.next() {
        let done = run_one(&mut transaction, job, caches, &mut ledger).await;
        let failed = done.failed;
        finish.push(done.finish);
        if let Some(error) = failed {
            jobs.extend(others);
            return Err(error);
        }
    }
    // What is deleted may have been said in the same batch.
    let (mut messages, mut deletions) = (Vec::with_capacity(jobs.len()), Vec::new());
    for job in jobs.drain(..) {
        match job {
            Job::Append { message, done } => messages.push((message, done)),
            Job::Delete { deletion, done } => deletions.push((deletion, done)),
            _ => {}
        }
    }
    append::append(&mut transaction, messages, &mut ledger, finish).await?;
    for (deletion, done) in deletions {
        let result = deletions::delete(&mut transaction, &deletion, &mut ledger).await;
        let failed = result.as_ref().err().cloned();
        finish.push(Box::new(move |held: Result<(), StoreError>| done.call(held.and(result))));
        if let Some(error) = failed {
            return Err(error);
        }
    }
    transaction.commit().await?;
    Ok(events)
}

impl Job {
    /// Whether it is about messages, and comes after what decides who may write them.
    const fn is_of_a_log(&self) -> bool {
        matches!(self, Self::Append { .. } | Self::Delete { .. })
    }

    /// Tells whoever waits that nothing was stored.
    fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::Append { done, .. } | Self::Delete { done, .. } => done.call(Err(error)),
            Self::People(job) => job.fail(error),
            Self::EndSession { reply, .. } => drop(reply.send(Err(error))),
            Self::Room(job) => job.fail(error),
            Self::Moderation(job) => job.fail(error),
            Self::Mark(_) => {}
        }
    }
}

/// A job that was run.
pub(super) struct Done {
    pub(super) finish: Box<dyn Finish>,
    /// The transaction cannot go on.
    pub(super) failed: Option<StoreError>,
}

/// An answer that someone waits for.
struct Answer<T, N> {
    reply: Reply<T>,
    result: Result<T, StoreError>,
    note: Option<N>,
}

impl<T: Send, N: FnOnce(&T) + Send> Finish for Answer<T, N> {
    fn settle(&mut self) {
        if let (Ok(done), Some(note)) = (&self.result, self.note.take()) {
            note(done);
        }
    }

    fn tell(self: Box<Self>, held: Result<(), StoreError>) {
        // Whoever asked may have gone.
        let _ = self.reply.send(held.and(self.result));
    }
}

async fn run_one(db: &mut SqliteConnection, job: Job, caches: &Arc<Caches>, ledger: &mut WriteTransaction<'_>) -> Done {
    let (caches, now) = (caches.clone(), ledger.now);
    match job {
        // Boxed: there are many kinds, and the writer's task is not to be as large as all of them.
        Job::People(job) => Box::pin(job.run(db, caches, now)).await,
        Job::EndSession { token, reply } => {
            let result = sqlx::query("DELETE FROM session WHERE token_hash = ?").bind(&token.0[..]).execute(db).await;
            after_commit(reply, result.map(drop).map_err(StoreError::from), move |()| {
                caches.sessions.change(&token, |_| None);
            })
        }
        Job::Room(job) => rooms::run(db, job, &caches, ledger).await,
        Job::Moderation(job) => Box::pin(job.run(db, caches, &mut ledger.revoked.restrictions, now)).await,
        Job::Mark(job) => {
            let failed = job.run(db).await.err().filter(ails_the_database);
            Done { finish: Box::new(drop), failed }
        }
        // `try_commit` has sorted these out; here one would be dropped, and say so.
        Job::Append { .. } | Job::Delete { .. } => Done { finish: Box::new(drop), failed: None },
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
    Done { finish: Box::new(Answer { reply, result, note: Some(note) }), failed }
}

/// Whether SQLite may have ended the transaction by itself: anything but a conflict with stored data.
fn ails_the_database(error: &StoreError) -> bool {
    !matches!(error, StoreError::Conflict(_))
}

/// A seq as SQL's signed integer. Seqs count events one by one and never come near the sign bit.
pub(super) fn sql_seq(seq: Seq) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}
