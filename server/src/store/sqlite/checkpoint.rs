//! Copies what is in the write-ahead log into the database, on a connection of its own, while the writer goes on.
//!
//! Left to itself, SQLite does so in the commit that makes the log too long: everyone who writes then waits for all of it.
//! It still may, and must for the log to begin anew, but then finds little left to do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection, SqliteConnection};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether there is enough to copy.
const INTERVAL: Duration = Duration::from_millis(500);

/// Commits that are worth it: two more fsyncs, beside the one of each of these.
const WORTH: u64 = 100;

/// Counts commits.
pub(super) type Commits = Arc<AtomicU64>;

/// Runs until `stop`.
pub(super) async fn run(mut connection: SqliteConnection, commits: Commits, stop: CancellationToken) {
    let mut copied = 0;
    while stop.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_some() {
        let now = commits.load(Ordering::Relaxed);
        if now - copied < WORTH {
            continue;
        }
        copied = now;
        // Waits for nobody and nobody for it; what readers still need stays in the log.
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut connection).await {
            tracing::debug!(%error, "the log was not copied; a later commit does it");
        }
    }
    let _ = connection.close().await;
}
