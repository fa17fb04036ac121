//! Rights of users as they are in this transaction: roles, mutes and bans, checked by [`parlor_protocol::policy`].

use parlor_protocol::{
    Millis, RoomId, ServerRole, UserId,
    policy::{Actor, Decision, Party, RoomAction, RoomContext, ServerAction},
};

use super::{
    transaction::WriteTransaction,
    values::{room_kind, room_role, server_role},
};
use crate::domain::{Refusal, StoreError};

/// Requires that a user may do this on the server. Returns their role.
pub(super) async fn require(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    action: ServerAction,
) -> Result<ServerRole, StoreError> {
    let (actor, muted_until) = load_actor(tx, user, None).await?;
    permit(actor.check_server(action), muted_until)?;
    Ok(actor.role)
}

/// Requires that a user may do this in a room. Returns their roles.
pub(super) async fn require_in_room(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: &RoomId,
    action: RoomAction,
) -> Result<Party, StoreError> {
    let (actor, muted_until) = load_actor(tx, user, Some(room)).await?;
    let row: Option<(String, bool, Option<String>)> = sqlx::query_as(
        "SELECT room.kind, room.archived_at IS NOT NULL, member.role
         FROM room LEFT JOIN member ON member.room = room.id AND member.user = ? WHERE room.id = ?",
    )
    .bind(user.0)
    .bind(room.as_str())
    .fetch_optional(tx.db())
    .await?;
    let (kind, archived, member) = row.ok_or(Refusal::RoomNotFound)?;
    let membership = member.as_deref().map(room_role);
    let lobby = room.as_str() == RoomId::LOBBY;
    let context = RoomContext { kind: room_kind(&kind), lobby, archived, membership };
    permit(actor.check(action, context), muted_until)?;
    Ok(Party { role: actor.role, room_role: membership.unwrap_or_default() })
}

/// Requires that a user is not banned.
pub(super) async fn require_unbanned(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    load_actor(tx, user, None).await.map(drop)
}

/// The role of a user; none if they do not exist or have deleted their account.
pub(super) async fn role_of(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<Option<ServerRole>, StoreError> {
    let role: Option<String> = sqlx::query_scalar("SELECT role FROM user WHERE id = ? AND gone_at IS NULL")
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
        "SELECT user.role, member.role FROM user LEFT JOIN member ON member.user = user.id AND member.room = ?
         WHERE user.id = ? AND gone_at IS NULL",
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

/// The user as an actor on the server or in a room, and until when they are muted there. Refuses those who are banned.
async fn load_actor(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    room: Option<&RoomId>,
) -> Result<(Actor, Option<Millis>), StoreError> {
    type Row = (String, Option<Millis>, bool, Option<Millis>);
    let row: Option<Row> = sqlx::query_as(
        "SELECT user.role,
                (SELECT max(mute.until) FROM mute
                 WHERE mute.user = user.id AND mute.room IN ('', ?2) AND mute.until > ?3),
                ban.id IS NOT NULL, ban.until
         FROM user LEFT JOIN ban ON ban.user = user.id AND ban.lifted_at IS NULL AND (ban.until IS NULL OR ban.until > ?3)
         WHERE user.id = ?1 AND user.gone_at IS NULL",
    )
    .bind(user.0)
    .bind(room.map_or("", RoomId::as_str))
    .bind(tx.now)
    .fetch_optional(tx.db())
    .await?;
    let (role, muted_until, banned, until) = row.ok_or(Refusal::Forbidden)?;
    if banned {
        return Err(Refusal::Banned { until }.into());
    }
    Ok((Actor { muted: muted_until.is_some(), ..Actor::with_role(server_role(&role)) }, muted_until))
}

fn permit(decision: Decision, muted_until: Option<Millis>) -> Result<(), Refusal> {
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Muted => Err(Refusal::Muted { until: muted_until.unwrap_or_default() }),
        Decision::Forbidden => Err(Refusal::Forbidden),
        Decision::Hidden => Err(Refusal::RoomNotFound),
    }
}
