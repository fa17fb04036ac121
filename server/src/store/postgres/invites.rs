//! [`InviteStore`] on PostgreSQL.

use async_trait::async_trait;
use parlor_protocol::{Millis, ServerRole, UserId, http::InviteInfo, policy::ServerAction};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use super::{
    PostgresStore, audit, commit_log, rights,
    transaction::{AdvisoryLock, WriteTransaction},
};
use crate::{
    clock,
    domain::{NewInvite, Refusal, StoreError, TokenHash},
    store::{InviteStore, invite_rules, records::InviteRow},
};

/// Selects the valid invite with a secret.
macro_rules! valid_invite {
    ($lock:literal) => {
        concat!(
            "SELECT id, made_by, made_at, expires_at, uses_left, role FROM invite
             WHERE token_hash = $1 AND revoked_at IS NULL AND expires_at > $2 AND (uses_left IS NULL OR uses_left > 0)",
            $lock
        )
    };
}

#[async_trait]
impl InviteStore for PostgresStore {
    async fn create_invite(&self, invite: NewInvite) -> Result<InviteInfo, StoreError> {
        self.write(move |tx| Box::pin(make(tx, invite))).await
    }

    async fn invites(&self) -> Result<Vec<InviteInfo>, StoreError> {
        self.read(list(&self.readers, clock::now())).await
    }

    async fn invite_of(&self, token: TokenHash) -> Result<Option<InviteInfo>, StoreError> {
        self.read(find(&self.readers, token, clock::now())).await
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

async fn insert(db: &mut PgConnection, token: TokenHash, info: &InviteInfo) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO invite (token_hash, id, made_by, made_at, expires_at, uses_left, role)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&token.0[..])
    .bind(info.id)
    .bind(info.made_by.map(|user| user.0))
    .bind(info.made_at)
    .bind(info.expires_at)
    .bind(info.uses_left.map(i64::from))
    .bind(info.role.as_str())
    .execute(db)
    .await?;
    Ok(())
}

async fn list(db: &PgPool, now: Millis) -> Result<Vec<InviteInfo>, StoreError> {
    let rows: Vec<InviteRow> = sqlx::query_as(
        "SELECT id, made_by, made_at, expires_at, uses_left, role FROM invite
         WHERE role <> 'owner' AND revoked_at IS NULL AND expires_at > $1 AND (uses_left IS NULL OR uses_left > 0)
         ORDER BY made_at DESC, id",
    )
    .bind(now)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(InviteRow::info).collect())
}

/// An invite that makes an owner cannot be used once there is an owner.
async fn usable(row: Option<InviteRow>, db: impl PgExecutor<'_>) -> Result<Option<InviteInfo>, StoreError> {
    let invite = row.map(InviteRow::info);
    if invite.as_ref().is_some_and(|invite| invite.role == ServerRole::Owner) && has_owner(db).await? {
        return Ok(None);
    }
    Ok(invite)
}

/// The invite with this secret, if it is valid.
async fn find(db: &PgPool, token: TokenHash, now: Millis) -> Result<Option<InviteInfo>, StoreError> {
    let row: Option<InviteRow> =
        sqlx::query_as(valid_invite!("")).bind(&token.0[..]).bind(now).fetch_optional(db).await?;
    usable(row, db).await
}

/// The same, locked to be used in this transaction.
pub(super) async fn lock(
    db: &mut PgConnection,
    token: TokenHash,
    now: Millis,
) -> Result<Option<InviteInfo>, StoreError> {
    let row: Option<InviteRow> =
        sqlx::query_as(valid_invite!(" FOR UPDATE")).bind(&token.0[..]).bind(now).fetch_optional(&mut *db).await?;
    usable(row, db).await
}

/// Counts a use of an invite that this transaction has locked.
pub(super) async fn use_up(tx: &mut WriteTransaction<'_>, invite: &InviteInfo, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE invite SET uses_left = uses_left - 1 WHERE id = $1").bind(invite.id).execute(tx.db()).await?;
    audit::record(tx, invite_rules::use_entry(invite, user)).await
}

async fn revoke(tx: &mut WriteTransaction<'_>, id: Uuid, by: UserId) -> Result<(), StoreError> {
    rights::require(tx, by, ServerAction::Invite).await?;
    let revoked = sqlx::query(
        "UPDATE invite SET revoked_at = $2
         WHERE id = $1 AND role <> 'owner' AND revoked_at IS NULL AND expires_at > $2
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

/// Waits for whoever is using the one before, and for the owner that it makes.
async fn create_owner_invite(tx: &mut WriteTransaction<'_>, token: TokenHash) -> Result<bool, StoreError> {
    tx.lock(AdvisoryLock::Owners).await?;
    // The link that another node has shown is that of all nodes.
    if commit_log::has_other_nodes(tx).await? && has_owner_invite(tx.db()).await? {
        return Ok(false);
    }
    sqlx::query("DELETE FROM invite WHERE role = 'owner'").execute(tx.db()).await?;
    if has_owner(tx.db()).await? {
        return Ok(false);
    }
    let invite = invite_rules::owner_invite(tx.now);
    insert(tx.db(), token, &invite).await?;
    Ok(true)
}

async fn has_owner_invite(db: impl PgExecutor<'_>) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM invite WHERE role = 'owner')").fetch_one(db).await?)
}

async fn has_owner(db: impl PgExecutor<'_>) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users WHERE role = 'owner')").fetch_one(db).await?)
}
