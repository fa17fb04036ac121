//! What follows from an event of the log: the tables of rooms, members and messages, the audit log, and control events.

use parlor_protocol::{Event, EventKind, RoomId, RoomRole, UserId};
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        audit::{self, Entry},
        rooms::{insert_member, owner},
        transaction::WriteTransaction,
        values::sql_seq,
    },
    edits, reactions,
};
use crate::{
    domain::{AuditAct, MembershipChange, RoomMembership, StoreError},
    store::{
        log::ERASED_DIGEST,
        room_names::{name_key, unlisted_key},
    },
};

/// Applies an event that was just inserted.
pub(super) async fn apply(tx: &mut WriteTransaction<'_>, event: &Event) -> Result<(), StoreError> {
    let (room, by) = (&event.room, event.by.id);
    match &event.event {
        // Mentions are inserted for the whole batch.
        EventKind::Message { .. } => Ok(()),
        EventKind::Edited { message_seq, mentions, .. } => edits::insert(tx.db(), event, *message_seq, mentions).await,
        EventKind::Reacted { message_seq, emoji, on, .. } => {
            reactions::apply(tx.db(), event, *message_seq, emoji, *on).await
        }
        EventKind::Deleted { message_seq, message } => {
            let author = clear_message(tx, room, sql_seq(*message_seq)).await?;
            if author == by {
                return Ok(());
            }
            let details = Some(json!({ "message": message }));
            record(tx, event, AuditAct::MessageDeleted, Some(author), details).await
        }
        EventKind::MemberAdded { user } => {
            let read = insert_member(tx, room, user.id, RoomRole::Member).await?;
            tx.publish_membership(room, user.id, MembershipChange::Added(RoomMembership::since(read)));
            record(tx, event, AuditAct::MemberAdded, Some(user.id), None).await
        }
        EventKind::MemberRemoved { user } => {
            delete_member(tx, room, user.id).await?;
            tx.publish_membership(room, user.id, MembershipChange::Removed { head: event.seq });
            if user.id == by {
                return Ok(());
            }
            record(tx, event, AuditAct::MemberRemoved, Some(user.id), None).await
        }
        EventKind::Appointed { user, moderator } => {
            set_role(tx, room, user.id, RoomRole::from_flags(*moderator, false)).await?;
            let act = if *moderator { AuditAct::RoomModeratorAppointed } else { AuditAct::RoomModeratorDismissed };
            record(tx, event, act, Some(user.id), None).await
        }
        EventKind::OwnerChanged { user } => {
            if let Some(owner) = owner(tx.db(), room).await? {
                set_role(tx, room, owner, RoomRole::Moderator).await?;
            }
            set_role(tx, room, user.id, RoomRole::Owner).await?;
            record(tx, event, AuditAct::RoomOwnerChanged, Some(user.id), None).await
        }
        EventKind::Renamed { name } => {
            let public = is_public(tx, room).await?;
            sqlx::query("UPDATE room SET name = $1, name_key = $2 WHERE id = $3")
                .bind(name)
                .bind(if public { name_key(name) } else { unlisted_key(room) })
                .bind(room.as_str())
                .execute(tx.db())
                .await?;
            // The name of a private room is for its members alone, and whoever reads the audit log may not be one.
            record(tx, event, AuditAct::RoomRenamed, None, public.then(|| json!({ "name": name }))).await
        }
        EventKind::TopicSet { topic } => {
            sqlx::query("UPDATE room SET topic = $1 WHERE id = $2")
                .bind((!topic.is_empty()).then_some(topic))
                .bind(room.as_str())
                .execute(tx.db())
                .await?;
            Ok(())
        }
        EventKind::Archived { on } => {
            sqlx::query("UPDATE room SET archived_at = $1 WHERE id = $2")
                .bind(on.then_some(event.at))
                .bind(room.as_str())
                .execute(tx.db())
                .await?;
            record(tx, event, if *on { AuditAct::RoomArchived } else { AuditAct::RoomReopened }, None, None).await
        }
        // No command appends it.
        EventKind::Unknown => Ok(()),
    }
}

async fn set_role(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
    role: RoomRole,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE member SET role = $1 WHERE room = $2 AND user_id = $3")
        .bind(role.as_str())
        .bind(room.as_str())
        .bind(user.0)
        .execute(tx.db())
        .await?;
    tx.publish_membership(room, user, MembershipChange::Role(role));
    Ok(())
}

async fn record(
    tx: &mut WriteTransaction<'_>,
    event: &Event,
    act: AuditAct,
    subject: Option<UserId>,
    details: Option<serde_json::Value>,
) -> Result<(), StoreError> {
    let room = Some(event.room.clone());
    audit::record(tx, Entry { actor: Some(event.by.id), act, subject, room, details }).await
}

/// Removes the content of a message; its event keeps its place in the order. Returns its author.
async fn clear_message(tx: &mut WriteTransaction<'_>, room: &RoomId, seq: i64) -> Result<UserId, StoreError> {
    sqlx::query("DELETE FROM mention WHERE room = $1 AND seq = $2")
        .bind(room.as_str())
        .bind(seq)
        .execute(tx.db())
        .await?;
    edits::clear(tx.db(), room, seq).await?;
    reactions::clear(tx.db(), room, seq).await?;
    let author: Uuid = sqlx::query_scalar(
        "UPDATE event SET kind = 'removed', digest = $1, body = NULL, html = NULL, detail = NULL
         WHERE room = $2 AND seq = $3 RETURNING author",
    )
    .bind(&ERASED_DIGEST[..])
    .bind(room.as_str())
    .bind(seq)
    .fetch_one(tx.db())
    .await?;
    Ok(UserId(author))
}

/// Ends a membership. False when there was none.
pub(in super::super) async fn delete_member(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
) -> Result<bool, StoreError> {
    let deleted = sqlx::query("DELETE FROM member WHERE room = $1 AND user_id = $2")
        .bind(room.as_str())
        .bind(user.0)
        .execute(tx.db())
        .await?;
    Ok(deleted.rows_affected() > 0)
}

async fn is_public(tx: &mut WriteTransaction<'_>, room: &RoomId) -> Result<bool, StoreError> {
    let public: bool = sqlx::query_scalar("SELECT kind = 'public' FROM room WHERE id = $1")
        .bind(room.as_str())
        .fetch_one(tx.db())
        .await?;
    Ok(public)
}
