//! Guests whose sessions have all ended. Nobody can sign in as them again: their messages stay, their memberships do not.

use sqlx::PgPool;
use uuid::Uuid;

use super::{PostgresStore, transaction::WriteTransaction};
use crate::domain::StoreError;

/// Guests whose memberships are deleted in one transaction.
const BATCH: usize = 256;

/// Selects memberships of such guests. The members of a direct room never change.
macro_rules! is_ended {
    () => {
        " EXISTS (SELECT 1 FROM users WHERE users.id = member.user_id AND users.kind = 'guest')
          AND NOT EXISTS (SELECT 1 FROM session WHERE session.user_id = member.user_id)
          AND NOT EXISTS (SELECT 1 FROM room WHERE room.id = member.room AND room.kind = 'direct')"
    };
}

/// Finds them without the writer, then deletes them in small steps, so that no message waits for long. Nothing is published:
/// nobody is connected as them, and nobody looks up what they may do.
pub(super) async fn delete_memberships(store: &PostgresStore) -> Result<(), StoreError> {
    let guests = store.read(find(&store.readers)).await?;
    for part in guests.chunks(BATCH) {
        let part = part.to_vec();
        store.write(move |tx| Box::pin(delete_of(tx, part))).await?;
    }
    Ok(())
}

async fn find(db: &PgPool) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar(concat!("SELECT DISTINCT user_id FROM member WHERE", is_ended!())).fetch_all(db).await?)
}

async fn delete_of(tx: &mut WriteTransaction<'_>, guests: Vec<Uuid>) -> Result<(), StoreError> {
    sqlx::query(concat!("DELETE FROM member WHERE user_id = ANY($1) AND", is_ended!()))
        .bind(guests)
        .execute(tx.db())
        .await?;
    Ok(())
}
