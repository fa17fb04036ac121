//! PostgreSQL as the store: one connection writes ([`writer`]), a pool of them reads.
//!
//! Several processes may write to one database: the row of a room is the order of its log, and rights that a transaction has
//! read hold until its commit, because it has locked the rows of the users and rooms that it read them from; see
//! [`transaction`].

use std::{
    future::Future,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sqlx::{PgPool, postgres::PgPoolOptions};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use super::{Store, StoreStatus, pending_marks::PendingMarks, values};
use crate::domain::{CommitSink, NodeId, StoreError};
use batch::Job;
use pending_touches::PendingTouches;
use status::Status;
use transaction::WriteTransaction;
use writer::Writer;

pub use address::DatabaseAddress;
pub use recovery::create_recovery_link;
pub(super) use transfer::connect_for_transfer;

mod accounts;
mod address;
mod audit;
mod batch;
mod commit_log;
mod connection;
mod ended_guests;
mod error;
mod invites;
mod link;
mod messages;
mod migrations;
mod moderation;
mod pending_touches;
mod recovery;
mod rights;
mod rooms;
mod sessions;
mod settings;
mod snapshot;
mod status;
mod text;
mod transaction;
mod transfer;
mod writer;

/// Writes that may wait for the writer. Beyond that, senders wait: that is the back-pressure on clients.
const WRITE_QUEUE: usize = 4_096;

/// Longest that a read waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest that a read takes, with its wait for a connection: a connection that is cut silently would be waited for much
/// longer.
const READ_TIMEOUT: Duration = Duration::from_secs(12);

const OUTAGE_READ_TIMEOUT: Duration = Duration::from_secs(1);

/// The store on PostgreSQL.
pub struct PostgresStore {
    readers: PgPool,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    sender: mpsc::WeakSender<Job>,
    writer: Mutex<Option<JoinHandle<()>>>,
    marks: Arc<PendingMarks>,
    touches: Arc<PendingTouches>,
    /// The writer's. It is closed when the writer ends.
    sink: Weak<dyn CommitSink>,
    status: Arc<Status>,
    node: NodeId,
}

/// Whether other processes may use the database at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// None. Nothing is written to the commit log.
    Exclusive,
    /// Those that share it as well: each commit has an entry in the commit log, which they read.
    Shared,
}

impl PostgresStore {
    /// Connects to the database and migrates its schema. Reads use up to `connections` connections. Every commit is published
    /// to `sink`.
    ///
    /// # Errors
    /// The database does not answer, is older than PostgreSQL 14, has a newer schema, or is in use by another process.
    pub async fn open(
        address: &DatabaseAddress,
        connections: u32,
        sharing: Sharing,
        sink: Arc<dyn CommitSink>,
    ) -> Result<Arc<Self>, StoreError> {
        let status = Arc::<Status>::default();
        let writer = Writer::connect(address.clone(), sharing, status.clone(), sink.clone()).await?;
        let node = writer.node();
        let readers = PgPoolOptions::new()
            .min_connections(1)
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .after_connect(|connection, _| Box::pin(connection::configure_reader(connection)))
            .connect_with(address.options())
            .await?;
        let (jobs, queue) = mpsc::channel(WRITE_QUEUE);
        Ok(Arc::new(Self {
            readers,
            sender: jobs.downgrade(),
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(tokio::spawn(writer.run(queue)))),
            marks: Arc::default(),
            touches: Arc::default(),
            sink: Arc::downgrade(&sink),
            status,
            node,
        }))
    }

    /// Queues a job for the writer.
    async fn submit(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.sender.upgrade().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)
    }

    /// Runs `work` in the next transaction, and returns its result once that is on disk and applied: whoever is answered
    /// finds in memory what they changed. A transaction that fails for a passing reason is run again, and `work` with it.
    async fn write<F, T>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<T, StoreError>>
            + Clone
            + Send
            + 'static,
        T: Send + 'static,
    {
        let (job, result) = Job::write(work);
        self.submit(job).await?;
        let result = result.await.unwrap_or(Err(StoreError::Closed))?;
        if let Some(sink) = self.sink.upgrade() {
            sink.applied().await;
        }
        Ok(result)
    }

    /// Runs a read within [`READ_TIMEOUT`], or within [`OUTAGE_READ_TIMEOUT`] while the writer has no connection either.
    async fn read<T>(&self, read: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let limit = if self.status.is_writer_down() { OUTAGE_READ_TIMEOUT } else { READ_TIMEOUT };
        let result = tokio::time::timeout(limit, read).await.unwrap_or_else(|_| Err(error::timed_out()));
        self.status.note(result.as_ref().err());
        result
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn check(&self) -> Result<(), StoreError> {
        if self.status.is_writer_down() {
            return Err(error::disconnected());
        }
        self.read(async {
            sqlx::query("SELECT id FROM server_settings").execute(&self.readers).await?;
            Ok(())
        })
        .await
    }

    fn status(&self) -> StoreStatus {
        StoreStatus {
            kind: "PostgreSQL",
            connections: (self.readers.size(), self.readers.num_idle()),
            failure: self.status.failure(),
        }
    }

    async fn close(&self) {
        drop(self.jobs.lock().await.take());
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that panicked has nothing left to finish.
            let _ = writer.await;
        }
        self.readers.close().await;
    }
}
