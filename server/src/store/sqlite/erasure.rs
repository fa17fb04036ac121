//! Erases deleted content from the data folder. `secure_delete` overwrites it in the database file, but the write-ahead log
//! still has the pages from before, and a snapshot from before a migration has everything.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::Mutex;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::{self, Notify};

use super::migrations::is_snapshot;
use crate::domain::StoreError;

/// Deletions within this time share one truncation of the log.
const DELAY: Duration = Duration::from_millis(750);

/// Pause before another attempt while someone reads an older state of the database.
const RETRY: Duration = Duration::from_millis(100);

/// Longest that a truncation, and with it the writer, waits for readers.
const BUSY_TIMEOUT: Duration = Duration::from_millis(10);

/// What the writer and the task that truncates the log share.
pub(super) struct Erasures {
    pending: Notify,
    /// Held during each transaction and each truncation: two connections would poll for SQLite's lock.
    pub(super) write_turn: sync::Mutex<()>,
    snapshots: Mutex<Vec<PathBuf>>,
}

impl Erasures {
    /// Finds the snapshots in the data folder.
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let files = std::fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<io::Result<Vec<_>>>()?;
        let snapshots = files.into_iter().filter(|file| is_snapshot(file)).collect();
        Ok(Self { pending: Notify::new(), write_turn: sync::Mutex::default(), snapshots: Mutex::new(snapshots) })
    }

    /// Called before a commit that deletes content: a crash after it must not leave a snapshot behind.
    pub(super) fn delete_snapshots(&self) {
        self.snapshots.lock().retain(|file| match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, file = %file.display(), "cannot delete a snapshot that has deleted content");
                true
            }
            _ => false,
        });
    }

    /// Called after a commit that deleted content.
    pub(super) fn truncate_log_soon(&self) {
        self.pending.notify_one();
    }

    /// Truncates the log after each deletion, or after several. Runs until it is aborted.
    pub(super) async fn run(&self, options: SqliteConnectOptions) {
        let options = options.busy_timeout(BUSY_TIMEOUT);
        loop {
            self.pending.notified().await;
            tokio::time::sleep(DELAY).await;
            while !self.try_truncate(&options).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot truncate the write-ahead log yet");
                false
            }) {
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// False while a reader needs the log.
    async fn try_truncate(&self, options: &SqliteConnectOptions) -> Result<bool, StoreError> {
        let mut connection = options.connect().await?;
        // Moves nearly all pages while the writer goes on, so that it waits for the last ones only.
        checkpoint(&mut connection, "PRAGMA wal_checkpoint(PASSIVE)").await?;
        let _turn = self.write_turn.lock().await;
        truncate_log(&mut connection).await
    }
}

/// Moves all pages of the log into the database file and empties the log. False while a reader needs it.
pub(super) async fn truncate_log(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)").await
}

async fn checkpoint(connection: &mut SqliteConnection, pragma: &'static str) -> Result<bool, StoreError> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as(pragma).fetch_one(connection).await?;
    Ok(busy == 0)
}
