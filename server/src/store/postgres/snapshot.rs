//! Transactions of several reads, which see one state of the database.

use sqlx::{PgPool, Postgres, Transaction};

use crate::domain::StoreError;

const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

/// Begins one, in a task of its own: requests are cancelled at any time. sqlx 0.9 does not end a transaction whose BEGIN is
/// cancelled before it is answered; later readers on that connection would see the state of then. A transaction that has begun
/// it rolls back when it is dropped.
pub(super) async fn begin(db: &PgPool) -> Result<Transaction<'static, Postgres>, StoreError> {
    let db = db.clone();
    match tokio::spawn(async move { db.begin_with(BEGIN).await }).await {
        Ok(begun) => Ok(begun?),
        Err(_) => Err(StoreError::Closed),
    }
}
