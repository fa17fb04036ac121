//! When users were last connected.

use parlor_protocol::{Millis, UserId};
use sqlx::PgPool;

use super::super::transaction::WriteTransaction;
use crate::domain::StoreError;

/// Users in one statement.
const BATCH: usize = 256;

/// Leaves out users who have deleted their account meanwhile.
pub(super) async fn set(tx: &mut WriteTransaction<'_>, seen: Vec<(UserId, Millis)>) -> Result<(), StoreError> {
    for part in seen.chunks(BATCH) {
        let (users, times): (Vec<_>, Vec<_>) = part.iter().map(|(user, at)| (user.0, *at)).unzip();
        // Locked in order of id, as everywhere.
        sqlx::query(
            "WITH locked AS (SELECT id FROM users WHERE id = ANY($1) AND gone_at IS NULL ORDER BY id FOR NO KEY UPDATE)
             UPDATE users SET seen_at = greatest(users.seen_at, seen.at)
             FROM locked JOIN unnest($1::uuid[], $2::bigint[]) AS seen (id, at) ON seen.id = locked.id WHERE users.id = locked.id",
        )
        .bind(users)
        .bind(times)
        .execute(tx.db())
        .await?;
    }
    Ok(())
}

pub(super) async fn get(db: &PgPool, user: UserId) -> Result<Option<Millis>, StoreError> {
    let row: Option<Option<Millis>> =
        sqlx::query_scalar("SELECT seen_at FROM users WHERE id = $1").bind(user.0).fetch_optional(db).await?;
    Ok(row.flatten())
}
