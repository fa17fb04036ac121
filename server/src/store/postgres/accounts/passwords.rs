//! Passwords and reset links.

use parlor_protocol::{Millis, User, UserId, policy::ServerAction};

use super::{
    super::{
        audit::{self, Entry},
        rights, sessions,
        transaction::WriteTransaction,
    },
    reads,
};
use crate::{
    domain::{AuditAct, NewSession, Refusal, SessionEnd, StoreError, TokenHash},
    store::role_rules,
};

/// Sets the password of a user whom this transaction has locked. Sessions that were begun with the old one end, and reset links become invalid.
async fn set_password(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    password: &str,
    session: &NewSession,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE account SET password = $1 WHERE user_id = $2")
        .bind(password)
        .bind(user.0)
        .execute(tx.db())
        .await?;
    sqlx::query("DELETE FROM password_reset WHERE user_id = $1").bind(user.0).execute(tx.db()).await?;
    sessions::end_all(tx, user, SessionEnd::Ended).await?;
    sessions::insert(tx, user, session).await
}

pub(super) async fn change(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    old: String,
    new: String,
    session: NewSession,
    replaced: TokenHash,
) -> Result<bool, StoreError> {
    tx.lock_users(&[], &[user]).await?;
    if !reads::has_password(tx.db(), user, &old).await? {
        return Ok(false);
    }
    rights::require_unbanned(tx, user).await?;
    sessions::end(tx, replaced, SessionEnd::Replaced).await?;
    set_password(tx, user, &new, &session).await?;
    let entry = Entry { subject: Some(user), ..Entry::new(user, AuditAct::PasswordChanged) };
    audit::record(tx, entry).await?;
    Ok(true)
}

pub(super) async fn create_reset_token(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    by: UserId,
    token: TokenHash,
    expires_at: Millis,
) -> Result<(), StoreError> {
    tx.lock_users(&[by, user], &[]).await?;
    let own_role = rights::require(tx, by, ServerAction::ResetPassword).await?;
    let account = reads::of(tx.db(), user).await?.ok_or(Refusal::AccountNotFound)?;
    role_rules::require_below(own_role, account.role)?;
    insert_reset_token(tx, user, by, token, expires_at).await?;
    audit::record(tx, Entry { subject: Some(user), ..Entry::new(by, AuditAct::ResetMade) }).await
}

/// A reset link that nobody on the server has made. It counts as the user's own, so that it ends when their role does.
pub(in super::super) async fn create_recovery_token(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    token: TokenHash,
    expires_at: Millis,
) -> Result<(), StoreError> {
    insert_reset_token(tx, user, user, token, expires_at).await?;
    audit::record(tx, Entry { subject: Some(user), ..Entry::new(None, AuditAct::ResetMade) }).await
}

async fn insert_reset_token(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    by: UserId,
    token: TokenHash,
    expires_at: Millis,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO password_reset (token_hash, user_id, made_by, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(&token.0[..])
        .bind(user.0)
        .bind(by.0)
        .bind(expires_at)
        .execute(tx.db())
        .await?;
    Ok(())
}

pub(super) async fn redeem_reset_token(
    tx: &mut WriteTransaction<'_>,
    token: TokenHash,
    password: String,
    session: NewSession,
) -> Result<Option<User>, StoreError> {
    let now = tx.now;
    let Some(account) = reads::of_reset(tx.db(), token, now).await? else { return Ok(None) };
    tx.lock_users(&[], &[account.user.id]).await?;
    // It may have been used or revoked before the lock.
    let Some(account) = reads::of_reset(tx.db(), token, now).await? else { return Ok(None) };
    let user = (*account.user).clone();
    set_password(tx, user.id, &password, &session).await?;
    let entry = Entry { subject: Some(user.id), ..Entry::new(user.id, AuditAct::ResetUsed) };
    audit::record(tx, entry).await?;
    Ok(Some(user))
}
