//! Rights of users as they are in this transaction: roles, mutes and bans. What was read holds until the commit, because the rows
//! of the users and rooms are locked first.
//!
//! Who acts on other users locks their rows before, by [`WriteTransaction::lock_users`]: those of users come before those of rooms.

use parlor_protocol::{
    RoomId, ServerRole, UserId,
    policy::{Party, RoomAction, ServerAction},
};

use super::{
    transaction::WriteTransaction,
    values::{room_role, server_role},
};
use crate::{
    domain::{Refusal, StoreError},
    store::rights::{ActorRow, Permissions, room_context},
};

/// Requires that a user may do this on the server. Returns their role.
pub(super) async fn require(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    action: ServerAction,
) -> Result<ServerRole, StoreError> {
    let permissions = load_permissions(tx, user, None).await?;
    permissions.require(action)?;
    Ok(permissions.actor.role)
}

/// Requires that a user may do this in a room. Returns their roles.
pub(super) async fn require_in_room(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: &RoomId,
    action: RoomAction,
) -> Result<Party, StoreError> {
    let permissions = load_permissions(tx, user, Some(room)).await?;
    tx.lock_rooms(&[room]).await?;
    let row: Option<(String, bool, Option<String>)> = sqlx::query_as(
        "SELECT room.kind, room.archived_at IS NOT NULL, member.role
         FROM room LEFT JOIN member ON member.room = room.id AND member.user_id = $1 WHERE room.id = $2",
    )
    .bind(user.0)
    .bind(room.as_str())
    .fetch_optional(tx.db())
    .await?;
    let (kind, archived, member) = row.ok_or(Refusal::RoomNotFound)?;
    let context = room_context(room, &kind, archived, member.as_deref());
    permissions.require_in_room(action, context)?;
    Ok(Party { role: permissions.actor.role, room_role: context.membership.unwrap_or_default() })
}

/// Requires that a user is not banned.
pub(super) async fn require_unbanned(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    load_permissions(tx, user, None).await.map(drop)
}

/// The role of a user; none if they do not exist or have deleted their account.
pub(super) async fn role_of(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<Option<ServerRole>, StoreError> {
    let role: Option<String> = sqlx::query_scalar("SELECT role FROM users WHERE id = $1 AND gone_at IS NULL")
        .bind(user.0)
        .fetch_optional(tx.db())
        .await?;
    Ok(role.as_deref().map(server_role))
}

/// The roles of a user on the server and in a room; none if they do not exist or have deleted their account.
pub(super) async fn party(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: &RoomId,
) -> Result<Option<Party>, StoreError> {
    let row: Option<(String, Option<String>)> = sqlx::query_as(
        "SELECT users.role, member.role FROM users LEFT JOIN member ON member.user_id = users.id AND member.room = $1
         WHERE users.id = $2 AND gone_at IS NULL",
    )
    .bind(room.as_str())
    .bind(user.0)
    .fetch_optional(tx.db())
    .await?;
    let party = |(role, member): (String, Option<String>)| Party {
        role: server_role(&role),
        room_role: member.as_deref().map(room_role).unwrap_or_default(),
    };
    Ok(row.map(party))
}

/// What a user may do on the server or in a room. Refuses those who are banned.
async fn load_permissions(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: Option<&RoomId>,
) -> Result<Permissions, StoreError> {
    tx.lock_users(&[user], &[]).await?;
    let row: Option<ActorRow> = sqlx::query_as(
        "SELECT users.role,
                (SELECT max(mute.until) FROM mute
                 WHERE mute.user_id = users.id AND mute.room IN ('', $2) AND mute.until > $3) AS muted_until,
                ban.id IS NOT NULL AS banned, ban.until AS banned_until
         FROM users
         LEFT JOIN ban ON ban.user_id = users.id AND ban.lifted_at IS NULL AND (ban.until IS NULL OR ban.until > $3)
         WHERE users.id = $1 AND users.gone_at IS NULL",
    )
    .bind(user.0)
    .bind(room.map_or("", RoomId::as_str))
    .bind(tx.now)
    .fetch_optional(tx.db())
    .await?;
    Ok(ActorRow::permissions(row)?)
}
