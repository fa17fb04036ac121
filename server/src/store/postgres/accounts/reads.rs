//! Reads of users and accounts.

use parlor_protocol::{Millis, User, UserId, http::PeoplePage};
use sqlx::{PgExecutor, PgPool};

use super::super::text::is_storable;
use crate::{
    domain::{Account, Name, StoreError, TokenHash},
    store::records::{AccountRow, PersonRow, UserRow, people_page},
};

/// Selects accounts under a condition.
macro_rules! account {
    ($condition:literal) => {
        concat!(
            "SELECT users.id, users.name AS shown, users.kind, users.role, users.colour,
                    account.name, account.name_key, account.password
             FROM account JOIN users ON users.id = account.user_id ",
            $condition
        )
    };
}

pub(in super::super) async fn by_name(db: impl PgExecutor<'_>, key: &str) -> Result<Option<Account>, StoreError> {
    if !is_storable(key) {
        return Ok(None);
    }
    let row: Option<AccountRow> =
        sqlx::query_as(account!("WHERE account.name_key = $1")).bind(key).fetch_optional(db).await?;
    Ok(row.map(AccountRow::account))
}

pub(super) async fn of(db: impl PgExecutor<'_>, user: UserId) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> =
        sqlx::query_as(account!("WHERE account.user_id = $1")).bind(user.0).fetch_optional(db).await?;
    Ok(row.map(AccountRow::account))
}

pub(super) async fn of_reset(
    db: impl PgExecutor<'_>,
    token: TokenHash,
    now: Millis,
) -> Result<Option<Account>, StoreError> {
    let row: Option<AccountRow> = sqlx::query_as(account!(
        "JOIN password_reset AS reset ON reset.user_id = account.user_id WHERE reset.token_hash = $1 AND reset.expires_at > $2"
    ))
    .bind(token.0.to_vec())
    .bind(now)
    .fetch_optional(db)
    .await?;
    Ok(row.map(AccountRow::account))
}

/// Whether an account of another user has this name or one that looks like it, as its sign-in name or its display name.
pub(super) async fn has_name(db: impl PgExecutor<'_>, name: &Name, except: Option<UserId>) -> Result<bool, StoreError> {
    let similar: Vec<(String, String)> = sqlx::query_as(
        "SELECT account.name, users.name FROM account JOIN users ON users.id = account.user_id
         WHERE (account.name_key = $1 OR account.shown_key = $1 OR account.name_skeleton = $2 OR account.shown_skeleton = $2)
           AND account.user_id IS DISTINCT FROM $3",
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
    db: impl PgExecutor<'_>,
    user: UserId,
    password: &str,
) -> Result<bool, StoreError> {
    let same = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM account WHERE user_id = $1 AND password = $2)");
    Ok(same.bind(user.0).bind(password).fetch_one(db).await?)
}

/// A user, with or without an account.
pub(in super::super) async fn find_user(db: impl PgExecutor<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> =
        sqlx::query_as("SELECT id, name, kind, colour FROM users WHERE id = $1").bind(id.0).fetch_optional(db).await?;
    Ok(row.map(UserRow::user))
}

pub(super) async fn people(
    db: &PgPool,
    query: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<PeoplePage, StoreError> {
    let after = after.unwrap_or_default();
    if !is_storable(query) || !is_storable(after) {
        return Ok(people_page(Vec::new(), limit));
    }
    let rows: Vec<PersonRow> = sqlx::query_as(
        "SELECT users.id, users.name, users.kind, users.role, users.colour, users.seen_at, account.shown_key
         FROM account JOIN users ON users.id = account.user_id
         WHERE account.shown_key > $1 AND strpos(account.shown_key, $2) > 0 ORDER BY account.shown_key LIMIT $3",
    )
    .bind(after)
    .bind(query)
    .bind(i64::from(limit) + 1)
    .fetch_all(db)
    .await?;
    Ok(people_page(rows, limit))
}
