//! New guests and accounts. Everything is checked before anything is written, so that a refused write leaves nothing behind
//! in the transaction that it shares with others.

use parlor_protocol::{RoomId, RoomRole, ServerRole, User, UserId, UserKind};
use uuid::Uuid;

use super::{
    super::{
        commit_log, invites, rights,
        rooms::join,
        sessions,
        transaction::{AdvisoryLock, WriteTransaction},
    },
    reads,
};
use crate::domain::{
    ControlEvent, CreateError, IsNameInUse, Name, NewAccount, NewSession, SessionEnd, StoreError, names,
};

pub(super) async fn guest(
    tx: &mut WriteTransaction<'_>,
    name: Option<Name>,
    session: NewSession,
    in_use: IsNameInUse,
) -> Result<Result<User, CreateError>, StoreError> {
    // An account with the name may be about to be created.
    tx.lock(AdvisoryLock::Names).await?;
    let name = match name {
        Some(name) if is_taken(tx, &name, None, &in_use).await? => return Ok(Err(CreateError::NameTaken)),
        Some(name) => name.text,
        None => numbered(tx, &in_use).await?,
    };
    let user = User { id: UserId(Uuid::now_v7()), name, kind: UserKind::Guest, colour: None };
    insert_user(tx, &user, ServerRole::Guest).await?;
    commit_log::reserve_name(tx, user.id, &names::key(&user.name)).await?;
    sessions::insert(tx, user.id, &session).await?;
    join(tx, &RoomId::lobby(), user.id, RoomRole::Member, None).await?;
    Ok(Ok(user))
}

/// The next `Guest n` that nobody has.
async fn numbered(tx: &mut WriteTransaction<'_>, in_use: &IsNameInUse) -> Result<String, StoreError> {
    loop {
        let number: i64 = sqlx::query_scalar(
            "INSERT INTO counter (name, value) VALUES ('guest', 1)
             ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        )
        .fetch_one(tx.db())
        .await?;
        let name = Name::new(format!("Guest {number}"));
        if !is_taken(tx, &name, None, in_use).await? {
            return Ok(name.text);
        }
    }
}

/// Whether a name is reserved, or used by an account (also one that looks like it) or a connected user other than `except`.
pub(super) async fn is_taken(
    tx: &mut WriteTransaction<'_>,
    name: &Name,
    except: Option<UserId>,
    in_use: &IsNameInUse,
) -> Result<bool, StoreError> {
    Ok(names::is_reserved(name)
        || in_use(&name.key, except)
        || reads::has_name(tx.db(), name, except).await?
        || commit_log::is_name_connected(tx, &name.key, except).await?)
}

async fn insert_user(tx: &mut WriteTransaction<'_>, user: &User, role: ServerRole) -> Result<(), StoreError> {
    let guest = user.kind == UserKind::Guest;
    let kind = if guest { "guest" } else { "account" };
    sqlx::query("INSERT INTO users (id, name, kind, role, created_at, guest_key) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(user.id.0)
        .bind(&user.name)
        .bind(kind)
        .bind(role.as_str())
        .bind(tx.now)
        .bind(guest.then(|| names::key(&user.name)))
        .execute(tx.db())
        .await?;
    Ok(())
}

pub(super) async fn account(
    tx: &mut WriteTransaction<'_>,
    account: NewAccount,
    in_use: IsNameInUse,
) -> Result<Result<User, CreateError>, StoreError> {
    let now = tx.now;
    tx.lock(AdvisoryLock::Names).await?;
    tx.lock_users(&[], account.guest.as_slice()).await?;
    let invite = match account.invite {
        Some(token) => invites::lock(tx.db(), token, now).await?,
        None => None,
    };
    if invite.is_none() && (account.requires_invite || account.invite.is_some()) {
        return Ok(Err(CreateError::Invite));
    }
    if let Some(guest) = account.guest {
        let is_guest: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1 AND kind = 'guest' AND gone_at IS NULL)",
        )
        .bind(guest.0)
        .fetch_one(tx.db())
        .await?;
        if !is_guest {
            return Ok(Err(CreateError::NoSuchUser));
        }
        rights::require_unbanned(tx, guest).await?;
    }
    if is_taken(tx, &account.name, account.guest, &in_use).await? {
        return Ok(Err(CreateError::NameTaken));
    }
    let role = invite.as_ref().map_or(ServerRole::Member, |invite| invite.role);
    let user = match account.guest {
        Some(id) => {
            sqlx::query("UPDATE users SET name = $1, kind = 'account', role = $2, guest_key = NULL WHERE id = $3")
                .bind(&account.name.text)
                .bind(role.as_str())
                .bind(id.0)
                .execute(tx.db())
                .await?;
            sessions::end_all(tx, id, SessionEnd::Replaced).await?;
            let user = User { id, name: account.name.text.clone(), kind: UserKind::Account, colour: None };
            tx.publish(ControlEvent::ProfileChanged { user: user.clone() });
            tx.publish(ControlEvent::RoleChanged { user: id, role });
            user
        }
        None => {
            let id = UserId(Uuid::now_v7());
            let user = User { id, name: account.name.text.clone(), kind: UserKind::Account, colour: None };
            insert_user(tx, &user, role).await?;
            join(tx, &RoomId::lobby(), id, RoomRole::Member, None).await?;
            user
        }
    };
    sqlx::query(
        "INSERT INTO account (user_id, name, name_key, shown_key, password, created_at, name_skeleton, shown_skeleton)
         VALUES ($1, $2, $3, $3, $4, $5, $6, $6)",
    )
    .bind(user.id.0)
    .bind(&account.name.text)
    .bind(&account.name.key)
    .bind(&account.password)
    .bind(now)
    .bind(&account.name.skeleton)
    .execute(tx.db())
    .await?;
    sessions::insert(tx, user.id, &account.session).await?;
    if let Some(invite) = invite {
        invites::use_up(tx, &invite, user.id).await?;
    }
    Ok(Ok(user))
}
