//! Memberships of rooms.

use parlor_protocol::{
    RoomId, RoomKind, RoomRole, Seq, User, UserId,
    policy::{Party, RoomAction},
};

use super::{
    super::{
        accounts::find_user,
        messages::{append_one, delete_member},
        rights,
        transaction::WriteTransaction,
        values::room_kind,
    },
    reads::owner,
};
use crate::{
    domain::{ConnectionId, LogCommandKind, MembershipChange, Refusal, RoomMembership, StoreError},
    store::room_rules::{decide_moderator, decide_owner, require_removable},
};

pub(super) async fn add(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    by: UserId,
    origin: Option<ConnectionId>,
) -> Result<Seq, StoreError> {
    let is_self = user == by;
    tx.lock_users(&[by, user], &[]).await?;
    tx.lock_rooms(&[&room]).await?;
    let known = read_position(tx, &room, user).await?;
    if let (true, Some(read)) = (is_self, known) {
        return Ok(read);
    }
    let action = if is_self { RoomAction::Join } else { RoomAction::Invite };
    rights::require_in_room(tx, by, &room, action).await?;
    let added = find_user(tx.db(), user).await?.ok_or(Refusal::PersonNotFound)?;
    if let Some(read) = known {
        return Ok(read);
    }
    // Who may join, may join without an event: only public rooms can be joined.
    if is_self {
        return join(tx, &room, user, RoomRole::Member, origin).await;
    }
    let by = find_user(tx.db(), by).await?.ok_or(Refusal::Forbidden)?;
    append_one(tx, &room, by, LogCommandKind::AddMember { user: added }).await
}

/// How far a member has read; none when they are not a member.
async fn read_position(tx: &mut WriteTransaction<'_>, room: &RoomId, user: UserId) -> Result<Option<Seq>, StoreError> {
    let read: Option<i64> = sqlx::query_scalar("SELECT read_seq FROM member WHERE room = $1 AND user_id = $2")
        .bind(room.as_str())
        .bind(user.0)
        .fetch_optional(tx.db())
        .await?;
    Ok(read.map(i64::unsigned_abs))
}

pub(super) async fn remove(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    by: UserId,
) -> Result<Seq, StoreError> {
    let is_self = user == by;
    tx.lock_users(&[by, user], &[]).await?;
    let action = if is_self { RoomAction::Leave } else { RoomAction::Remove };
    let actor = rights::require_in_room(tx, by, &room, action).await?;
    let known: Option<(String, i64)> = sqlx::query_as(
        "SELECT room.kind, room.head FROM room JOIN member ON member.room = room.id WHERE room.id = $1 AND member.user_id = $2",
    )
    .bind(room.as_str())
    .bind(user.0)
    .fetch_optional(tx.db())
    .await?;
    let (kind, head) = known.ok_or(Refusal::PersonNotFound)?;
    let removed = find_user(tx.db(), user).await?.ok_or(Refusal::PersonNotFound)?;
    if !is_self {
        require_removable(actor, rights::party(tx, user, &room).await?)?;
    }
    if room_kind(&kind) == RoomKind::Public && is_self {
        let head = head.unsigned_abs();
        delete_member(tx, &room, user).await?;
        tx.publish_membership(&room, user, MembershipChange::Left { head });
        return Ok(head);
    }
    let by = find_user(tx.db(), by).await?.ok_or(Refusal::Forbidden)?;
    append_one(tx, &room, by, LogCommandKind::RemoveMember { user: removed }).await
}

pub(super) async fn set_moderator(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    moderator: bool,
    by: UserId,
) -> Result<(), StoreError> {
    tx.lock_users(&[by, user], &[]).await?;
    let actor = rights::require_in_room(tx, by, &room, RoomAction::Appoint).await?;
    let target = member(tx, &room, user).await?;
    if !decide_moderator(actor, target, moderator, user == by)? {
        return Ok(());
    }
    append_role_change(tx, &room, user, by, |user| LogCommandKind::SetModerator { user, moderator }).await
}

pub(super) async fn set_owner(
    tx: &mut WriteTransaction<'_>,
    room: RoomId,
    user: UserId,
    by: UserId,
) -> Result<(), StoreError> {
    // The owner's row as well, before the room's.
    let owner_before = owner(tx.db(), &room).await?;
    let users: Vec<_> = [by, user].into_iter().chain(owner_before).collect();
    tx.lock_users(&users, &[]).await?;
    let actor = rights::require_in_room(tx, by, &room, RoomAction::ChangeOwner).await?;
    let target = member(tx, &room, user).await?;
    let owner = match owner(tx.db(), &room).await? {
        Some(owner) => rights::party(tx, owner, &room).await?,
        None => None,
    };
    if !decide_owner(actor, target, owner)? {
        return Ok(());
    }
    append_role_change(tx, &room, user, by, |user| LogCommandKind::SetOwner { user }).await
}

/// The roles of a member who still has an account or is a guest.
async fn member(tx: &mut WriteTransaction<'_>, room: &RoomId, user: UserId) -> Result<Party, StoreError> {
    read_position(tx, room, user).await?.ok_or(Refusal::PersonNotFound)?;
    Ok(rights::party(tx, user, room).await?.ok_or(Refusal::PersonNotFound)?)
}

async fn append_role_change(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
    by: UserId,
    change: impl FnOnce(User) -> LogCommandKind,
) -> Result<(), StoreError> {
    let user = find_user(tx.db(), user).await?.ok_or(Refusal::PersonNotFound)?;
    let by = find_user(tx.db(), by).await?.ok_or(Refusal::Forbidden)?;
    append_one(tx, room, by, change(user)).await.map(drop)
}

/// Makes a user a member without an event, and publishes that. Returns how far they have read.
pub(in super::super) async fn join(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
    role: RoomRole,
    origin: Option<ConnectionId>,
) -> Result<Seq, StoreError> {
    let read = insert_member(tx, room, user, role).await?;
    let membership = RoomMembership { role, ..RoomMembership::since(read) };
    tx.publish_membership(room, user, MembershipChange::Joined { membership, origin });
    Ok(read)
}

/// Inserts a member who has read everything so far, unless there is one. Returns how far they have read.
pub(in super::super) async fn insert_member(
    tx: &mut WriteTransaction<'_>,
    room: &RoomId,
    user: UserId,
    role: RoomRole,
) -> Result<Seq, StoreError> {
    tx.lock_rooms(&[room]).await?;
    // The update changes nothing; it makes RETURNING answer for a row that exists already.
    let read: i64 = sqlx::query_scalar(
        "INSERT INTO member (room, user_id, read_seq, joined_at, role, name)
         SELECT room.id, users.id, room.head, $3, $4, users.name FROM room, users WHERE room.id = $1 AND users.id = $2
         ON CONFLICT (user_id, room) DO UPDATE SET read_seq = member.read_seq RETURNING read_seq",
    )
    .bind(room.as_str())
    .bind(user.0)
    .bind(tx.now)
    .bind(role.as_str())
    .fetch_one(tx.db())
    .await?;
    Ok(read.unsigned_abs())
}
