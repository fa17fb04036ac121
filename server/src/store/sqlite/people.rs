//! Writes about people: which there are, and what each changes of what is kept in memory once it is committed.

use std::sync::Arc;

use parlor_protocol::{Millis, ServerRole, User, UserId, http::InviteInfo};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::{
    arrivals,
    cache::Caches,
    invites, marks, passwords, roles,
    writer::{Done, Reply, after_commit},
};
use crate::{
    domain::{
        AuthenticatedUser, CreateError, IsNameInUse, Name, NewAccount, NewInvite, NewSession, RoleChangeOutcome,
        SessionSelection, StoreError, TokenHash,
    },
    store::MayAppoint,
};

/// One write.
pub(super) enum PeopleJob {
    CreateGuest {
        name: Option<Name>,
        session: NewSession,
        in_use: IsNameInUse,
        reply: Reply<Result<User, CreateError>>,
    },
    CreateAccount {
        account: Box<NewAccount>,
        in_use: IsNameInUse,
        reply: Reply<Result<User, CreateError>>,
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
        which: SessionSelection,
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
        in_use: IsNameInUse,
        reply: Reply<Result<User, CreateError>>,
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
        reply: Reply<RoleChangeOutcome>,
    },
    Seen {
        seen: Vec<(UserId, Millis)>,
        reply: Reply<()>,
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
            Self::Seen { reply, .. } | Self::Sweep { reply } => drop(reply.send(Err(error))),
            Self::Touch { .. } => {}
        }
    }

    /// Does it; what it changes of what is kept in memory follows the commit.
    pub(super) async fn run(self, db: &mut SqliteConnection, caches: Arc<Caches>, now: Millis) -> Done {
        match self {
            Self::CreateGuest { name, session, in_use, reply } => {
                after_commit(reply, arrivals::create_guest(db, name, &session, &in_use, now).await, |_| {})
            }
            Self::CreateAccount { account, in_use, reply } => {
                let result = arrivals::create_account(db, &account, &in_use, now).await;
                let (ended, result) = apart(result);
                after_commit(reply, result, move |_| caches.end(&ended))
            }
            Self::BeginSession { user, password, session, replaced, reply } => {
                let result = arrivals::begin_session(db, user, &password, &session, replaced, now).await;
                after_commit(reply, result, move |_| caches.end(replaced.as_slice()))
            }
            Self::EndSessions { user, which, reply } => {
                after_commit(reply, passwords::end_sessions(db, user, which).await, move |ended| caches.end(ended))
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
                let result = passwords::change_password(db, user, &from, &to, &session, now).await;
                after_commit(reply, result, move |_| caches.end_of(user))
            }
            Self::MakeReset { user, by, token, expires_at, reply } => {
                after_commit(reply, passwords::make_reset(db, user, by, token, expires_at, now).await, |_| {})
            }
            Self::UseReset { token, password, session, reply } => {
                let result = passwords::use_reset(db, token, &password, &session, now).await;
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
                let result = roles::set_profile(db, user, name, colour, &in_use).await;
                after_commit(reply, result, move |set| {
                    if let Ok(now) = set {
                        let now = Arc::new(now.clone());
                        caches.change_of(user, |known| AuthenticatedUser { user: now.clone(), ..known.clone() });
                    }
                })
            }
            Self::DeleteAccount { user, reply } => {
                let result = roles::delete_account(db, user, now).await;
                after_commit(reply, result, move |done| {
                    if *done {
                        caches.end_of(user);
                    }
                })
            }
            Self::Appoint { by, user, role, may, reply } => {
                let result = roles::appoint(db, by, user, role, may, now).await;
                after_commit(reply, result, move |done| {
                    if *done == RoleChangeOutcome::Changed {
                        caches.change_of(user, |known| AuthenticatedUser { role, ..known.clone() });
                    }
                })
            }
            Self::Seen { seen, reply } => after_commit(reply, marks::set_seen(db, &seen).await, |()| {}),
            Self::Sweep { reply } => after_commit(reply, passwords::sweep(db, now).await, |()| {}),
        }
    }
}

/// What a write has ended, beside what it answers.
fn apart<T>(
    result: Result<Result<(T, Vec<TokenHash>), CreateError>, StoreError>,
) -> (Vec<TokenHash>, Result<Result<T, CreateError>, StoreError>) {
    match result {
        Ok(Ok((made, ended))) => (ended, Ok(Ok(made))),
        Ok(Err(reason)) => (Vec::new(), Ok(Err(reason))),
        Err(error) => (Vec::new(), Err(error)),
    }
}
