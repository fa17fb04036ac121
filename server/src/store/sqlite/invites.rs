//! [`InviteStore`] on SQLite.

use async_trait::async_trait;
use parlor_protocol::{Millis, ServerRole, UserId, http::InviteInfo, policy::ServerAction};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{SqliteStore, audit, rights, transaction::WriteTransaction};
use crate::{
    clock,
    domain::{NewInvite, Refusal, StoreError, TokenHash},
    store::{InviteStore, invite_rules, records::InviteRow},
};

#[async_trait]
impl InviteStore for SqliteStore {
    async fn create_invite(&self, invite: NewInvite) -> Result<InviteInfo, StoreError> {
        self.write(move |tx| Box::pin(make(tx, invite))).await
    }

    async fn invites(&self) -> Result<Vec<InviteInfo>, StoreError> {
        list(&self.readers, clock::now()).await
    }

    async fn invite_of(&self, token: TokenHash) -> Result<Option<InviteInfo>, StoreError> {
        let mut reader = self.readers.acquire().await?;
        find(&mut reader, token, clock::now()).await
    }

    async fn revoke_invite(&self, id: Uuid, by: UserId) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(revoke(tx, id, by))).await
    }

    async fn create_owner_invite(&self, token: TokenHash) -> Result<bool, StoreError> {
        self.write(move |tx| Box::pin(create_owner_invite(tx, token))).await
    }
}

async fn make(tx: &mut WriteTransaction<'_>, invite: NewInvite) -> Result<InviteInfo, StoreError> {
    let own_role = rights::require(tx, invite.by, ServerAction::Invite).await?;
    let info = invite_rules::new_invite(&invite, own_role, tx.now)?;
    insert(tx.db(), invite.token, &info).await?;
    audit::record(tx, invite_rules::creation_entry(&info)).await?;
    Ok(info)
}

async fn insert(db: &mut SqliteConnection, token: TokenHash, info: &InviteInfo) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO invite (token_hash, id, made_by, made_at, expires_at, uses_left, role)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&token.0[..])
    .bind(info.id)
    .bind(info.made_by.map(|user| user.0))
    .bind(info.made_at)
    .bind(info.expires_at)
    .bind(info.uses_left)
    .bind(info.role.as_str())
    .execute(db)
    .await?;
    Ok(())
}

async fn list(db: &SqlitePool, now: Millis) -> Result<Vec<InviteInfo>, StoreError> {
    let rows: Vec<InviteRow> = sqlx::query_as(
        "SELECT id, made_by, made_at, expires_at, uses_left, role FROM invite
         WHERE role <> 'owner' AND revoked_at IS NULL AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0)
         ORDER BY made_at DESC, id",
    )
    .bind(now)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(InviteRow::info).collect())
}

/// The invite with this secret, if it is valid. One that makes an owner is not once there is an owner.
pub(super) async fn find(
    db: &mut SqliteConnection,
    token: TokenHash,
    now: Millis,
) -> Result<Option<InviteInfo>, StoreError> {
    let row: Option<InviteRow> = sqlx::query_as(
        "SELECT id, made_by, made_at, expires_at, uses_left, role FROM invite
         WHERE token_hash = ? AND revoked_at IS NULL AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0)",
    )
    .bind(&token.0[..])
    .bind(now)
    .fetch_optional(&mut *db)
    .await?;
    let invite = row.map(InviteRow::info);
    if invite.as_ref().is_some_and(|invite| invite.role == ServerRole::Owner) && has_owner(db).await? {
        return Ok(None);
    }
    Ok(invite)
}

/// Counts a use of an invite, in the transaction that found it.
pub(super) async fn use_up(tx: &mut WriteTransaction<'_>, invite: &InviteInfo, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE invite SET uses_left = uses_left - 1 WHERE id = ?").bind(invite.id).execute(tx.db()).await?;
    audit::record(tx, invite_rules::use_entry(invite, user)).await
}

async fn revoke(tx: &mut WriteTransaction<'_>, id: Uuid, by: UserId) -> Result<(), StoreError> {
    rights::require(tx, by, ServerAction::Invite).await?;
    let revoked = sqlx::query(
        "UPDATE invite SET revoked_at = ?2
         WHERE id = ?1 AND role <> 'owner' AND revoked_at IS NULL AND expires_at > ?2
             AND (uses_left IS NULL OR uses_left > 0)",
    )
    .bind(id)
    .bind(tx.now)
    .execute(tx.db())
    .await?;
    if revoked.rows_affected() == 0 {
        return Err(Refusal::InviteNotFound.into());
    }
    audit::record(tx, invite_rules::revocation_entry(id, by)).await
}

async fn create_owner_invite(tx: &mut WriteTransaction<'_>, token: TokenHash) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM invite WHERE role = 'owner'").execute(tx.db()).await?;
    if has_owner(tx.db()).await? {
        return Ok(false);
    }
    let invite = invite_rules::owner_invite(tx.now);
    insert(tx.db(), token, &invite).await?;
    Ok(true)
}

async fn has_owner(db: &mut SqliteConnection) -> Result<bool, StoreError> {
    let owner: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM user WHERE role = 'owner' LIMIT 1").fetch_optional(db).await?;
    Ok(owner.is_some())
}
