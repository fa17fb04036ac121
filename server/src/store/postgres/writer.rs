//! Group commit: all waiting writes go into one transaction and are answered after that transaction is committed.
//!
//! A transaction that fails because of another one, or because the connection was lost, is run again. One that fails because
//! of one of its writes is run again in parts, so that only that write fails. If the connection is lost before a commit was
//! answered, the row of this writer tells whether it was committed, and its events are then published as after any commit.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use rand::Rng;
use sqlx::Connection;
use tokio::{sync::mpsc, time::timeout};
use uuid::Uuid;

use super::{
    DatabaseAddress, Sharing,
    batch::{Batch, Job},
    error::{self, Failure, classify},
    link::{Connector, Established, Link},
    status::Status,
    transaction::WriteTransaction,
};
use crate::domain::{AppendOutcome, Commit, CommitSink, NodeId, StoreError};

/// Most writes in one transaction. More would only make the first of them wait longer.
const MAX_BATCH: usize = 512;

/// Longest that a commit waits for the delivery of the one before it.
const MAX_DELIVERY_WAIT: Duration = Duration::from_millis(5);

/// Pause after a failure of the database, so that a full disk does not cause a busy loop.
const FAILURE_PAUSE: Duration = Duration::from_millis(50);

/// Times that a transaction is run before its writes fail.
const MAX_ATTEMPTS: u32 = 5;

/// Longest pause before a transaction that another one was in the way of is run again.
const CONTENTION_PAUSE: Duration = Duration::from_millis(20);

/// Longest that a transaction takes, and longest that its commit takes. A connection that is cut silently would be waited for
/// much longer.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(15);

/// Longest that writes wait for a new connection before they fail.
const RECONNECT_PATIENCE: Duration = Duration::from_secs(2);

/// A commit that was not answered.
struct Unanswered {
    number: i64,
    commit: Commit,
    outcomes: Vec<AppendOutcome>,
}

/// What came of a transaction.
enum Attempt {
    Committed(Commit, Vec<AppendOutcome>),
    /// Nothing of it is stored.
    Failed(StoreError),
    /// It may be stored or not.
    Unanswered(StoreError, Unanswered),
}

/// The only one who writes in this process.
pub(super) struct Writer {
    connector: Connector,
    link: Link,
    /// The number of its last commit.
    commits: i64,
    /// Whoever waited for it has got an error. It is published if it turns out to be committed.
    unanswered: Option<Unanswered>,
    sink: Arc<dyn CommitSink>,
}

impl Writer {
    /// Connects, and migrates the schema.
    pub(super) async fn connect(
        address: DatabaseAddress,
        sharing: Sharing,
        status: Arc<Status>,
        sink: Arc<dyn CommitSink>,
    ) -> Result<Self, StoreError> {
        let connector = Connector { address, sharing, writer: Uuid::now_v7(), status };
        let Established { connection, commits } = connector.open().await?;
        Ok(Self { connector, link: Link::Up(connection), commits, unanswered: None, sink })
    }

    pub(super) const fn node(&self) -> NodeId {
        NodeId(self.connector.writer)
    }

    /// Runs until every sender is dropped and the queue is empty.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(MAX_BATCH);
        loop {
            let is_down = self.link.is_down();
            tokio::select! {
                established = self.link.established(), if is_down => {
                    self.resume(established).await;
                    continue;
                }
                received = queue.recv_many(&mut waiting, MAX_BATCH) => if received == 0 { break },
            }
            if self.link.is_down() {
                // What cannot be stored now is answered now.
                Batch::new(waiting.drain(..)).fail(&error::disconnected());
                continue;
            }
            if !self.sink.is_idle() {
                // Nobody would see this commit before the last one is delivered. Meanwhile more writes join it.
                let _ = timeout(MAX_DELIVERY_WAIT, self.sink.idle()).await;
                while waiting.len() < MAX_BATCH
                    && let Ok(job) = queue.try_recv()
                {
                    waiting.push(job);
                }
            }
            self.write(Batch::new(waiting.drain(..))).await;
        }
        self.close().await;
    }

    /// Writes a batch, in as many transactions as it takes, and answers it.
    async fn write(&mut self, batch: Batch) {
        let mut parts = VecDeque::from([batch]);
        while let Some(mut batch) = parts.pop_front() {
            batch.attempts += 1;
            let error = match self.attempt(&mut batch).await {
                Attempt::Committed(commit, outcomes) => {
                    self.connector.status.note(None);
                    self.publish(commit).await;
                    batch.answer(outcomes);
                    continue;
                }
                Attempt::Failed(error) => {
                    if classify(&error) == Failure::Disconnected {
                        self.reconnect(&error).await;
                    }
                    error
                }
                Attempt::Unanswered(error, unanswered) => {
                    self.reconnect(&error).await;
                    if self.link.is_down() {
                        self.unanswered = Some(unanswered);
                    } else if unanswered.number <= self.commits {
                        self.publish(unanswered.commit).await;
                        batch.answer(unanswered.outcomes);
                        continue;
                    }
                    error
                }
            };
            match self.next_step(&error, &batch) {
                Step::RunAgain => parts.push_front(batch),
                Step::Split => batch.split().into_iter().rev().for_each(|part| parts.push_front(part)),
                Step::Fail => {
                    self.connector.status.note(Some(&error));
                    tracing::error!(%error, writes = batch.len(), "nothing of this batch was stored");
                    batch.fail(&error);
                }
                Step::FailAll => {
                    self.connector.status.note(Some(&error));
                    let writes = batch.len() + parts.iter().map(Batch::len).sum::<usize>();
                    tracing::error!(%error, writes, "nothing of this batch was stored");
                    parts.into_iter().chain([batch]).for_each(|part| part.fail(&error));
                    tokio::time::sleep(FAILURE_PAUSE).await;
                    return;
                }
            }
            if classify(&error) == Failure::Contention {
                let pause = rand::rng().random_range(Duration::ZERO..CONTENTION_PAUSE);
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// What to do after a failed transaction.
    fn next_step(&self, error: &StoreError, batch: &Batch) -> Step {
        let again = |step| if batch.attempts < MAX_ATTEMPTS { step } else { Step::Fail };
        match classify(error) {
            Failure::Unavailable => Step::FailAll,
            Failure::Disconnected if self.link.is_down() => Step::FailAll,
            Failure::Disconnected => again(Step::RunAgain),
            Failure::Contention if batch.has_writes() && batch.len() > 1 => Step::Split,
            Failure::Contention => again(Step::RunAgain),
            Failure::Duplicate | Failure::Permanent if batch.len() > 1 => Step::Split,
            Failure::Duplicate if batch.attempts == 1 => Step::RunAgain,
            Failure::Duplicate | Failure::Permanent => Step::Fail,
        }
    }

    /// Runs a batch in one transaction.
    async fn attempt(&mut self, batch: &mut Batch) -> Attempt {
        let (writer, number) = (self.connector.writer, self.commits + 1);
        let node = (self.connector.sharing == Sharing::Shared).then(|| self.node());
        let connection = match self.link.connection() {
            Ok(connection) => connection,
            Err(error) => return Attempt::Failed(error),
        };
        let run = async {
            let mut tx = WriteTransaction::begin(connection, node).await?;
            let work = async {
                let outcomes = batch.run(&mut tx).await?;
                tx.log_commit().await?;
                Ok(outcomes)
            };
            match work.await {
                Ok(outcomes) => Ok((tx, outcomes)),
                Err(error) => {
                    tx.roll_back().await?;
                    Err(error)
                }
            }
        };
        let (mut tx, outcomes) = match in_time(run).await {
            Ok(run) => run,
            Err(error) => return Attempt::Failed(error),
        };
        let commit = tx.take_commit();
        match in_time(tx.commit_numbered(writer, number)).await {
            Ok(()) => {
                self.commits = number;
                Attempt::Committed(commit, outcomes)
            }
            Err(error) if classify(&error) == Failure::Disconnected => {
                Attempt::Unanswered(error, Unanswered { number, commit, outcomes })
            }
            Err(error) => match in_time(tx.roll_back()).await {
                Ok(()) => Attempt::Failed(error),
                Err(error) => Attempt::Failed(error),
            },
        }
    }

    async fn publish(&self, commit: Commit) {
        if !commit.is_empty() {
            self.sink.publish(commit).await;
        }
    }

    /// Opens a new connection, and waits for it a moment.
    async fn reconnect(&mut self, error: &StoreError) {
        self.connector.status.note(Some(error));
        self.link.reset(&self.connector).await;
        match timeout(RECONNECT_PATIENCE, self.link.established()).await {
            Ok(established) => self.take(established),
            Err(_) => tracing::error!(%error, "the database is not reachable; nothing can be stored until it is"),
        }
    }

    fn take(&mut self, established: Established) {
        self.commits = established.commits;
        self.link = Link::Up(established.connection);
        self.connector.status.set_writer_down(false);
    }

    /// Goes on with a new connection.
    async fn resume(&mut self, established: Established) {
        self.take(established);
        if let Some(unanswered) = self.unanswered.take()
            && unanswered.number <= self.commits
        {
            self.publish(unanswered.commit).await;
        }
        tracing::warn!("the database is reachable again");
    }

    async fn close(self) {
        let Link::Up(mut connection) = self.link else { return };
        // The row of a process that ends in another way stays, which does no harm.
        let end = async {
            sqlx::query("DELETE FROM writer WHERE id = $1")
                .bind(self.connector.writer)
                .execute(&mut connection)
                .await?;
            Ok(connection.close().await?)
        };
        if let Err(error) = in_time(end).await {
            tracing::error!(%error, "closing the connection to the database");
        }
    }
}

/// What to do with a batch after its transaction failed.
enum Step {
    RunAgain,
    Split,
    Fail,
    /// Also with what is left of the batch that it was split from.
    FailAll,
}

/// Runs a part of a transaction within [`TRANSACTION_TIMEOUT`].
async fn in_time<T>(work: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
    timeout(TRANSACTION_TIMEOUT, work).await.unwrap_or_else(|_| Err(error::timed_out()))
}
