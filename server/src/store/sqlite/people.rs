//! Writes about people: each runs within the writer's transaction, and looks before it changes anything. So what one of
//! them refuses leaves nothing behind.

use std::sync::Arc;

use parlor_protocol::{Millis, RoomId, ServerRole, User, UserId, UserKind, http::InviteInfo};
use serde_json::json;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    accounts,
    audit::{self, Entry},
    cache::Caches,
    invites,
    reader::server_role,
    rooms::insert_member,
    writer::{Done, Reply, after_commit},
};
use crate::store::{
    SignedIn, StoreError, TokenHash,
    people::{Appointed, InUse, MayAppoint, Name, NewAccount, NewInvite, NewSession, NotMade, SESSION_LIFE, Which},
};

/// The name of someone who has deleted their account.
const GONE: &str = "Deleted user";

/// One write.
pub(super) enum PeopleJob {
    CreateGuest {
        name: Option<Name>,
        session: NewSession,
        in_use: InUse,
        reply: Reply<Result<User, NotMade>>,
    },
    CreateAccount {
        account: Box<NewAccount>,
        in_use: InUse,
        reply: Reply<Result<User, NotMade>>,
    },
    BeginSession {
        user: UserId,
        password: String,
        session: NewSession,
        replaced: Option<TokenHash>,
        reply: Reply<bool>,
    },
    EndSessions {
        user: UserId,
        which: Which,
        reply: Reply<Vec<TokenHash>>,
    },
    Touch {
        token: TokenHash,
    },
    ChangePassword {
        user: UserId,
        from: String,
        to: String,
        session: NewSession,
        reply: Reply<bool>,
    },
    MakeReset {
        user: UserId,
        by: UserId,
        token: TokenHash,
        expires_at: Millis,
        reply: Reply<bool>,
    },
    UseReset {
        token: TokenHash,
        password: String,
        session: NewSession,
        reply: Reply<Option<User>>,
    },
    MakeInvite {
        invite: NewInvite,
        reply: Reply<InviteInfo>,
    },
    RevokeInvite {
        id: Uuid,
        by: UserId,
        reply: Reply<bool>,
    },
    OfferOwnership {
        token: TokenHash,
        reply: Reply<bool>,
    },
    SetProfile {
        user: UserId,
        name: Option<Name>,
        colour: Option<u8>,
        in_use: InUse,
        reply: Reply<Result<User, NotMade>>,
    },
    DeleteAccount {
        user: UserId,
        reply: Reply<bool>,
    },
    Appoint {
        by: UserId,
        user: UserId,
        role: ServerRole,
        may: MayAppoint,
        reply: Reply<Appointed>,
    },
    Sweep {
        reply: Reply<()>,
    },
}

impl PeopleJob {
    /// Tells whoever waits that nothing was stored.
    pub(super) fn fail(self, error: StoreError) {
        // Whoever asked may have gone.
        match self {
            Self::CreateGuest { reply, .. } | Self::SetProfile { reply, .. } | Self::CreateAccount { reply, .. } => {
                drop(reply.send(Err(error)));
            }
            Self::BeginSession { reply, .. }
            | Self::ChangePassword { reply, .. }
            | Self::MakeReset { reply, .. }
            | Self::RevokeInvite { reply, .. }
            | Self::OfferOwnership { reply, .. }
            | Self::DeleteAccount { reply, .. } => drop(reply.send(Err(error))),
            Self::EndSessions { reply, .. } => drop(reply.send(Err(error))),
            Self::UseReset { reply, .. } => drop(reply.send(Err(error))),
            Self::MakeInvite { reply, .. } => drop(reply.send(Err(error))),
            Self::Appoint { reply, .. } => drop(reply.send(Err(error))),
            Self::Sweep { reply } => drop(reply.send(Err(error))),
            Self::Touch { .. } => {}
        }
    }

    /// Does it; what it changes of what is kept in memory follows the commit.
    pub(super) async fn run(self, db: &mut SqliteConnection, caches: Arc<Caches>, now: Millis) -> Done {
        match self {
            Self::CreateGuest { name, session, in_use, reply } => {
                after_commit(reply, create_guest(db, name, &session, &in_use, now).await, |_| {})
            }
            Self::CreateAccount { account, in_use, reply } => {
                let result = create_account(db, &account, &in_use, now).await;
                let (ended, result) = apart(result);
                after_commit(reply, result, move |_| caches.end(&ended))
            }
            Self::BeginSession { user, password, session, replaced, reply } => {
                let result = begin_session(db, user, &password, &session, replaced, now).await;
                after_commit(reply, result, move |_| caches.end(replaced.as_slice()))
            }
            Self::EndSessions { user, which, reply } => {
                after_commit(reply, end_sessions(db, user, which).await, move |ended| caches.end(ended))
            }
            Self::Touch { token } => {
                let result =
                    sqlx::query("UPDATE session SET seen_at = max(coalesce(seen_at, 0), ?) WHERE token_hash = ?")
                        .bind(now)
                        .bind(&token.0[..])
                        .execute(db)
                        .await;
                Done { finish: Box::new(drop), failed: result.err().map(StoreError::from) }
            }
            Self::ChangePassword { user, from, to, session, reply } => {
                let result = change_password(db, user, &from, &to, &session, now).await;
                after_commit(reply, result, move |_| caches.end_of(user))
            }
            Self::MakeReset { user, by, token, expires_at, reply } => {
                after_commit(reply, make_reset(db, user, by, token, expires_at, now).await, |_| {})
            }
            Self::UseReset { token, password, session, reply } => {
                let result = use_reset(db, token, &password, &session, now).await;
                after_commit(reply, result, move |user| {
                    if let Some(user) = user {
                        caches.end_of(user.id);
                    }
                })
            }
            Self::MakeInvite { invite, reply } => after_commit(reply, invites::make(db, &invite, now).await, |_| {}),
            Self::RevokeInvite { id, by, reply } => after_commit(reply, invites::revoke(db, id, by, now).await, |_| {}),
            Self::OfferOwnership { token, reply } => after_commit(reply, invites::offer(db, token, now).await, |_| {}),
            Self::SetProfile { user, name, colour, in_use, reply } => {
                let result = set_profile(db, user, name, colour, &in_use).await;
                after_commit(reply, result, move |set| {
                    if let Ok(now) = set {
                        let now = Arc::new(now.clone());
                        caches.change_of(user, |known| SignedIn { user: now.clone(), ..known.clone() });
                    }
                })
            }
            Self::DeleteAccount { user, reply } => {
                let result = delete_account(db, user, now).await;
                after_commit(reply, result, move |done| {
                    if *done {
                        caches.end_of(user);
                    }
                })
            }
            Self::Appoint { by, user, role, may, reply } => {
                let result = appoint(db, by, user, role, may, now).await;
                after_commit(reply, result, move |done| {
                    if *done == Appointed::Done {
                        caches.change_of(user, |known| SignedIn { role, ..known.clone() });
                    }
                })
            }
            Self::Sweep { reply } => after_commit(reply, sweep(db, now).await, |()| {}),
        }
    }
}

/// What a write has ended, beside what it answers.
fn apart<T>(
    result: Result<Result<(T, Vec<TokenHash>), NotMade>, StoreError>,
) -> (Vec<TokenHash>, Result<Result<T, NotMade>, StoreError>) {
    match result {
        Ok(Ok((made, ended))) => (ended, Ok(Ok(made))),
        Ok(Err(reason)) => (Vec::new(), Ok(Err(reason))),
        Err(error) => (Vec::new(), Err(error)),
    }
}

async fn create_guest(
    db: &mut SqliteConnection,
    name: Option<Name>,
    session: &NewSession,
    in_use: &InUse,
    now: Millis,
) -> Result<Result<User, NotMade>, StoreError> {
    let name = match name {
        Some(name) if is_taken(db, &name.key, None, in_use).await? => return Ok(Err(NotMade::NameTaken)),
        Some(name) => name.text,
        None => numbered(db, in_use).await?,
    };
    let user = User { id: UserId(Uuid::now_v7()), name, kind: UserKind::Guest };
    insert_user(db, &user, ServerRole::Guest, now).await?;
    insert_session(db, user.id, session, now).await?;
    insert_member(db, &RoomId::lobby(), user.id, "member", now).await?;
    Ok(Ok(user))
}

/// The next `Guest n` that nobody has.
async fn numbered(db: &mut SqliteConnection, in_use: &InUse) -> Result<String, StoreError> {
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

/// Whether an account has the name with this key, or someone who is connected, other than this person.
async fn is_taken(
    db: &mut SqliteConnection,
    key: &str,
    except: Option<UserId>,
    in_use: &InUse,
) -> Result<bool, StoreError> {
    Ok(in_use(key, except) || accounts::has_name(&mut *db, key, except).await?)
}

async fn insert_user(db: &mut SqliteConnection, user: &User, role: ServerRole, now: Millis) -> Result<(), StoreError> {
    let kind = if user.kind == UserKind::Account { "account" } else { "guest" };
    sqlx::query("INSERT INTO user (id, name, kind, role, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(user.id.0)
        .bind(&user.name)
        .bind(kind)
        .bind(role.as_str())
        .bind(now)
        .execute(db)
        .await?;
    Ok(())
}

async fn insert_session(
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

async fn create_account(
    db: &mut SqliteConnection,
    account: &NewAccount,
    in_use: &InUse,
    now: Millis,
) -> Result<Result<(User, Vec<TokenHash>), NotMade>, StoreError> {
    let invite = match account.invite {
        Some(token) => invites::find(db, token, now).await?,
        None => None,
    };
    if invite.is_none() && (account.invite_needed || account.invite.is_some()) {
        return Ok(Err(NotMade::Invite));
    }
    if let Some(guest) = account.guest {
        let is_guest: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM user WHERE id = ? AND kind = 'guest' AND gone_at IS NULL")
                .bind(guest.0)
                .fetch_optional(&mut *db)
                .await?;
        if is_guest.is_none() {
            return Ok(Err(NotMade::NoGuest));
        }
    }
    if is_taken(db, &account.name.key, account.guest, in_use).await? {
        return Ok(Err(NotMade::NameTaken));
    }
    let role = invite.as_ref().map_or(ServerRole::Member, |invite| invite.role);
    let (user, ended) = match account.guest {
        Some(id) => {
            sqlx::query("UPDATE user SET name = ?, kind = 'account', role = ? WHERE id = ?")
                .bind(&account.name.text)
                .bind(role.as_str())
                .bind(id.0)
                .execute(&mut *db)
                .await?;
            let user = User { id, name: account.name.text.clone(), kind: UserKind::Account };
            (user, end_all(db, id).await?)
        }
        None => {
            let id = UserId(Uuid::now_v7());
            let user = User { id, name: account.name.text.clone(), kind: UserKind::Account };
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

async fn begin_session(
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

async fn end_all(db: &mut SqliteConnection, user: UserId) -> Result<Vec<TokenHash>, StoreError> {
    let ended = sqlx::query_scalar("DELETE FROM session WHERE user = ? RETURNING token_hash").bind(user.0);
    Ok(tokens(ended.fetch_all(db).await?))
}

async fn end_sessions(db: &mut SqliteConnection, user: UserId, which: Which) -> Result<Vec<TokenHash>, StoreError> {
    let ended = match which {
        Which::One(id) => {
            sqlx::query_scalar("DELETE FROM session WHERE user = ? AND id = ? RETURNING token_hash")
                .bind(user.0)
                .bind(id)
                .fetch_all(db)
                .await?
        }
        Which::AllBut(token) => {
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

async fn change_password(
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
    let entry = Entry { actor: Some(user), act: "password_changed", subject: Some(user), details: None };
    audit::note(db, entry, now).await?;
    Ok(true)
}

async fn make_reset(
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
    let entry = Entry { actor: Some(by), act: "reset_made", subject: Some(user), details: None };
    audit::note(db, entry, now).await?;
    Ok(true)
}

async fn use_reset(
    db: &mut SqliteConnection,
    token: TokenHash,
    password: &str,
    session: &NewSession,
    now: Millis,
) -> Result<Option<User>, StoreError> {
    let Some(account) = accounts::of_reset(&mut *db, token, now).await? else { return Ok(None) };
    let user = (*account.user).clone();
    set_password(db, user.id, password, session, now).await?;
    let entry = Entry { actor: Some(user.id), act: "reset_used", subject: Some(user.id), details: None };
    audit::note(db, entry, now).await?;
    Ok(Some(user))
}

async fn set_profile(
    db: &mut SqliteConnection,
    user: UserId,
    name: Option<Name>,
    colour: Option<u8>,
    in_use: &InUse,
) -> Result<Result<User, NotMade>, StoreError> {
    let Some(account) = accounts::of(&mut *db, user).await? else { return Ok(Err(NotMade::NoGuest)) };
    let mut shown = (*account.user).clone();
    if let Some(name) = name {
        if is_taken(db, &name.key, Some(user), in_use).await? {
            return Ok(Err(NotMade::NameTaken));
        }
        sqlx::query("UPDATE account SET shown_key = ? WHERE user = ?")
            .bind(&name.key)
            .bind(user.0)
            .execute(&mut *db)
            .await?;
        shown.name = name.text;
    }
    sqlx::query("UPDATE user SET name = ?, colour = coalesce(?, colour) WHERE id = ?")
        .bind(&shown.name)
        .bind(colour)
        .bind(user.0)
        .execute(db)
        .await?;
    Ok(Ok(shown))
}

async fn delete_account(db: &mut SqliteConnection, user: UserId, now: Millis) -> Result<bool, StoreError> {
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
    sqlx::query("UPDATE user SET name = ?, role = 'guest', colour = NULL, gone_at = ? WHERE id = ?")
        .bind(GONE)
        .bind(now)
        .bind(user.0)
        .execute(&mut *db)
        .await?;
    let entry = Entry { actor: Some(user), act: "account_deleted", subject: Some(user), details: None };
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

async fn appoint(
    db: &mut SqliteConnection,
    by: UserId,
    user: UserId,
    role: ServerRole,
    may: MayAppoint,
    now: Millis,
) -> Result<Appointed, StoreError> {
    let mine: Option<String> =
        sqlx::query_scalar("SELECT role FROM user WHERE id = ?").bind(by.0).fetch_optional(&mut *db).await?;
    let mine = mine.map_or(ServerRole::Guest, |role| server_role(&role));
    let Some(account) = accounts::of(&mut *db, user).await? else { return Ok(Appointed::Nobody) };
    if !may(mine, account.role, role) {
        return Ok(Appointed::Forbidden);
    }
    if role < account.role {
        take_back(db, user, now).await?;
    }
    sqlx::query("UPDATE user SET role = ? WHERE id = ?").bind(role.as_str()).bind(user.0).execute(&mut *db).await?;
    let details = Some(json!({ "from": account.role, "to": role }));
    audit::note(db, Entry { actor: Some(by), act: "role_changed", subject: Some(user), details }, now).await?;
    Ok(Appointed::Done)
}

async fn sweep(db: &mut SqliteConnection, now: Millis) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM session WHERE seen_at < ?")
        .bind(now.saturating_sub(SESSION_LIFE))
        .execute(&mut *db)
        .await?;
    sqlx::query("DELETE FROM password_reset WHERE expires_at <= ?").bind(now).execute(db).await?;
    Ok(())
}
