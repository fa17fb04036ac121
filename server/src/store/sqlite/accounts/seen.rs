//! When users were last connected.

use parlor_protocol::{Millis, UserId};
use sqlx::SqlitePool;

use super::super::{rows, transaction::WriteTransaction};
use crate::domain::StoreError;

/// Leaves out users who have deleted their account meanwhile.
pub(super) async fn set(tx: &mut WriteTransaction<'_>, seen: Vec<(UserId, Millis)>) -> Result<(), StoreError> {
    for part in seen.chunks(rows::MOST) {
        let sql = rows::sql(
            "UPDATE user SET seen_at = max(coalesce(user.seen_at, 0), seen.column2) FROM (VALUES ",
            2,
            part.len(),
            ") AS seen WHERE user.id = seen.column1 AND user.gone_at IS NULL",
        );
        let mut query = sqlx::query(sql);
        for row in rows::padded(part) {
            query = query.bind(row.map(|(user, _)| user.0)).bind(row.map(|(_, at)| *at));
        }
        query.execute(tx.db()).await?;
    }
    Ok(())
}

pub(super) async fn get(db: &SqlitePool, user: UserId) -> Result<Option<Millis>, StoreError> {
    let row: Option<Option<Millis>> =
        sqlx::query_scalar("SELECT seen_at FROM user WHERE id = ?").bind(user.0).fetch_optional(db).await?;
    Ok(row.flatten())
}
