//! [`SessionStore`] on PostgreSQL.

use std::net::IpAddr;

use async_trait::async_trait;
use parlor_protocol::{Millis, UserId, policy::ServerAction};
use serde_json::json;
use uuid::Uuid;

use super::{
    PostgresStore,
    accounts::has_password,
    audit::{self, Entry},
    batch::Job,
    ended_guests, rights,
    transaction::WriteTransaction,
};
use crate::{
    clock,
    domain::{
        Account, AuditAct, ControlEvent, NewSession, Refusal, SESSION_IDLE_TIMEOUT, SessionEnd, SessionRecord,
        SessionSelection, SignInDenial, StoreError, StoredSession, TokenHash,
    },
    store::{
        SessionStore,
        records::{SessionRow, StoredSessionRow, tokens_from},
        role_rules,
        values::token_hashes,
    },
};

#[async_trait]
impl SessionStore for PostgresStore {
    async fn load_session(&self, token: TokenHash) -> Result<Option<StoredSession>, StoreError> {
        let row = sqlx::query_as(
            "SELECT users.id, users.name, users.kind, users.colour, users.role, session.created_at, session.seen_at,
                    session.ended_by_ban
             FROM session JOIN users ON users.id = session.user_id WHERE token_hash = $1",
        )
        .bind(&token.0[..])
        .fetch_optional(&self.readers);
        self.read(async { Ok(row.await?.map(StoredSessionRow::session)) }).await
    }

    fn touch_session(&self, token: TokenHash) {
        self.touch(token);
    }

    async fn begin_session(
        &self,
        account: &Account,
        session: NewSession,
        replaced: Option<TokenHash>,
    ) -> Result<bool, StoreError> {
        let (user, password) = (account.user.id, account.password.clone());
        self.write(move |tx| Box::pin(begin(tx, user, password, session, replaced))).await
    }

    async fn record_denied_sign_in(&self, user: UserId, denial: SignInDenial) -> Result<(), StoreError> {
        self.submit(Job::write(move |tx| Box::pin(record_denied(tx, user, denial))).0).await
    }

    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(end(tx, token, SessionEnd::Ended))).await
    }

    async fn sessions_of(&self, user: UserId, begun_since: Millis) -> Result<Vec<SessionRecord>, StoreError> {
        let rows = sqlx::query_as(
            "SELECT token_hash, id, device, address, created_at, seen_at FROM session
             WHERE user_id = $1 AND seen_at >= $2 AND created_at >= $3 AND NOT ended_by_ban
             ORDER BY seen_at DESC, created_at DESC",
        )
        .bind(user.0)
        .bind(clock::now().saturating_sub(SESSION_IDLE_TIMEOUT))
        .bind(begun_since)
        .fetch_all(&self.readers);
        self.read(async { Ok(rows.await?.into_iter().filter_map(SessionRow::record).collect()) }).await
    }

    async fn end_sessions(&self, user: UserId, which: SessionSelection) -> Result<Vec<TokenHash>, StoreError> {
        self.write(move |tx| Box::pin(end_selected(tx, user, which))).await
    }

    async fn end_sessions_of(&self, user: UserId, by: UserId) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(end_of(tx, user, by))).await
    }

    async fn end_expired_sessions(&self, begun_before: Millis) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(end_expired(tx, begun_before))).await?;
        ended_guests::delete_all_memberships(self).await
    }
}

pub(super) async fn insert(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    session: &NewSession,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO session (token_hash, user_id, created_at, id, device, address, seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $3)",
    )
    .bind(&session.token.0[..])
    .bind(user.0)
    .bind(tx.now)
    .bind(Uuid::now_v7())
    .bind(session.device.as_deref())
    .bind(session.address.as_deref())
    .execute(tx.db())
    .await?;
    Ok(())
}

async fn begin(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    password: String,
    session: NewSession,
    replaced: Option<TokenHash>,
) -> Result<bool, StoreError> {
    // A change of the password ends all sessions: it waits for this one.
    tx.lock_users(&[user], &[]).await?;
    if !has_password(tx.db(), user, &password).await? {
        return Ok(false);
    }
    rights::require_unbanned(tx, user).await?;
    if let Some(replaced) = replaced {
        end(tx, replaced, SessionEnd::Replaced).await?;
    }
    insert(tx, user, &session).await?;
    audit::record(tx, Entry::new(user, AuditAct::SignedIn)).await?;
    Ok(true)
}

async fn record_denied(tx: &mut WriteTransaction<'_>, user: UserId, denial: SignInDenial) -> Result<(), StoreError> {
    let details = Some(json!({ "cause": denial.as_str() }));
    audit::record(tx, Entry { subject: Some(user), details, ..Entry::new(None, AuditAct::SignInDenied) }).await
}

pub(super) async fn end(tx: &mut WriteTransaction<'_>, token: TokenHash, reason: SessionEnd) -> Result<(), StoreError> {
    let user: Option<Uuid> = sqlx::query_scalar("DELETE FROM session WHERE token_hash = $1 RETURNING user_id")
        .bind(&token.0[..])
        .fetch_optional(tx.db())
        .await?;
    match user {
        Some(user) => ended(tx, UserId(user), vec![token], reason).await,
        None => Ok(()),
    }
}

/// Ends all sessions of a user whom this transaction has locked.
pub(super) async fn end_all(tx: &mut WriteTransaction<'_>, user: UserId, reason: SessionEnd) -> Result<(), StoreError> {
    let sessions = sqlx::query_scalar("DELETE FROM session WHERE user_id = $1 RETURNING token_hash").bind(user.0);
    let sessions = token_hashes(sessions.fetch_all(tx.db()).await?);
    ended(tx, user, sessions, reason).await
}

async fn end_of(tx: &mut WriteTransaction<'_>, user: UserId, by: UserId) -> Result<(), StoreError> {
    tx.lock_users(&[by], &[user]).await?;
    let own_role = rights::require(tx, by, ServerAction::EndSessions).await?;
    let role = rights::role_of(tx, user).await?.ok_or(Refusal::PersonNotFound)?;
    role_rules::require_below(own_role, role)?;
    end_all(tx, user, SessionEnd::Ended).await?;
    audit::record(tx, Entry { subject: Some(user), ..Entry::new(by, AuditAct::SessionsEnded) }).await
}

/// Ends all sessions of a user who is banned from now on. Their connections are closed by the ban.
pub(super) async fn end_by_ban(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    sqlx::query("UPDATE session SET ended_by_ban = true WHERE user_id = $1").bind(user.0).execute(tx.db()).await?;
    Ok(())
}

/// Deletes the sessions that a ban has ended, which is lifted now.
pub(super) async fn delete_ended_by_ban(tx: &mut WriteTransaction<'_>, user: UserId) -> Result<(), StoreError> {
    let sessions = sqlx::query_scalar("DELETE FROM session WHERE user_id = $1 AND ended_by_ban RETURNING token_hash");
    let sessions = token_hashes(sessions.bind(user.0).fetch_all(tx.db()).await?);
    ended(tx, user, sessions, SessionEnd::Ended).await
}

async fn end_selected(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    which: SessionSelection,
) -> Result<Vec<TokenHash>, StoreError> {
    // One that is being begun ends as well.
    tx.lock_users(&[], &[user]).await?;
    let query = match which {
        SessionSelection::One(id) => {
            sqlx::query_scalar("DELETE FROM session WHERE user_id = $1 AND id = $2 RETURNING token_hash")
                .bind(user.0)
                .bind(id)
        }
        SessionSelection::AllExcept(token) => {
            sqlx::query_scalar("DELETE FROM session WHERE user_id = $1 AND token_hash <> $2 RETURNING token_hash")
                .bind(user.0)
                .bind(token.0.to_vec())
        }
    };
    let sessions = token_hashes(query.fetch_all(tx.db()).await?);
    if !sessions.is_empty() {
        ended(tx, user, sessions.clone(), SessionEnd::Ended).await?;
        audit::record(tx, Entry { subject: Some(user), ..Entry::new(user, AuditAct::SessionsEnded) }).await?;
    }
    Ok(sessions)
}

/// What follows from the deletion of these sessions.
async fn ended(
    tx: &mut WriteTransaction<'_>,
    user: UserId,
    sessions: Vec<TokenHash>,
    reason: SessionEnd,
) -> Result<(), StoreError> {
    if sessions.is_empty() {
        return Ok(());
    }
    tx.publish(ControlEvent::SessionsEnded { user, sessions, reason });
    ended_guests::delete_memberships(tx, user).await
}

/// The sessions of guests from an address or, with IPv6, from its /64.
pub(super) async fn of_guests_from(
    tx: &mut WriteTransaction<'_>,
    address: IpAddr,
) -> Result<Vec<TokenHash>, StoreError> {
    let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT session.token_hash, session.address FROM session JOIN users ON users.id = session.user_id
         WHERE users.kind = 'guest' AND session.address IS NOT NULL",
    )
    .fetch_all(tx.db())
    .await?;
    Ok(tokens_from(rows, address))
}

/// Closes the connections of expired sessions as well: one that is in use ends at the end of its lifetime.
async fn end_expired(tx: &mut WriteTransaction<'_>, begun_before: Millis) -> Result<(), StoreError> {
    let now = tx.now;
    let expired: Vec<(Uuid, Vec<u8>)> = sqlx::query_as(
        "DELETE FROM session
         WHERE seen_at < $1 OR created_at < $2 OR ended_by_ban AND NOT EXISTS (
             SELECT 1 FROM ban WHERE ban.user_id = session.user_id AND ban.lifted_at IS NULL
                 AND (ban.until IS NULL OR ban.until > $3))
         RETURNING user_id, token_hash",
    )
    .bind(now.saturating_sub(SESSION_IDLE_TIMEOUT))
    .bind(begun_before)
    .bind(now)
    .fetch_all(tx.db())
    .await?;
    for (user, token) in expired {
        let sessions = token_hashes(vec![token]);
        tx.publish(ControlEvent::SessionsEnded { user: UserId(user), sessions, reason: SessionEnd::Ended });
    }
    sqlx::query("DELETE FROM password_reset WHERE expires_at <= $1").bind(now).execute(tx.db()).await?;
    Ok(())
}
