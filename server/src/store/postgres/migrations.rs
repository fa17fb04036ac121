//! Brings the schema up to date. sqlx holds an advisory lock meanwhile, so one process does it while others wait.

use sqlx::{PgConnection, migrate::Migrator};

use super::connection::configure_writer;
use crate::domain::StoreError;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings the schema up to date, however long that takes. `connection` is one that [`configure_writer`] has set up.
pub(super) async fn run(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT set_config('statement_timeout', '0', false)").execute(&mut *connection).await?;
    MIGRATIONS.run(&mut *connection).await?;
    Ok(configure_writer(connection).await?)
}

/// Refuses a schema that is older or newer than this program.
pub(super) async fn require_current(connection: &mut PgConnection) -> Result<(), StoreError> {
    let exists: bool =
        sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !exists {
        return Err(StoreError::OtherVersion);
    }
    let applied: Vec<i64> =
        sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY version").fetch_all(connection).await?;
    if applied.into_iter().eq(MIGRATIONS.iter().map(|step| step.version)) {
        return Ok(());
    }
    Err(StoreError::OtherVersion)
}
