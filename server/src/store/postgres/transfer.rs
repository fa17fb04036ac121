//! What a copy from another database needs of this one.

use std::sync::Arc;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{DatabaseAddress, Sharing, link::Connector, status::Status};
use crate::domain::StoreError;

/// Connects with the lock of the process that uses the database, and migrates its schema.
pub(in crate::store) async fn connect_for_transfer(address: &DatabaseAddress) -> Result<PgConnection, StoreError> {
    let connector = Connector {
        address: address.clone(),
        sharing: Sharing::Exclusive,
        writer: Uuid::now_v7(),
        status: Arc::<Status>::default(),
    };
    let mut connection = connector.connect_and_migrate().await?;
    // Whole tables are read and written.
    sqlx::query("SELECT set_config('statement_timeout', '0', false), set_config('idle_in_transaction_session_timeout', '0', false)")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Refuses a database that has only a part of what is being copied into it.
pub(super) async fn require_complete(connection: &mut PgConnection) -> Result<(), StoreError> {
    let is_incomplete: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM transfer WHERE completed_at IS NULL)")
        .fetch_one(connection)
        .await?;
    if is_incomplete { Err(StoreError::IncompleteCopy) } else { Ok(()) }
}
