//! How errors of the databases become [`StoreError`]s.

use std::sync::Arc;

use sqlx::{error::ErrorKind, migrate::MigrateError};

use crate::domain::StoreError;

/// SQLite's `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE`: the shared-memory file of the WAL could not grow. PostgreSQL's
/// `disk_full`.
const FULL: [&str; 3] = ["13", "4874", "53100"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let make = match error.as_database_error() {
            Some(error) if error.code().is_some_and(|code| FULL.contains(&code.as_ref())) => Self::Full,
            Some(error) => match error.kind() {
                ErrorKind::UniqueViolation
                | ErrorKind::ForeignKeyViolation
                | ErrorKind::NotNullViolation
                | ErrorKind::CheckViolation => Self::Conflict,
                _ => Self::Unavailable,
            },
            None if matches!(error, sqlx::Error::RowNotFound) => Self::Conflict,
            None => Self::Unavailable,
        };
        make(Arc::new(error))
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            // It has a migration that this program does not know.
            MigrateError::VersionMissing(_) => Self::NewerSchema,
            error => Self::Migration(Arc::new(error)),
        }
    }
}
