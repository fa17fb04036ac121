//! Bans, each with its entry in the audit log.

use std::net::IpAddr;

use parlor_protocol::UserId;
use serde_json::json;
use uuid::Uuid;

use super::{
    super::{
        accounts::revoke_links,
        audit::{self, Entry},
        sessions,
        transaction::WriteTransaction,
    },
    require_moderation,
};
use crate::domain::{AuditAct, ControlEvent, NewBan, Refusal, StoreError};

pub(super) async fn ban(tx: &mut WriteTransaction<'_>, new: NewBan) -> Result<(), StoreError> {
    tx.lock_users(&[new.by], &[new.user]).await?;
    let active = active_ban(tx, new.user).await?;
    require_moderation(tx, new.user, new.by, active).await?;
    let address = if new.address { last_address(tx, new.user).await? } else { None };
    end_bans(tx, new.user).await?;
    sessions::end_by_ban(tx, new.user).await?;
    revoke_links(tx, new.user).await?;
    sqlx::query("DELETE FROM password_reset WHERE user_id = $1").bind(new.user.0).execute(tx.db()).await?;
    sqlx::query(
        "INSERT INTO ban (id, user_id, address, reason, made_by, made_at, until) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(Uuid::now_v7())
    .bind(new.user.0)
    .bind(address.as_deref())
    .bind(&new.reason)
    .bind(new.by.0)
    .bind(tx.now)
    .bind(new.until)
    .execute(tx.db())
    .await?;
    // The address itself stays out of the audit log.
    let details = Some(json!({ "reason": new.reason, "until": new.until, "address": address.is_some() }));
    let entry = Entry { subject: Some(new.user), details, ..Entry::new(new.by, AuditAct::Banned) };
    audit::record(tx, entry).await?;
    let address: Option<IpAddr> = address.and_then(|address| address.parse().ok());
    let guest_sessions = match address {
        Some(address) => sessions::of_guests_from(tx, address).await?,
        None => Vec::new(),
    };
    tx.publish(ControlEvent::UserBanned { user: new.user, until: new.until, address, guest_sessions });
    Ok(())
}

pub(super) async fn lift(tx: &mut WriteTransaction<'_>, user: UserId, by: UserId) -> Result<(), StoreError> {
    tx.lock_users(&[by], &[user]).await?;
    let active = active_ban(tx, user).await?;
    require_moderation(tx, user, by, active).await?;
    if active.is_none() {
        return Err(Refusal::NotBanned.into());
    }
    end_bans(tx, user).await?;
    let entry = Entry { subject: Some(user), ..Entry::new(by, AuditAct::BanLifted) };
    audit::record(tx, entry).await?;
    sessions::delete_ended_by_ban(tx, user).await?;
    tx.publish(ControlEvent::BanLifted { user });
    Ok(())
}

/// Who imposed the active ban.
async fn active_ban(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<Option<UserId>, StoreError> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT made_by FROM ban WHERE user_id = $1 AND lifted_at IS NULL AND (until IS NULL OR until > $2)",
    )
    .bind(user.0)
    .bind(tx.now)
    .fetch_optional(tx.db())
    .await?;
    Ok(found.map(UserId))
}

async fn end_bans(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE ban SET lifted_at = $1 WHERE user_id = $2 AND lifted_at IS NULL")
        .bind(tx.now)
        .bind(user.0)
        .execute(tx.db())
        .await?;
    Ok(())
}

/// The address of the user's most recently used session.
async fn last_address(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<Option<String>, StoreError> {
    let address: Option<String> = sqlx::query_scalar(
        "SELECT address FROM session WHERE user_id = $1 AND address IS NOT NULL ORDER BY seen_at DESC LIMIT 1",
    )
    .bind(user.0)
    .fetch_optional(tx.db())
    .await?;
    Ok(address)
}
