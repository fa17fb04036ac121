//! Display names, colours, roles, and the deletion of accounts.

use parlor_protocol::{RoomId, RoomRole, ServerRole, User, UserId, policy::ServerAction};
use serde_json::json;

use super::{
    super::{
        audit::{self, Entry},
        rights, sessions,
        transaction::{AdvisoryLock, WriteTransaction},
    },
    create::is_taken,
    reads,
};
use crate::{
    domain::{
        AuditAct, ControlEvent, CreateError, IsNameInUse, MembershipChange, Name, Refusal, SessionEnd, StoreError,
        names,
    },
    store::role_rules,
};

pub(super) async fn set(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    name: Option<Name>,
    colour: Option<u8>,
    in_use: IsNameInUse,
) -> Result<Result<User, CreateError>, StoreError> {
    if name.is_some() {
        tx.lock(AdvisoryLock::Names).await?;
    }
    tx.lock_users(&[], &[user]).await?;
    let Some(account) = reads::of(tx.db(), user).await? else { return Ok(Err(CreateError::NoSuchUser)) };
    rights::require(tx, user, ServerAction::ChangeProfile).await?;
    let mut shown = (*account.user).clone();
    if let Some(name) = name {
        if is_taken(tx, &name, Some(user), &in_use).await? {
            return Ok(Err(CreateError::NameTaken));
        }
        sqlx::query("UPDATE account SET shown_key = $1, shown_skeleton = $2 WHERE user_id = $3")
            .bind(&name.key)
            .bind(&name.skeleton)
            .bind(user.0)
            .execute(tx.db())
            .await?;
        shown.name = name.text;
    }
    shown.colour = colour.or(shown.colour);
    sqlx::query("UPDATE users SET name = $1, colour = $2 WHERE id = $3")
        .bind(&shown.name)
        .bind(shown.colour.map(i64::from))
        .bind(user.0)
        .execute(tx.db())
        .await?;
    if shown != *account.user {
        tx.publish(ControlEvent::ProfileChanged { user: shown.clone() });
    }
    Ok(Ok(shown))
}

pub(super) async fn delete_account(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<bool, StoreError> {
    tx.lock(AdvisoryLock::Owners).await?;
    tx.lock_users(&[], &[user]).await?;
    let is_last_owner: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND role = 'owner')
                AND NOT EXISTS (SELECT 1 FROM users WHERE id <> $1 AND role = 'owner')",
    )
    .bind(user.0)
    .fetch_one(tx.db())
    .await?;
    if is_last_owner {
        return Ok(false);
    }
    revoke_links(tx, user).await?;
    end_room_roles(tx, user).await?;
    sqlx::query("DELETE FROM password_reset WHERE user_id = $1").bind(user.0).execute(tx.db()).await?;
    sqlx::query("DELETE FROM account WHERE user_id = $1").bind(user.0).execute(tx.db()).await?;
    sessions::end_all(tx, user, SessionEnd::Ended).await?;
    sqlx::query(
        "UPDATE users SET name = $1, role = 'guest', colour = NULL, seen_at = NULL, gone_at = $2 WHERE id = $3",
    )
    .bind(names::DELETED_USER)
    .bind(tx.now)
    .bind(user.0)
    .execute(tx.db())
    .await?;
    if let Some(user) = reads::find_user(tx.db(), user).await? {
        tx.publish(ControlEvent::ProfileChanged { user });
    }
    tx.publish(ControlEvent::RoleChanged { user, role: ServerRole::Guest });
    let entry = Entry { subject: Some(user), ..Entry::new(user, AuditAct::AccountDeleted) };
    audit::record(tx, entry).await?;
    Ok(true)
}

/// Makes a user, whom this transaction has locked, an ordinary member of all rooms that they own or moderate.
async fn end_room_roles(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    let rooms: Vec<String> = sqlx::query_scalar("SELECT room FROM member WHERE user_id = $1 AND role <> 'member'")
        .bind(user.0)
        .fetch_all(tx.db())
        .await?;
    let rooms: Vec<_> = rooms.into_iter().map(RoomId::from).collect();
    tx.lock_rooms(&rooms.iter().collect::<Vec<_>>()).await?;
    let rooms: Vec<String> =
        sqlx::query_scalar("UPDATE member SET role = 'member' WHERE user_id = $1 AND role <> 'member' RETURNING room")
            .bind(user.0)
            .fetch_all(tx.db())
            .await?;
    for room in rooms {
        tx.publish_membership(&RoomId::from(room), user, MembershipChange::Role(RoomRole::Member));
    }
    Ok(())
}

/// Revokes the invites and reset links that a user created by rights that they no longer have.
pub(in super::super) async fn revoke_links(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE invite SET revoked_at = $1 WHERE made_by = $2 AND revoked_at IS NULL")
        .bind(tx.now)
        .bind(user.0)
        .execute(tx.db())
        .await?;
    sqlx::query("DELETE FROM password_reset WHERE made_by = $1").bind(user.0).execute(tx.db()).await?;
    Ok(())
}

pub(super) async fn set_role(
    tx: &mut WriteTransaction<'_>,
    by: UserId,
    user: UserId,
    role: ServerRole,
) -> Result<(), StoreError> {
    // An owner may become another role.
    tx.lock(AdvisoryLock::Owners).await?;
    tx.lock_users(&[by], &[user]).await?;
    let own_role = rights::require(tx, by, ServerAction::Appoint).await?;
    let account = reads::of(tx.db(), user).await?.ok_or(Refusal::AccountNotFound)?;
    role_rules::require_assignable(own_role, account.role, role)?;
    if role < account.role {
        revoke_links(tx, user).await?;
    }
    sqlx::query("UPDATE users SET role = $1 WHERE id = $2").bind(role.as_str()).bind(user.0).execute(tx.db()).await?;
    tx.publish(ControlEvent::RoleChanged { user, role });
    let details = Some(json!({ "from": account.role, "to": role }));
    let entry = Entry { subject: Some(user), details, ..Entry::new(by, AuditAct::RoleChanged) };
    audit::record(tx, entry).await
}
