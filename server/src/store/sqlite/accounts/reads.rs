//! Reads of users and accounts.

use std::sync::Arc;

use parlor_protocol::{
    Millis, User, UserId,
    http::{PeoplePage, Person},
};
use sqlx::{FromRow, SqliteExecutor, SqlitePool};
use uuid::Uuid;

use super::super::values::{colour, server_role, user};
use crate::domain::{Account, Name, StoreError, TokenHash};

#[derive(FromRow)]
struct AccountRow {
    id: Uuid,
    shown: String,
    kind: String,
    role: String,
    colour: Option<i64>,
    name: String,
    name_key: String,
    password: String,
}

impl AccountRow {
    fn account(self) -> Account {
        Account {
            user: Arc::new(user(self.id, self.shown, &self.kind, self.colour)),
            role: server_role(&self.role),
            name: self.name,
            key: self.name_key,
            password: self.password,
            colour: colour(self.colour),
        }
    }
}

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
    let row: Option<(String, String, Option<i64>)> =
        sqlx::query_as("SELECT name, kind, colour FROM user WHERE id = ?").bind(id.0).fetch_optional(db).await?;
    Ok(row.map(|(name, kind, colour)| user(id.0, name, &kind, colour)))
}

pub(super) async fn people(
    db: &SqlitePool,
    query: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<PeoplePage, StoreError> {
    type Row = (Uuid, String, String, String, Option<i64>, Option<Millis>, String);
    // One more than asked for tells whether there is another page.
    let mut rows: Vec<Row> = sqlx::query_as(
        "SELECT user.id, user.name, user.kind, user.role, user.colour, user.seen_at, account.shown_key
         FROM account JOIN user ON user.id = account.user
         WHERE account.shown_key > ? AND instr(account.shown_key, ?) > 0 ORDER BY account.shown_key LIMIT ?",
    )
    .bind(after.unwrap_or_default())
    .bind(query)
    .bind(limit.saturating_add(1))
    .fetch_all(db)
    .await?;
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = if rows.len() > shown {
        rows.truncate(shown);
        rows.last().map(|row| row.6.clone())
    } else {
        None
    };
    let people = rows
        .into_iter()
        .map(|(id, name, kind, role, chosen, seen_at, _)| {
            let user = user(id, name, &kind, chosen);
            Person {
                id: user.id,
                name: user.name,
                kind: user.kind,
                role: server_role(&role),
                colour: user.colour,
                seen_at,
                // Presence is not stored.
                online: false,
            }
        })
        .collect();
    Ok(PeoplePage { people, next })
}
