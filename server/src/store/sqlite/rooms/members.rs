//! Memberships of rooms.

use parlor_protocol::{RoomId, RoomKind, Seq, UserId};

use super::super::{
    accounts::find_user,
    messages::{append_one, delete_member},
    transaction::WriteTransaction,
    values::{member_role, room_kind},
};
use crate::domain::{ConnectionId, LogCommandKind, MembershipChange, RoomMembership, StoreError};

pub(super) async fn add(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    by: UserId,
    origin: Option<ConnectionId>,
) -> Result<Option<Seq>, StoreError> {
    let Some(added) = find_user(tx.db(), user).await? else { return Ok(None) };
    let known: Option<(String, Option<i64>)> = sqlx::query_as(
        "SELECT room.kind, member.read_seq
         FROM room LEFT JOIN member ON member.room = room.id AND member.user = ? WHERE room.id = ?",
    )
    .bind(user.0)
    .bind(room.as_str())
    .fetch_optional(tx.db())
    .await?;
    let kind = match known {
        None => return Ok(None),
        Some((_, Some(read))) => return Ok(Some(read.unsigned_abs())),
        Some((kind, None)) => room_kind(&kind),
    };
    match kind {
        // Its members never change.
        RoomKind::Direct => Ok(None),
        RoomKind::Public if user == by => join(tx, &room, user, false, origin).await.map(Some),
        RoomKind::Public | RoomKind::Private => {
            let Some(by) = find_user(tx.db(), by).await? else { return Ok(None) };
            append_one(tx, &room, by, LogCommandKind::AddMember { user: added }).await.map(Some)
        }
    }
}

pub(super) async fn remove(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    by: UserId,
) -> Result<Option<Seq>, StoreError> {
    let known: Option<(String, i64)> = sqlx::query_as(
        "SELECT room.kind, room.head FROM room JOIN member ON member.room = room.id WHERE room.id = ? AND member.user = ?",
    )
    .bind(room.as_str())
    .bind(user.0)
    .fetch_optional(tx.db())
    .await?;
    let (Some((kind, head)), Some(removed)) = (known, find_user(tx.db(), user).await?) else { return Ok(None) };
    if room_kind(&kind) == RoomKind::Public && user == by {
        let head = head.unsigned_abs();
        delete_member(tx, &room, user).await?;
        tx.publish_membership(&room, user, MembershipChange::Left { head });
        return Ok(Some(head));
    }
    let Some(by) = find_user(tx.db(), by).await? else { return Ok(None) };
    append_one(tx, &room, by, LogCommandKind::RemoveMember { user: removed }).await.map(Some)
}

pub(super) async fn set_moderator(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    moderator: bool,
    by: UserId,
) -> Result<bool, StoreError> {
    let known: Option<String> = sqlx::query_scalar("SELECT role FROM member WHERE room = ? AND user = ?")
        .bind(room.as_str())
        .bind(user.0)
        .fetch_optional(tx.db())
        .await?;
    let Some(role) = known else { return Ok(false) };
    if role == member_role(moderator) {
        return Ok(true);
    }
    let (Some(user), Some(by)) = (find_user(tx.db(), user).await?, find_user(tx.db(), by).await?) else {
        return Ok(false);
    };
    append_one(tx, &room, by, LogCommandKind::SetModerator { user, moderator }).await?;
    Ok(true)
}

/// Makes a user a member without an event, and publishes that. Returns how far they have read.
pub(in super::super) async fn join(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
    moderator: bool,
    origin: Option<ConnectionId>,
) -> Result<Seq, StoreError> {
    let read = insert_member(tx, room, user, moderator).await?;
    let membership = RoomMembership { moderator, ..RoomMembership::since(read) };
    tx.publish_membership(room, user, MembershipChange::Joined { membership, origin });
    Ok(read)
}

/// Inserts a member who has read everything so far, unless there is one. Returns how far they have read.
pub(in super::super) async fn insert_member(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
    moderator: bool,
) -> Result<Seq, StoreError> {
    // The update changes nothing; it makes RETURNING answer for a row that exists already.
    let read: i64 = sqlx::query_scalar(
        "INSERT INTO member (room, user, read_seq, joined_at, role) SELECT id, ?2, head, ?3, ?4 FROM room WHERE id = ?1
         ON CONFLICT (user, room) DO UPDATE SET read_seq = read_seq RETURNING read_seq",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(tx.now)
    .bind(member_role(moderator))
    .fetch_one(tx.db())
    .await?;
    Ok(read.unsigned_abs())
}
