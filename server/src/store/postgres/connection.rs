//! Connections: their settings, and the lock of the process that uses the database.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use super::{Sharing, error, transaction::ADVISORY_LOCKS};
use crate::domain::StoreError;

/// Longest that connecting takes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// `server_version_num` of the oldest PostgreSQL that is supported.
const OLDEST_VERSION: u32 = 14_00_00;

/// The second number of the advisory lock of the processes that use the database; see [`ADVISORY_LOCKS`].
const PROCESS_LOCK: i32 = 0;

pub(super) async fn configure_reader(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT set_config('statement_timeout', '10s', false)").execute(connection).await?;
    Ok(())
}

/// A transaction of a process that is paused or unreachable must not hold its locks for long. A commit that is answered must be on
/// disk, also where the database's default is another.
pub(super) async fn configure_writer(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(
        "SELECT set_config('statement_timeout', '10s', false),
                set_config('idle_in_transaction_session_timeout', '10s', false),
                set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
                set_config('tcp_keepalives_count', '3', false),
                CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', false) END",
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Connects for writing.
pub(super) async fn connect_writer(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    let connect = async {
        let mut connection = options.connect().await?;
        if connection.server_version_num().is_some_and(|version| version < OLDEST_VERSION) {
            let version = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
            return Err(StoreError::OldDatabaseServer(version));
        }
        configure_writer(&mut connection).await?;
        Ok(connection)
    };
    tokio::time::timeout(CONNECT_TIMEOUT, connect).await.unwrap_or_else(|_| Err(error::timed_out()))
}

/// Takes the lock of the processes that use the database, for as long as the connection lives. False if others have it that do
/// not share it.
pub(super) async fn try_lock_database(connection: &mut PgConnection, sharing: Sharing) -> Result<bool, StoreError> {
    let sql = match sharing {
        Sharing::Exclusive => "SELECT pg_try_advisory_lock($1, $2)",
        Sharing::Shared => "SELECT pg_try_advisory_lock_shared($1, $2)",
    };
    let locked = sqlx::query_scalar(sql).bind(ADVISORY_LOCKS).bind(PROCESS_LOCK).fetch_one(connection).await?;
    Ok(locked)
}

/// Ends a connection that no transaction may be left on, without waiting for the database.
pub(super) async fn close(connection: PgConnection) {
    let _ = tokio::time::timeout(Duration::from_secs(1), connection.close_hard()).await;
}
