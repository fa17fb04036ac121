//! Reads of users and accounts.

use parlor_protocol::{Millis, User, UserId, http::PeoplePage};
use sqlx::{SqliteExecutor, SqlitePool};

use crate::{
    domain::{Account, Name, StoreError, TokenHash},
    store::records::{AccountRow, PersonRow, UserRow, people_page},
};

/// Selects accounts under a condition.
macro_rules! account {
    ($condition:literal) => {
        concat!(
            "SELECT user.id, user.name AS shown, user.kind, user.role, user.colour,
                    account.name, account.name_key, account.password
             FROM account JOIN user ON user.id = account.user ",
            $condition
        )
    };
}

pub(in super::super) async fn by_name(db: impl SqliteExecutor<'_>, key: &str) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> =
        sqlx::query_as(account!("WHERE account.name_key = ?")).bind(key).fetch_optional(db).await?;
    Ok(row.map(AccountRow::account))
}

pub(super) async fn of(db: impl SqliteExecutor<'_>, user: UserId) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> =
        sqlx::query_as(account!("WHERE account.user = ?")).bind(user.0).fetch_optional(db).await?;
    Ok(row.map(AccountRow::account))
}

pub(super) async fn of_reset(
    db: impl SqliteExecutor<'_>,
    token: TokenHash,
    now: Millis,
) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(account!(
        "JOIN password_reset AS reset ON reset.user = account.user WHERE reset.token_hash = ? AND reset.expires_at > ?"
    ))
    .bind(token.0.to_vec())
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(row.map(AccountRow::account))
}

/// Whether an account of another user has this name or one that looks like it, as its sign-in name or its display name.
pub(super) async fn has_name(
    db: impl SqliteExecutor<'_>,
    name: &Name,
    except: Option<UserId>,
) -> Result<bool, StoreError> {
    let similar: Vec<(String, String)> = sqlx::query_as(
        "SELECT account.name, user.name FROM account JOIN user ON user.id = account.user
         WHERE (account.name_key = ?1 OR account.shown_key = ?1 OR account.name_skeleton = ?2 OR account.shown_skeleton = ?2)
           AND (?3 IS NULL OR account.user <> ?3)",
    )
    .bind(&name.key)
    .bind(&name.skeleton)
    .bind(except.map(|user| user.0))
    .fetch_all(db)
    .await?;
    Ok(similar.iter().any(|(signin, shown)| name.conflicts_with(signin) || name.conflicts_with(shown)))
}

/// Whether this is still the user's password hash.
pub(in super::super) async fn has_password(
    db: impl SqliteExecutor<'_>,
    user: UserId,
    password: &str,
) -> Result<bool, StoreError> {
    let same: Option<i64> = sqlx::query_scalar("SELECT 1 FROM account WHERE user = ? AND password = ?")
        .bind(user.0)
        .bind(password)
        .fetch_optional(db)
        .await?;
    Ok(same.is_some())
}

/// A user, with or without an account.
pub(in super::super) async fn find_user(db: impl SqliteExecutor<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> =
        sqlx::query_as("SELECT id, name, kind, colour FROM user WHERE id = ?").bind(id.0).fetch_optional(db).await?;
    Ok(row.map(UserRow::user))
}

pub(super) async fn people(
    db: &SqlitePool,
    query: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<PeoplePage, StoreError> {
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT user.id, user.name, user.kind, user.role, user.colour, user.seen_at, account.shown_key
         FROM account JOIN user ON user.id = account.user
         WHERE account.shown_key > ? AND instr(account.shown_key, ?) > 0 ORDER BY account.shown_key LIMIT ?",
    )
    .bind(after.unwrap_or_default())
    .bind(query)
    .bind(limit.saturating_add(1))
    .fetch_all(db)
    .await?;
    Ok(people_page(rows, limit))
}
