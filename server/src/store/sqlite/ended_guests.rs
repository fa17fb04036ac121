//! Guests whose sessions have all ended. Nobody can sign in as them again: their messages stay, their memberships do not.

use parlor_protocol::UserId;
use uuid::Uuid;

use super::{SqliteStore, rows, transaction::WriteTransaction};
use crate::domain::StoreError;

/// Selects memberships of such guests. The members of a direct room never change.
macro_rules! is_ended {
    () => {
        " EXISTS (SELECT 1 FROM user WHERE user.id = member.user AND user.kind = 'guest')
          AND NOT EXISTS (SELECT 1 FROM session WHERE session.user = member.user)
          AND NOT EXISTS (SELECT 1 FROM room WHERE room.id = member.room AND room.kind = 'direct')"
    };
}

/// Deletes the memberships of a user if they are such a guest. Nothing is published: nobody is connected as them any more, and
/// nobody looks up what they may do.
pub(super) async fn delete_memberships(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    sqlx::query(concat!("DELETE FROM member WHERE user = ? AND", is_ended!())).bind(user.0).execute(tx.db()).await?;
    Ok(())
}

/// Deletes the memberships of all of them. Finds them without the writer, then deletes in small steps, so that no message waits
/// for long.
pub(super) async fn delete_all_memberships(store: &SqliteStore) -> Result<(), StoreError> {
    let guests: Vec<Uuid> = sqlx::query_scalar(concat!("SELECT DISTINCT user FROM member WHERE", is_ended!()))
        .fetch_all(&store.readers)
        .await?;
    for part in guests.chunks(rows::MOST) {
        let part: Vec<_> = part.iter().copied().map(UserId).collect();
        store.write(move |tx| Box::pin(delete_of(tx, part))).await?;
    }
    Ok(())
}

async fn delete_of(tx: &mut WriteTransaction<'_>, guests: Vec<UserId>) -> Result<(), StoreError> {
    let sql = rows::sql("DELETE FROM member WHERE user IN (VALUES ", 1, guests.len(), concat!(") AND", is_ended!()));
    let mut query = sqlx::query(sql);
    for guest in rows::padded(&guests) {
        query = query.bind(guest.map(|guest| guest.0));
    }
    query.execute(tx.db()).await?;
    Ok(())
}
