//! Invitations: made, used up, revoked; and the one that makes the first owner.

use parlor_protocol::{Millis, ServerRole, UserId, http::InviteInfo};
use serde_json::json;
use sqlx::{FromRow, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::{
    audit::{self, Entry},
    reader::server_role,
};
use crate::domain::{NewInvite, StoreError, TokenHash};

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

pub(super) async fn make(db: &mut SqliteConnection, invite: &NewInvite, now: Millis) -> Result<InviteInfo, StoreError> {
    let info = InviteInfo {
        id: Uuid::now_v7(),
        made_by: Some(invite.by),
        made_at: now,
        expires_at: invite.expires_at,
        uses_left: invite.uses,
        role: invite.role,
    };
    insert(db, invite.token, &info).await?;
    let details = Some(json!({ "invite": info.id, "role": info.role, "uses": info.uses_left }));
    audit::note(db, Entry { actor: Some(invite.by), act: "invite_made", subject: None, room: None, details }, now)
        .await?;
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

/// Those that can still be used, the newest first. The one that makes an owner is nobody's to see.
pub(super) async fn list(db: &SqlitePool, now: Millis) -> Result<Vec<InviteInfo>, StoreError> {
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

/// The invitation with this secret, if it can be used. One that makes an owner cannot once there is one.
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

/// Someone has come in by it. In the transaction that has found it.
pub(super) async fn use_up(
    db: &mut SqliteConnection,
    invite: &InviteInfo,
    user: UserId,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE invite SET uses_left = uses_left - 1 WHERE id = ?").bind(invite.id).execute(&mut *db).await?;
    let entry = if invite.role == ServerRole::Owner {
        Entry { actor: Some(user), act: "owner_made", subject: Some(user), room: None, details: None }
    } else {
        let details = Some(json!({ "invite": invite.id, "role": invite.role }));
        Entry { actor: Some(user), act: "invite_used", subject: invite.made_by, room: None, details }
    };
    audit::note(db, entry, now).await
}

pub(super) async fn revoke(db: &mut SqliteConnection, id: Uuid, by: UserId, now: Millis) -> Result<bool, StoreError> {
    let revoked = sqlx::query(
        "UPDATE invite SET revoked_at = ?2
         WHERE id = ?1 AND role <> 'owner' AND revoked_at IS NULL AND expires_at > ?2
             AND (uses_left IS NULL OR uses_left > 0)",
    )
    .bind(id)
    .bind(now)
    .execute(&mut *db)
    .await?;
    if revoked.rows_affected() == 0 {
        return Ok(false);
    }
    let details = Some(json!({ "invite": id }));
    audit::note(db, Entry { actor: Some(by), act: "invite_revoked", subject: None, room: None, details }, now).await?;
    Ok(true)
}

/// From now on this secret makes the first owner, and no other does.
pub(super) async fn offer(db: &mut SqliteConnection, token: TokenHash, now: Millis) -> Result<bool, StoreError> {
    sqlx::query("DELETE FROM invite WHERE role = 'owner'").execute(&mut *db).await?;
    if has_owner(db).await? {
        return Ok(false);
    }
    let info = InviteInfo {
        id: Uuid::now_v7(),
        made_by: None,
        made_at: now,
        expires_at: Millis::MAX,
        uses_left: Some(1),
        role: ServerRole::Owner,
    };
    insert(db, token, &info).await?;
    Ok(true)
}

async fn has_owner(db: &mut SqliteConnection) -> Result<bool, StoreError> {
    let owner: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM user WHERE role = 'owner' LIMIT 1").fetch_optional(db).await?;
    Ok(owner.is_some())
}
