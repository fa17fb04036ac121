//! Sessions: authentication, guests, signing in and out.

use std::{net::IpAddr, sync::Arc};

use parlor_protocol::{
    CloseCode, ServerRole, UserId, UserKind,
    http::{CreatedSession, SessionInfo, SessionList, SignInRequest},
    policy::ServerAction,
};
use uuid::Uuid;

use super::{Caller, ClientInfo, Result, ServiceError, Services, names::parse_name, password_hash, tokens};
use crate::{
    config::Guests,
    connection::Connection,
    domain::{Account, AuthenticatedUser, SessionSelection, SignInDenial, TokenHash},
};

impl Services {
    /// The person whose session has this token; none when it is not valid. Bans of an address apply to guests only.
    ///
    /// # Errors
    /// [`ServiceError::Banned`]
    pub async fn authenticate(&self, token: &str, address: Option<IpAddr>) -> Result<Option<Caller>> {
        let token = tokens::hash_token(token);
        let Some(AuthenticatedUser { user, role }) = self.store.session(token).await? else { return Ok(None) };
        let address = address.filter(|_| user.kind == UserKind::Guest);
        let address_ban = || self.store.address_ban(address?);
        match self.store.ban_of(user.id).or_else(address_ban) {
            Some(ban) => Err(ban.into()),
            None => Ok(Some(Caller { user, role, token })),
        }
    }

    /// Why a connection must close, if its session has ended or its person has changed since it was opened. Called once the
    /// hub knows the connection: later changes close it directly.
    pub async fn verify_connection(&self, connection: &Connection) -> Result<Option<CloseCode>> {
        Ok(match self.store.session(connection.session).await? {
            None => Some(CloseCode::SessionRevoked),
            Some(now) if self.store.ban_of(now.user.id).is_some() => Some(CloseCode::Banned),
            Some(now) if now.role != connection.role || now.user != connection.user => {
                self.hub.set_role(now.user.id, now.role);
                Some(CloseCode::IdentityChanged)
            }
            Some(_) => None,
        })
    }

    /// Creates a guest with a session. Without a name the guest gets a numbered one.
    ///
    /// # Errors
    /// The server accepts no guests, or the name is not valid or taken.
    pub async fn create_guest(&self, client: &ClientInfo, name: &str) -> Result<CreatedSession> {
        let name = if name.trim().is_empty() { None } else { Some(parse_name(name)?) };
        if self.guests() == Guests::Off {
            return Err(ServiceError::GuestsDisabled);
        }
        self.require_unbanned_address(client)?;
        let (token, session) = tokens::new_session(client)?;
        let wanted = name.as_ref().map(|name| name.text.clone()).unwrap_or_default();
        match self.store.create_guest(name, session, self.names_in_use()).await? {
            Ok(user) => Ok(CreatedSession { token, user }),
            Err(_) => Err(self.name_taken(&wanted, None).await),
        }
    }

    /// Creates a guest for an entry point other than the HTTP API, with the same limits.
    ///
    /// # Errors
    /// As [`Services::create_guest`], and [`ServiceError::RateLimited`].
    pub async fn create_gateway_guest(&self, client: &ClientInfo, name: &str) -> Result<Caller> {
        self.limit_mutations(client, None)?;
        let CreatedSession { token, user } = self.create_guest(client, name).await?;
        Ok(Caller { user: Arc::new(user), role: ServerRole::Guest, token: tokens::hash_token(&token) })
    }

    /// The person that a session authenticates now; none when it has ended.
    pub async fn session_user(&self, token: TokenHash) -> Result<Option<AuthenticatedUser>> {
        Ok(self.store.session(token).await?)
    }

    /// Ends the session of a guest whose connection has ended. Logs a failure: nobody waits for the answer.
    pub async fn end_guest_session(&self, token: TokenHash) {
        if let Err(error) = self.store.end_session(token).await {
            tracing::warn!(%error, "the session of a guest was not ended");
        }
    }

    /// Signs in to an account. The new session replaces the one that the request came with, whoever it belonged to.
    ///
    /// # Errors
    /// Name or password is wrong, there were too many attempts, or the person is banned.
    pub async fn sign_in(
        &self,
        replaced: Option<TokenHash>,
        client: &ClientInfo,
        request: SignInRequest,
    ) -> Result<CreatedSession> {
        // A name that nobody can have is checked like any other.
        let key = parse_name(&request.name).map(|name| name.key).unwrap_or_default();
        self.throttle_password(&key, client)?;
        let account = self.store.account_by_name(&key).await?;
        let stored = account.as_ref().map(|account| account.password.clone());
        let is_right = match password_hash::verify(request.password.0, stored).await {
            Ok(is_right) => is_right,
            Err(error) => {
                self.login_throttle.undo(&key, client.address);
                return Err(error.into());
            }
        };
        let account = account.ok_or(ServiceError::WrongCredentials)?;
        let denied = |denial| self.store.record_denied_sign_in(account.user.id, denial);
        if !is_right {
            denied(SignInDenial::WrongPassword).await?;
            return Err(ServiceError::WrongCredentials);
        }
        self.login_throttle.succeeded(&key, client.address);
        if let Err(banned) = self.require_unbanned(&account) {
            denied(SignInDenial::Banned).await?;
            return Err(banned);
        }
        let (token, session) = tokens::new_session(client)?;
        if !self.store.begin_session(&account, session, replaced).await? {
            return Err(ServiceError::WrongCredentials);
        }
        Ok(CreatedSession { token, user: (*account.user).clone() })
    }

    /// A ban is revealed only after the password or a reset link has proved who it is.
    pub(super) fn require_unbanned(&self, account: &Account) -> Result<()> {
        self.store.ban_of(account.user.id).map_or(Ok(()), |ban| Err(ban.into()))
    }

    /// Ends a session and closes its connections.
    pub async fn sign_out(&self, session: TokenHash) -> Result<()> {
        Ok(self.store.end_session(session).await?)
    }

    /// The caller's sessions, the most recently used first.
    pub async fn list_sessions(&self, caller: &Caller) -> Result<SessionList> {
        let records = self.store.sessions_of(caller.user.id, self.store.oldest_session()).await?;
        let sessions = records.into_iter().map(|record| SessionInfo {
            id: record.id,
            device: record.device,
            address: record.address,
            created_at: record.created_at,
            seen_at: record.seen_at,
            current: record.token == caller.token,
        });
        Ok(SessionList { sessions: sessions.collect() })
    }

    /// Ends one of the caller's sessions and closes its connections. True when it is the caller's current one.
    ///
    /// # Errors
    /// [`ServiceError::SessionNotFound`]
    pub async fn end_session(&self, caller: &Caller, id: Uuid) -> Result<bool> {
        let ended = self.store.end_sessions(caller.user.id, SessionSelection::One(id)).await?;
        let token = *ended.first().ok_or(ServiceError::SessionNotFound)?;
        Ok(token == caller.token)
    }

    /// Ends all sessions of someone with a lower role and closes their connections.
    ///
    /// # Errors
    /// The caller may not, or there is no such person.
    pub async fn end_sessions_of(&self, caller: &Caller, user: UserId) -> Result<()> {
        self.require(caller, ServerAction::EndSessions)?;
        Ok(self.store.end_sessions_of(user, caller.user.id).await?)
    }

    /// Ends all sessions of the caller except the current one.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<()> {
        self.store.end_sessions(caller.user.id, SessionSelection::AllExcept(caller.token)).await?;
        Ok(())
    }
}
