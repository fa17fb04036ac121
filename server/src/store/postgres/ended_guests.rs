//! Guests whose sessions have all ended. Nobody can sign in as them again: their messages stay, their memberships do not.

use parlor_protocol::{RoomId, UserId};
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

/// Deletes the memberships of a user if they are such a guest. Nothing is published: nobody is connected as them any more, and
/// nobody looks up what they may do.
pub(super) async fn delete_memberships(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    delete_of(tx, vec![user.0]).await
}

/// Deletes the memberships of all of them. Finds them without the writer, then deletes in small steps, so that no message waits
/// for long.
pub(super) async fn delete_all_memberships(store: &PostgresStore) -> Result<(), StoreError> {
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
    let rooms: Vec<String> =
        sqlx::query_scalar(concat!("SELECT DISTINCT room FROM member WHERE user_id = ANY($1) AND", is_ended!()))
            .bind(&guests)
            .fetch_all(tx.db())
            .await?;
    if rooms.is_empty() {
        return Ok(());
    }
    // Their members are counted in their rows.
    let rooms: Vec<_> = rooms.into_iter().map(RoomId::from).collect();
    tx.lock_rooms(&rooms.iter().collect::<Vec<_>>()).await?;
    sqlx::query(concat!("DELETE FROM member WHERE user_id = ANY($1) AND", is_ended!()))
        .bind(guests)
        .execute(tx.db())
        .await?;
    Ok(())
}
