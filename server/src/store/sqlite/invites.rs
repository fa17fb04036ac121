//! [`InviteStore`] on SQLite.

use async_trait::async_trait;
use parlor_protocol::{
    Millis, ServerRole, UserId,
    http::InviteInfo,
    policy::{self, ServerAction},
};
use serde_json::json;
use sqlx::{FromRow, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{
    SqliteStore,
    audit::{self, Entry},
    rights,
    transaction::WriteTransaction,
    values::server_role,
};
use crate::{
    clock,
    domain::{AuditAct, NewInvite, Refusal, StoreError, TokenHash},
    store::InviteStore,
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

#[derive(FromRow)]
struct Row {
    id: Uuid,
    made_by: Option<Uuid>,
    made_at: i64,
    expires_at: i64,
    uses_left: Option<i64>,
    role: String,
}

impl Row {
    fn info(self) -> InviteInfo {
        InviteInfo {
            id: self.id,
            made_by: self.made_by.map(UserId),
            made_at: self.made_at,
            expires_at: self.expires_at,
            uses_left: self.uses_left.map(|uses| u32::try_from(uses).unwrap_or(u32::MAX)),
            role: server_role(&self.role),
        }
    }
}

async fn make(tx: &mut WriteTransaction<'_>, invite: NewInvite) -> Result<InviteInfo, StoreError> {
    let own_role = rights::require(tx, invite.by, ServerAction::Invite).await?;
    if !policy::can_invite_as(own_role, invite.role) {
        return Err(Refusal::InviteRoleTooHigh.into());
    }
    let info = InviteInfo {
        id: Uuid::now_v7(),
        made_by: Some(invite.by),
        made_at: tx.now,
        expires_at: invite.expires_at,
        uses_left: invite.uses,
        role: invite.role,
    };
    insert(tx.db(), invite.token, &info).await?;
    let details = Some(json!({ "invite": info.id, "role": info.role, "uses": info.uses_left }));
    audit::record(tx, Entry { details, ..Entry::new(invite.by, AuditAct::InviteMade) }).await?;
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
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, made_by, made_at, expires_at, uses_left, role FROM invite
         WHERE role <> 'owner' AND revoked_at IS NULL AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0)
         ORDER BY made_at DESC, id",
    )
    .bind(now)
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Row::info).collect())
}

/// The invite with this secret, if it is valid. One that makes an owner is not once there is an owner.
pub(super) async fn find(
    db: &mut SqliteConnection,
    token: TokenHash,
    now: Millis,
) -> Result<Option<InviteInfo>, StoreError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, made_by, made_at, expires_at, uses_left, role FROM invite
         WHERE token_hash = ? AND revoked_at IS NULL AND expires_at > ? AND (uses_left IS NULL OR uses_left > 0)",
    )
    .bind(&token.0[..])
    .bind(now)
    .fetch_optional(&mut *db)
    .await?;
    let invite = row.map(Row::info);
    if invite.as_ref().is_some_and(|invite| invite.role == ServerRole::Owner) && has_owner(db).await? {
        return Ok(None);
    }
    Ok(invite)
}

/// Counts a use of an invite, in the transaction that found it.
pub(super) async fn use_up(tx: &mut WriteTransaction<'_>, invite: &InviteInfo, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE invite SET uses_left = uses_left - 1 WHERE id = ?").bind(invite.id).execute(tx.db()).await?;
    let entry = if invite.role == ServerRole::Owner {
        Entry { subject: Some(user), ..Entry::new(user, AuditAct::OwnerMade) }
    } else {
        let details = Some(json!({ "invite": invite.id, "role": invite.role }));
        Entry { subject: invite.made_by, details, ..Entry::new(user, AuditAct::InviteUsed) }
    };
    audit::record(tx, entry).await
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
    let details = Some(json!({ "invite": id }));
    audit::record(tx, Entry { details, ..Entry::new(by, AuditAct::InviteRevoked) }).await
}

async fn create_owner_invite(tx: &mut WriteTransaction<'_>, token: TokenHash) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM invite WHERE role = 'owner'").execute(tx.db()).await?;
    if has_owner(tx.db()).await? {
        return Ok(false);
    }
    let info = InviteInfo {
        id: Uuid::now_v7(),
        made_by: None,
        made_at: tx.now,
        expires_at: Millis::MAX,
        uses_left: Some(1),
        role: ServerRole::Owner,
    };
    insert(tx.db(), token, &info).await?;
    Ok(true)
}

async fn has_owner(db: &mut SqliteConnection) -> Result<bool, StoreError> {
    let owner: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM user WHERE role = 'owner' LIMIT 1").fetch_optional(db).await?;
    Ok(owner.is_some())
}
