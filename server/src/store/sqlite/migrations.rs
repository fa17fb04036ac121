//! Brings the schema up to date, after a copy of the old database was made.

use std::path::Path;

use sqlx::{SqliteConnection, migrate::Migrator};

use crate::domain::StoreError;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Copies the database to a file beside it if a migration is about to change one that holds data.
pub(super) async fn snapshot_before_migration(
    connection: &mut SqliteConnection,
    folder: &Path,
) -> Result<(), StoreError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_optional(&mut *connection)
        .await?;
    if known != Some(1) {
        return Ok(());
    }
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?;
    let (Some(newest), Some(target)) = (newest, MIGRATIONS.iter().map(|step| step.version).max()) else {
        return Ok(());
    };
    if newest >= target {
        return Ok(());
    }
    let copy = folder.join(format!("parlor-before-{target:04}.db"));
    if !copy.exists() {
        tracing::warn!(copy = %copy.display(), "the schema is older than this version; keeping a snapshot first");
        sqlx::query("VACUUM INTO ?").bind(copy.display().to_string()).execute(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "migration_tests.rs"]
mod tests;
