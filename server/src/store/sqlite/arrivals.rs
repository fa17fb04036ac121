//! Coming in: guests, accounts and their sessions. Each looks before it changes anything, so that what it refuses leaves
//! nothing behind in the transaction that it shares with others.

use parlor_protocol::{Millis, RoomId, ServerRole, User, UserId, UserKind};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{accounts, invites, members::insert_member, passwords::end_all};
use crate::{
    accounts::names,
    domain::{CreateError, IsNameInUse, Name, NewAccount, NewSession, StoreError, TokenHash},
};

pub(super) async fn create_guest(
    db: &mut SqliteConnection,
    name: Option<Name>,
    session: &NewSession,
    in_use: &IsNameInUse,
    now: Millis,
) -> Result<Result<User, CreateError>, StoreError> {
    let name = match name {
        Some(name) if is_taken(db, &name.key, None, in_use).await? => return Ok(Err(CreateError::NameTaken)),
        Some(name) => name.text,
        None => numbered(db, in_use).await?,
    };
    let user = User { id: UserId(Uuid::now_v7()), name, kind: UserKind::Guest, colour: None };
    insert_user(db, &user, ServerRole::Guest, now).await?;
    insert_session(db, user.id, session, now).await?;
    insert_member(db, &RoomId::lobby(), user.id, "member", now).await?;
    Ok(Ok(user))
}

/// The next `Guest n` that nobody has.
async fn numbered(db: &mut SqliteConnection, in_use: &IsNameInUse) -> Result<String, StoreError> {
    loop {
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO counter (name, value) VALUES ('guest', 1)
             ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
        )
        .fetch_one(&mut *db)
        .await?;
        if !is_taken(db, &format!("guest {number}"), None, in_use).await? {
            return Ok(format!("Guest {number}"));
        }
    }
}

/// Whether nobody can have the name with this key, or an account has it, or someone who is connected, other than this person.
pub(super) async fn is_taken(
    db: &mut SqliteConnection,
    key: &str,
    except: Option<UserId>,
    in_use: &IsNameInUse,
) -> Result<bool, StoreError> {
    Ok(names::is_reserved(key) || in_use(key, except) || accounts::has_name(&mut *db, key, except).await?)
}

async fn insert_user(db: &mut SqliteConnection, user: &User, role: ServerRole, now: Millis) -> Result<(), StoreError> {
    let guest = user.kind == UserKind::Guest;
    let kind = if guest { "guest" } else { "account" };
    sqlx::query("INSERT INTO user (id, name, kind, role, created_at, guest_key) VALUES (?, ?, ?, ?, ?, ?)")
        .bind(user.id.0)
        .bind(&user.name)
        .bind(kind)
        .bind(role.as_str())
        .bind(now)
        .bind(guest.then(|| names::key(&user.name)))
        .execute(db)
        .await?;
    Ok(())
}

pub(super) async fn insert_session(
    db: &mut SqliteConnection,
    user: UserId,
    session: &NewSession,
    now: Millis,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO session (token_hash, user, created_at, id, device, address, seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?3)",
    )
    .bind(&session.token.0[..])
    .bind(user.0)
    .bind(now)
    .bind(Uuid::now_v7())
    .bind(session.device.as_deref())
    .bind(session.address.as_deref())
    .execute(db)
    .await?;
    Ok(())
}

pub(super) async fn create_account(
    db: &mut SqliteConnection,
    account: &NewAccount,
    in_use: &IsNameInUse,
    now: Millis,
) -> Result<Result<(User, Vec<TokenHash>), CreateError>, StoreError> {
    let invite = match account.invite {
        Some(token) => invites::find(db, token, now).await?,
        None => None,
    };
    if invite.is_none() && (account.requires_invite || account.invite.is_some()) {
        return Ok(Err(CreateError::Invite));
    }
    if let Some(guest) = account.guest {
        let is_guest: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM user WHERE id = ? AND kind = 'guest' AND gone_at IS NULL")
                .bind(guest.0)
                .fetch_optional(&mut *db)
                .await?;
        if is_guest.is_none() {
            return Ok(Err(CreateError::NoSuchUser));
        }
    }
    if is_taken(db, &account.name.key, account.guest, in_use).await? {
        return Ok(Err(CreateError::NameTaken));
    }
    let role = invite.as_ref().map_or(ServerRole::Member, |invite| invite.role);
    let (user, ended) = match account.guest {
        Some(id) => {
            sqlx::query("UPDATE user SET name = ?, kind = 'account', role = ?, guest_key = NULL WHERE id = ?")
                .bind(&account.name.text)
                .bind(role.as_str())
                .bind(id.0)
                .execute(&mut *db)
                .await?;
            let user = User { id, name: account.name.text.clone(), kind: UserKind::Account, colour: None };
            (user, end_all(db, id).await?)
        }
        None => {
            let id = UserId(Uuid::now_v7());
            let user = User { id, name: account.name.text.clone(), kind: UserKind::Account, colour: None };
            insert_user(db, &user, role, now).await?;
            insert_member(db, &RoomId::lobby(), id, "member", now).await?;
            (user, Vec::new())
        }
    };
    sqlx::query(
        "INSERT INTO account (user, name, name_key, shown_key, password, created_at) VALUES (?1, ?2, ?3, ?3, ?4, ?5)",
    )
    .bind(user.id.0)
    .bind(&account.name.text)
    .bind(&account.name.key)
    .bind(&account.password)
    .bind(now)
    .execute(&mut *db)
    .await?;
    insert_session(db, user.id, &account.session, now).await?;
    if let Some(invite) = invite {
        invites::use_up(db, &invite, user.id, now).await?;
    }
    Ok(Ok((user, ended)))
}

pub(super) async fn begin_session(
    db: &mut SqliteConnection,
    user: UserId,
    password: &str,
    session: &NewSession,
    replaced: Option<TokenHash>,
    now: Millis,
) -> Result<bool, StoreError> {
    if !accounts::has_password(&mut *db, user, password).await? {
        return Ok(false);
    }
    if let Some(replaced) = replaced {
        sqlx::query("DELETE FROM session WHERE token_hash = ?").bind(&replaced.0[..]).execute(&mut *db).await?;
    }
    insert_session(db, user, session, now).await?;
    Ok(true)
}
