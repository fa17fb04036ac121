//! Changes of a room's name, topic and archive state.

use parlor_protocol::{RoomId, UserId};

use super::super::{accounts::find_user, messages::append_one, rights, transaction::WriteTransaction};
use crate::{
    domain::{Refusal, RoomChange, StoreError},
    store::room_update::{self, StoredRoom},
};

pub(super) async fn change(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    changes: Vec<RoomChange>,
    by: UserId,
) -> Result<(), StoreError> {
    // What can fail is checked first, so that it is all or nothing.
    for change in &changes {
        rights::require_in_room(tx, by, &room, room_update::action(change)).await?;
    }
    let known: Option<StoredRoom> = sqlx::query_as("SELECT kind, name, topic, archived_at FROM room WHERE id = $1")
        .bind(room.as_str())
        .fetch_optional(tx.db())
        .await?;
    let known = known.ok_or(sqlx::Error::RowNotFound)?;
    let by = find_user(tx.db(), by).await?.ok_or(sqlx::Error::RowNotFound)?;
    if let Some(key) = known.new_name_key(&changes) {
        let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM room WHERE name_key = $1 AND id <> $2")
            .bind(key)
            .bind(room.as_str())
            .fetch_one(tx.db())
            .await?;
        if taken > 0 {
            return Err(Refusal::RoomNameTaken.into());
        }
    }
    for command in known.commands(changes) {
        append_one(tx, &room, by.clone(), command).await?;
    }
    Ok(())
}
