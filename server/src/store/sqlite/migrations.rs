//! Brings the schema up to date, after a copy of the old database was made.

use std::path::Path;

use sqlx::{SqliteConnection, migrate::Migrator};

use crate::domain::StoreError;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Databases with an older schema were written without `secure_delete`.
const SECURE_DELETE_SINCE: i64 = 9;

const SNAPSHOT_PREFIX: &str = "parlor-before-";

/// Refuses a schema that is older or newer than this program.
pub(in crate::store) async fn require_current(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version").fetch_all(connection).await?;
    if applied.into_iter().eq(MIGRATIONS.iter().map(|step| step.version)) {
        return Ok(());
    }
    Err(StoreError::OtherVersion)
}

/// Copies the database to a file beside it if a migration is about to change one that holds data. Returns the version of its
/// schema then. The first deletion deletes the copy; see [`super::erasure`].
pub(super) async fn snapshot_before_migration(
    connection: &mut SqliteConnection,
    folder: &Path,
) -> Result<Option<i64>, StoreError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_optional(&mut *connection)
        .await?;
    if known != Some(1) {
        return Ok(None);
    }
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?;
    let (Some(newest), Some(target)) = (newest, MIGRATIONS.iter().map(|step| step.version).max()) else {
        return Ok(None);
    };
    if newest >= target {
        return Ok(None);
    }
    let copy = folder.join(format!("{SNAPSHOT_PREFIX}{target:04}.db"));
    if !copy.exists() {
        tracing::warn!(copy = %copy.display(), "the schema is older than this version; keeping a snapshot first");
        sqlx::query("VACUUM INTO ?").bind(copy.display().to_string()).execute(connection).await?;
    }
    Ok(Some(newest))
}

/// Rewrites a database of this version, if its unused space may have deleted content.
pub(super) async fn erase_unused_space(connection: &mut SqliteConnection, version: i64) {
    if version < SECURE_DELETE_SINCE
        && let Err(error) = sqlx::query("VACUUM").execute(connection).await
    {
        tracing::error!(%error, "the database file may still have content that was deleted with an older version: run VACUUM");
    }
}

/// Whether a file is a copy from before a migration.
pub(super) fn is_snapshot(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(SNAPSHOT_PREFIX))
}

#[cfg(test)]
#[path = "migration_tests.rs"]
mod tests;
