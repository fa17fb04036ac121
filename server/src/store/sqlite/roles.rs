//! What people are: the name that others see, their role, and the end of their account.

use parlor_protocol::{Millis, ServerRole, User, UserId};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{
    accounts,
    arrivals::is_taken,
    audit::{self, Entry},
    passwords::end_all,
    reader::server_role,
};
use crate::{
    accounts::names,
    domain::{CreateError, IsNameInUse, Name, RoleChangeOutcome, StoreError},
    store::MayAppoint,
};

pub(super) async fn set_profile(
    db: &mut SqliteConnection,
    user: UserId,
    name: Option<Name>,
    colour: Option<u8>,
    in_use: &IsNameInUse,
) -> Result<Result<User, CreateError>, StoreError> {
    let Some(account) = accounts::of(&mut *db, user).await? else { return Ok(Err(CreateError::NoSuchUser)) };
    let mut shown = (*account.user).clone();
    if let Some(name) = name {
        if is_taken(db, &name.key, Some(user), in_use).await? {
            return Ok(Err(CreateError::NameTaken));
        }
        sqlx::query("UPDATE account SET shown_key = ? WHERE user = ?")
            .bind(&name.key)
            .bind(user.0)
            .execute(&mut *db)
            .await?;
        shown.name = name.text;
    }
    shown.colour = colour.or(shown.colour);
    sqlx::query("UPDATE user SET name = ?, colour = ? WHERE id = ?")
        .bind(&shown.name)
        .bind(shown.colour)
        .bind(user.0)
        .execute(db)
        .await?;
    Ok(Ok(shown))
}

pub(super) async fn delete_account(db: &mut SqliteConnection, user: UserId, now: Millis) -> Result<bool, StoreError> {
    let others: i64 = sqlx::query_scalar("SELECT count(*) FROM user WHERE role = 'owner' AND id <> ?")
        .bind(user.0)
        .fetch_one(&mut *db)
        .await?;
    let role: Option<String> =
        sqlx::query_scalar("SELECT role FROM user WHERE id = ?").bind(user.0).fetch_optional(&mut *db).await?;
    if others == 0 && role.as_deref().map(server_role) == Some(ServerRole::Owner) {
        return Ok(false);
    }
    take_back(db, user, now).await?;
    sqlx::query("DELETE FROM password_reset WHERE user = ?").bind(user.0).execute(&mut *db).await?;
    sqlx::query("DELETE FROM account WHERE user = ?").bind(user.0).execute(&mut *db).await?;
    end_all(db, user).await?;
    sqlx::query("UPDATE user SET name = ?, role = 'guest', colour = NULL, seen_at = NULL, gone_at = ? WHERE id = ?")
        .bind(names::GONE)
        .bind(now)
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    let entry = Entry { actor: Some(user), act: "account_deleted", subject: Some(user), room: None, details: None };
    audit::note(db, entry, now).await?;
    Ok(true)
}

/// What someone has handed out by a role that they no longer have is worth nothing any more.
async fn take_back(db: &mut SqliteConnection, user: UserId, now: Millis) -> Result<(), StoreError> {
    sqlx::query("UPDATE invite SET revoked_at = ? WHERE made_by = ? AND revoked_at IS NULL")
        .bind(now)
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM password_reset WHERE made_by = ?").bind(user.0).execute(db).await?;
    Ok(())
}

pub(super) async fn appoint(
    db: &mut SqliteConnection,
    by: UserId,
    user: UserId,
    role: ServerRole,
    may: MayAppoint,
    now: Millis,
) -> Result<RoleChangeOutcome, StoreError> {
    let mine: Option<String> =
        sqlx::query_scalar("SELECT role FROM user WHERE id = ?").bind(by.0).fetch_optional(&mut *db).await?;
    let mine = mine.map_or(ServerRole::Guest, |role| server_role(&role));
    let Some(account) = accounts::of(&mut *db, user).await? else { return Ok(RoleChangeOutcome::NotFound) };
    if !may(mine, account.role, role) {
        return Ok(RoleChangeOutcome::Forbidden);
    }
    if role < account.role {
        take_back(db, user, now).await?;
    }
    sqlx::query("UPDATE user SET role = ? WHERE id = ?").bind(role.as_str()).bind(user.0).execute(&mut *db).await?;
    let details = Some(json!({ "from": account.role, "to": role }));
    audit::note(db, Entry { actor: Some(by), act: "role_changed", subject: Some(user), room: None, details }, now)
        .await?;
    Ok(RoleChangeOutcome::Changed)
}
