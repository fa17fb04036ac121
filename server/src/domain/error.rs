//! Errors of the store, the same for every database.

use std::{error::Error, sync::Arc};

use super::Refusal;

/// Why the store did not read or write. The cause of a failure is for the log, never for a client.
///
/// It can be cloned because one failed commit fails every command in its batch.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed: connection lost, file gone, lock held too long.
    #[error("the database is unavailable: {0}")]
    Unavailable(Cause),
    /// The disk is full. Reads still work; writes work again as soon as there is space.
    #[error("the disk is full: {0}")]
    Full(Cause),
    /// The write conflicts with what is stored: a broken constraint, or a row that no longer exists.
    #[error("the write conflicts with stored data: {0}")]
    Conflict(Cause),
    /// The schema could not be brought up to date.
    #[error("the schema cannot be migrated: {0}")]
    Migration(Cause),
    /// The schema is of another version, and this is not the time to migrate it.
    #[error("the database belongs to another version of parlor; start the server of this version first")]
    OtherVersion,
    /// The schema is that of a newer version, which this program does not know.
    #[error("the database was written by a newer version of parlor; start that version, or a newer one")]
    NewerSchema,
    /// The database server is too old.
    #[error("parlor needs PostgreSQL 14 or newer; this is PostgreSQL {0}")]
    OldDatabaseServer(String),
    /// The database's address, or a file that belongs to it, cannot be used.
    #[error("--store: {0}")]
    Address(String),
    /// The data folder cannot be created or written.
    #[error("data folder {path}: {cause}")]
    Folder { path: String, cause: Cause },
    /// Another process uses the data folder or the database.
    #[error("{0} is in use by another parlor")]
    InUse(String),
    /// The store is stopping and accepts nothing more.
    #[error("the store is closed")]
    Closed,
    /// The database has only a part of what is being copied into it.
    #[error("the database has an incomplete copy of another one; run `parlor migrate` again to complete it")]
    IncompleteCopy,
    /// The store was opened for reading only, and wrote nothing.
    #[error("the store is read-only")]
    ReadOnly,
    /// The store works; the write was not allowed, or not possible with what is stored.
    #[error("the write was refused: {0}")]
    Refused(#[from] Refusal),
}

type Cause = Arc<dyn Error + Send + Sync>;
