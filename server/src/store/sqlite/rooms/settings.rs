//! Changes of a room's name, topic and archive state.

use parlor_protocol::{RoomId, RoomKind, UserId, policy::RoomAction};

use super::{
    super::{accounts::find_user, messages::append_one, rights, transaction::WriteTransaction, values::room_kind},
    name_key,
};
use crate::domain::{LogCommandKind, Refusal, RoomChange, StoreError};

pub(super) async fn change(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    changes: Vec<RoomChange>,
    by: UserId,
) -> Result<(), StoreError> {
    // What can fail is checked first, so that it is all or nothing.
    for change in &changes {
        let action = match change {
            RoomChange::Name(_) | RoomChange::Topic(_) => RoomAction::Rename,
            RoomChange::Archived(_) => RoomAction::Archive,
        };
        rights::require_in_room(tx, by, &room, action).await?;
    }
    let known: Option<(String, String, Option<String>, Option<i64>)> =
        sqlx::query_as("SELECT kind, name, topic, archived_at FROM room WHERE id = ?")
            .bind(room.as_str())
            .fetch_optional(tx.db())
            .await?;
    let (kind, old_name, old_topic, archived_at) = known.ok_or(sqlx::Error::RowNotFound)?;
    let by = find_user(tx.db(), by).await?.ok_or(sqlx::Error::RowNotFound)?;
    if room_kind(&kind) == RoomKind::Public
        && let Some(RoomChange::Name(name)) = changes.iter().find(|change| matches!(change, RoomChange::Name(_)))
    {
        let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM room WHERE name_key = ? AND id <> ?")
            .bind(name_key(name))
            .bind(room.as_str())
            .fetch_one(tx.db())
            .await?;
        if taken > 0 {
            return Err(Refusal::RoomNameTaken.into());
        }
    }
    for change in changes {
        let kind = match change {
            RoomChange::Name(name) if name != old_name => LogCommandKind::Rename { name },
            RoomChange::Topic(topic) if topic != old_topic.as_deref().unwrap_or_default() => {
                LogCommandKind::SetTopic { topic }
            }
            RoomChange::Archived(archived) if archived != archived_at.is_some() => {
                LogCommandKind::SetArchived { archived }
            }
            RoomChange::Name(_) | RoomChange::Topic(_) | RoomChange::Archived(_) => continue,
        };
        append_one(tx, &room, by.clone(), kind).await?;
    }
    Ok(())
}
