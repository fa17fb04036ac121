//! How errors of SQLite become [`StoreError`]s.

use std::sync::Arc;

use sqlx::error::ErrorKind;

use crate::domain::StoreError;

/// `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE`: the shared-memory file of the WAL could not grow.
const FULL: [&str; 2] = ["13", "4874"];

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

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Arc::new(error))
    }
}
