//! Sessions that end, and passwords that change: the one leads to the other.

use parlor_protocol::{Millis, User, UserId};
use sqlx::SqliteConnection;

use super::{
    accounts,
    arrivals::insert_session,
    audit::{self, Entry},
};
use crate::domain::{NewSession, SESSION_LIFETIME, SessionSelection, StoreError, TokenHash};

pub(super) async fn end_all(db: &mut SqliteConnection, user: UserId) -> Result<Vec<TokenHash>, StoreError> {
    let ended = sqlx::query_scalar("DELETE FROM session WHERE user = ? RETURNING token_hash").bind(user.0);
    Ok(tokens(ended.fetch_all(db).await?))
}

pub(super) async fn end_sessions(
    db: &mut SqliteConnection,
    user: UserId,
    which: SessionSelection,
) -> Result<Vec<TokenHash>, StoreError> {
    let ended = match which {
        SessionSelection::One(id) => {
            sqlx::query_scalar("DELETE FROM session WHERE user = ? AND id = ? RETURNING token_hash")
                .bind(user.0)
                .bind(id)
                .fetch_all(db)
                .await?
        }
        SessionSelection::AllExcept(token) => {
            sqlx::query_scalar("DELETE FROM session WHERE user = ? AND token_hash <> ? RETURNING token_hash")
                .bind(user.0)
                .bind(token.0.to_vec())
                .fetch_all(db)
                .await?
        }
    };
    Ok(tokens(ended))
}

fn tokens(rows: Vec<Vec<u8>>) -> Vec<TokenHash> {
    rows.into_iter().filter_map(|row| row.try_into().ok().map(TokenHash)).collect()
}

/// The password is another: whoever came in by the old one, or has a link to set it, is out.
async fn set_password(
    db: &mut SqliteConnection,
    user: UserId,
    password: &str,
    session: &NewSession,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE account SET password = ? WHERE user = ?").bind(password).bind(user.0).execute(&mut *db).await?;
    sqlx::query("DELETE FROM password_reset WHERE user = ?").bind(user.0).execute(&mut *db).await?;
    end_all(db, user).await?;
    insert_session(db, user, session, now).await
}

pub(super) async fn change_password(
    db: &mut SqliteConnection,
    user: UserId,
    from: &str,
    to: &str,
    session: &NewSession,
    now: Millis,
) -> Result<bool, StoreError> {
    if !accounts::has_password(&mut *db, user, from).await? {
        return Ok(false);
    }
    set_password(db, user, to, session, now).await?;
    let entry = Entry { actor: Some(user), act: "password_changed", subject: Some(user), room: None, details: None };
    audit::note(db, entry, now).await?;
    Ok(true)
}

pub(super) async fn make_reset(
    db: &mut SqliteConnection,
    user: UserId,
    by: UserId,
    token: TokenHash,
    expires_at: Millis,
    now: Millis,
) -> Result<bool, StoreError> {
    let made = sqlx::query(
        "INSERT INTO password_reset (token_hash, user, made_by, expires_at)
         SELECT ?, user, ?, ? FROM account WHERE user = ?",
    )
    .bind(&token.0[..])
    .bind(by.0)
    .bind(expires_at)
    .bind(user.0)
    .execute(&mut *db)
    .await?;
    if made.rows_affected() == 0 {
        return Ok(false);
    }
    let entry = Entry { actor: Some(by), act: "reset_made", subject: Some(user), room: None, details: None };
    audit::note(db, entry, now).await?;
    Ok(true)
}

pub(super) async fn use_reset(
    db: &mut SqliteConnection,
    token: TokenHash,
    password: &str,
    session: &NewSession,
    now: Millis,
) -> Result<Option<User>, StoreError> {
    let Some(account) = accounts::of_reset(&mut *db, token, now).await? else { return Ok(None) };
    let user = (*account.user).clone();
    set_password(db, user.id, password, session, now).await?;
    let entry = Entry { actor: Some(user.id), act: "reset_used", subject: Some(user.id), room: None, details: None };
    audit::note(db, entry, now).await?;
    Ok(Some(user))
}

pub(super) async fn sweep(db: &mut SqliteConnection, now: Millis) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session WHERE seen_at < ?")
        .bind(now.saturating_sub(SESSION_LIFETIME))
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM password_reset WHERE expires_at <= ?").bind(now).execute(db).await?;
    Ok(())
}
