//! The embedded database: one SQLite file in the data folder, in WAL mode with `synchronous=FULL`.
//!
//! One connection writes ([`writer`]), a few read. Ids are bound as the 16 bytes of their UUID.

use std::{
    fs::TryLockError,
    io,
    path::Path,
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinHandle,
};

use super::{Store, StoreStatus, pending_marks::PendingMarks, values};
use crate::domain::{CommitSink, StoreError};
use erasure::{Erasures, truncate_log};
use migrations::MIGRATIONS;
use transaction::WriteTransaction;
use writer::Job;

pub(super) use migrations::require_current;
pub use recovery::create_recovery_link;

mod accounts;
mod audit;
mod ended_guests;
mod erasure;
mod invites;
mod messages;
mod migrations;
mod moderation;
mod recovery;
mod rights;
mod rooms;
mod rows;
mod sessions;
mod settings;
mod transaction;
mod writer;

/// The file in the data folder.
pub const FILE_NAME: &str = "parlor.db";

/// Locked by the process that uses the folder: two would not receive each other's events.
pub(super) const LOCK_NAME: &str = "parlor.lock";

/// Writes that may wait for the writer. Beyond that, senders wait: that is the back-pressure on clients.
const WRITE_QUEUE: usize = 4_096;

/// Connections that read. Each is a thread; more than a few only wait for the same disk.
const READERS: u32 = 4;

/// The store on an embedded SQLite database.
pub struct SqliteStore {
    readers: SqlitePool,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    sender: mpsc::WeakSender<Job>,
    /// Returns its connection at its end, unless that failed.
    writer: Mutex<Option<JoinHandle<Option<SqliteConnection>>>>,
    /// None in a store that is read-only.
    log_truncation: Option<JoinHandle<()>>,
    marks: Arc<PendingMarks>,
    /// The writer's. It is closed when the writer ends.
    sink: Weak<dyn CommitSink>,
    lock: std::fs::File,
}

impl SqliteStore {
    /// Opens the database in `folder`, creates it if there is none, and migrates its schema. It grows to at most `max_pages`
    /// pages, if given. Every commit is published to `sink`.
    ///
    /// # Errors
    /// The folder cannot be created, written or locked, or the file is not a database of ours.
    pub async fn open(
        folder: &Path,
        sink: Arc<dyn CommitSink>,
        max_pages: Option<u32>,
    ) -> Result<Arc<Self>, StoreError> {
        let unusable =
            |cause: io::Error| StoreError::Folder { path: folder.display().to_string(), cause: Arc::new(cause) };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = std::fs::File::create(folder.join(LOCK_NAME)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::InUse(format!("the data folder {}", folder.display())));
            }
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        let file = folder.join(FILE_NAME);
        let existed = file.exists();
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            // Overwrites what is deleted.
            .pragma("secure_delete", "ON")
            // KiB, negative as SQLite wants it; for each connection.
            .pragma("cache_size", "-2048")
            // Pages (16 MiB): the last page of each room's log is written by commit after commit, and moved over once.
            .pragma("wal_autocheckpoint", "4000")
            .disable_statement_logging();
        let writing = match max_pages {
            Some(pages) => options.clone().pragma("max_page_count", pages.to_string()),
            None => options.clone(),
        };
        let mut connection = writing.connect().await?;
        let version =
            if existed { migrations::snapshot_before_migration(&mut connection, folder).await? } else { None };
        MIGRATIONS.run(&mut connection).await?;
        accounts::fill_skeletons(&mut connection).await?;
        accounts::fill_guest_keys(&mut connection).await?;
        if let Some(version) = version {
            migrations::erase_unused_space(&mut connection, version).await;
        }
        // After a crash the log still has what was deleted just before.
        truncate_log(&mut connection).await?;
        let readers = connect_readers(options).await?;
        let (jobs, queue) = mpsc::channel(WRITE_QUEUE);
        let weak_sink = Arc::downgrade(&sink);
        let writing = writing.create_if_missing(false);
        let erasures = Arc::new(Erasures::new(folder).map_err(unusable)?);
        let log_truncation = tokio::spawn({
            let (erasures, options) = (erasures.clone(), writing.clone());
            async move { erasures.run(options).await }
        });
        let writer = tokio::spawn(writer::run(writing, connection, queue, sink, erasures));
        Ok(Arc::new(Self {
            readers,
            sender: jobs.downgrade(),
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(writer)),
            log_truncation: Some(log_truncation),
            marks: Arc::default(),
            sink: weak_sink,
            lock,
        }))
    }

    /// Opens the database in `folder` and refuses every write, so that another process can copy it meanwhile.
    ///
    /// # Errors
    /// There is no database in `folder`, its schema is of another version, or another process writes to it.
    pub async fn open_read_only(folder: &Path, sink: Arc<dyn CommitSink>) -> Result<Arc<Self>, StoreError> {
        let unusable =
            |cause: io::Error| StoreError::Folder { path: folder.display().to_string(), cause: Arc::new(cause) };
        let lock = std::fs::File::open(folder.join(LOCK_NAME)).map_err(unusable)?;
        match lock.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(folder.display().to_string())),
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        let options = SqliteConnectOptions::new().filename(folder.join(FILE_NAME)).disable_statement_logging();
        let readers = connect_readers(options).await?;
        migrations::require_current(&mut *readers.acquire().await?).await?;
        let (jobs, queue) = mpsc::channel(WRITE_QUEUE);
        Ok(Arc::new(Self {
            readers,
            sender: jobs.downgrade(),
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(tokio::spawn(writer::refuse(queue)))),
            log_truncation: None,
            marks: Arc::default(),
            sink: Arc::downgrade(&sink),
            lock,
        }))
    }

    /// Queues a job for the writer.
    async fn submit(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.sender.upgrade().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)
    }

    /// Runs `work` in the next transaction, and returns its result once that is on disk and applied: whoever is answered
    /// finds in memory what they changed.
    async fn write<F, T>(&self, work: F) -> Result<T, StoreError>
    where
        F: for<'a> FnOnce(&'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
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
}

#[async_trait]
impl Store for SqliteStore {
    async fn check(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT id FROM server_settings").execute(&self.readers).await?;
        Ok(())
    }

    fn status(&self) -> StoreStatus {
        StoreStatus { kind: "SQLite", connections: (self.readers.size(), self.readers.num_idle()), failure: None }
    }

    async fn close(&self) {
        drop(self.jobs.lock().await.take());
        let mut connection = None;
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that panicked has nothing left to finish.
            connection = writer.await.ok().flatten();
        }
        if let Some(task) = &self.log_truncation {
            task.abort();
        }
        self.readers.close().await;
        if let Some(mut connection) = connection {
            // The log may have what was deleted just before, and another process may keep it from being deleted.
            if let Err(error) = truncate_log(&mut connection).await {
                tracing::error!(%error, "truncating the write-ahead log");
            }
            if let Err(error) = connection.close().await {
                tracing::error!(%error, "closing the database");
            }
        }
        // The system releases it in any case, at the latest when the process ends.
        let _ = self.lock.unlock();
    }
}

async fn connect_readers(options: SqliteConnectOptions) -> Result<SqlitePool, StoreError> {
    let pool = SqlitePoolOptions::new().min_connections(1).max_connections(READERS);
    Ok(pool.connect_with(options.create_if_missing(false).read_only(true)).await?)
}
