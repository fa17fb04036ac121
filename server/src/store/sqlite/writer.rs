//! Group commit: all waiting writes go into one transaction and are answered after that transaction is on disk.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{mpsc, oneshot};

use super::{
    erasure::Erasures,
    messages::append,
    transaction::{Answer, Task, Write, WriteTransaction},
};
use crate::domain::{Commit, CommitSink, LogCommand, OnAppended, StoreError};

/// Most writes in one transaction. More would only make the first of them wait longer.
const MAX_BATCH: usize = 512;

/// Longest that a commit waits for the delivery of the one before it.
const MAX_DELIVERY_WAIT: Duration = Duration::from_millis(5);

/// Pause after a failed commit, so that a full disk does not cause a busy loop.
const FAILURE_PAUSE: Duration = Duration::from_millis(50);

/// A queued write.
pub(super) enum Job {
    Append { command: LogCommand, done: OnAppended },
    Write(Box<dyn Write>),
}

impl Job {
    /// A job that runs `work`, and the receiver of its result, which may be dropped.
    pub(super) fn write<F, T>(work: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        F: for<'a> FnOnce(&'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, result) = oneshot::channel();
        (Self::Write(Box::new(Task { work, reply })), result)
    }

    /// Answers that nothing was stored.
    fn fail(self, error: StoreError) {
        match self {
            Self::Append { done, .. } => done.call(Err(error)),
            Self::Write(write) => write.fail(error),
        }
    }
}

/// Runs until every sender is dropped and the queue is empty, and returns the connection. After a failure it opens a new one
/// with `options`.
pub(super) async fn run(
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    mut queue: mpsc::Receiver<Job>,
    sink: Arc<dyn CommitSink>,
    erasures: Arc<Erasures>,
) -> Option<SqliteConnection> {
    let mut connection = Some(connection);
    let mut waiting = Vec::with_capacity(MAX_BATCH);
    while queue.recv_many(&mut waiting, MAX_BATCH).await > 0 {
        if !sink.is_idle() {
            // Nobody would see this commit before the last one is delivered. Meanwhile more writes join its fsync.
            let _ = tokio::time::timeout(MAX_DELIVERY_WAIT, sink.idle()).await;
            while waiting.len() < MAX_BATCH
                && let Ok(job) = queue.try_recv()
            {
                waiting.push(job);
            }
        }
        let mut answers = Vec::with_capacity(waiting.len());
        match try_commit(&options, &mut connection, &mut waiting, &mut answers, &erasures).await {
            Ok(commit) => {
                if !commit.is_empty() {
                    sink.publish(commit).await;
                }
                answers.into_iter().for_each(|answer| answer(Ok(())));
            }
            Err(error) => {
                tracing::error!(%error, writes = answers.len() + waiting.len(), "nothing of this batch was stored");
                // SQLite may have ended the transaction by itself or not: nothing may be written into what is left of it.
                if let Some(connection) = connection.take() {
                    let _ = connection.close_hard().await;
                }
                answers.into_iter().for_each(|answer| answer(Err(error.clone())));
                waiting.drain(..).for_each(|job| job.fail(error.clone()));
                tokio::time::sleep(FAILURE_PAUSE).await;
            }
        }
    }
    connection
}

/// Refuses every job until every sender is dropped.
pub(super) async fn refuse(mut queue: mpsc::Receiver<Job>) -> Option<SqliteConnection> {
    while let Some(job) = queue.recv().await {
        job.fail(StoreError::ReadOnly);
    }
    None
}

/// Runs the waiting writes in one transaction. After an error, those that were not begun are left in `jobs`.
async fn try_commit(
    options: &SqliteConnectOptions,
    connection: &mut Option<SqliteConnection>,
    jobs: &mut Vec<Job>,
    answers: &mut Vec<Answer>,
    erasures: &Erasures,
) -> Result<Commit, StoreError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(options.connect().await?),
    };
    let _turn = erasures.write_turn.lock().await;
    let mut tx = WriteTransaction::begin(connection).await?;
    // What decides who may write comes before what they write.
    let (mut commands, mut callbacks, mut writes) = (Vec::with_capacity(jobs.len()), Vec::new(), Vec::new());
    for job in jobs.drain(..) {
        match job {
            Job::Append { command, done } => {
                commands.push(command);
                callbacks.push(done);
            }
            Job::Write(write) => writes.push(write),
        }
    }
    let mut writes = writes.into_iter();
    while let Some(write) = writes.next() {
        let (answer, result) = write.run(&mut tx).await;
        answers.push(answer);
        if let Err(error) = result {
            jobs.extend(writes.map(Job::Write));
            callbacks.into_iter().for_each(|done| done.call(Err(error.clone())));
            return Err(error);
        }
    }
    match append(&mut tx, commands).await {
        Ok(outcomes) => answers.extend(
            callbacks
                .into_iter()
                .zip(outcomes)
                .map(|(done, outcome)| -> Answer { Box::new(move |committed| done.call(committed.map(|()| outcome))) }),
        ),
        Err(error) => {
            callbacks.into_iter().for_each(|done| done.call(Err(error.clone())));
            return Err(error);
        }
    }
    let erases = tx.erases();
    if erases {
        erasures.delete_snapshots();
    }
    let commit = tx.commit().await?;
    if erases {
        erasures.truncate_log_soon();
    }
    Ok(commit)
}
