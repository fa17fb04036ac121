//! Making an account and signing in.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    User, UserId, UserKind, error_code,
    http::{CreateAccountRequest, CreatedSession, SignInRequest},
    validate::{self, ValidationError},
};

use super::{
    ApiError, App, Caller, SameOrigin,
    caller::{self, Presented},
    fields::Fields,
    sessions,
    visitor::Visitor,
};
use crate::{
    accounts::{
        names,
        password::{self, HashError},
    },
    config::Registration,
    domain::{self, Account, CreateError, IsNameInUse, Name},
};

/// Names that are looked at to propose one.
const PROPOSALS: u32 = 20;

/// `POST /api/accounts`: with a guest's session, the guest becomes the account.
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Option<Caller>,
    visitor: Visitor,
    State(app): State<App>,
    Fields(new): Fields<CreateAccountRequest>,
) -> Result<Response, ApiError> {
    let guest = match &caller {
        Some(caller) if caller.user.kind != UserKind::Guest => {
            return Err(ApiError::bad_request("You have an account. Sign out to make another one."));
        }
        other => other.as_ref().map(|caller| caller.user.id),
    };
    let name = checked_name(&new.name).map_err(ApiError::invalid_name)?;
    password::check_strength(&new.password.0, &name.text).map_err(ApiError::weak_password)?;
    let requires_invite = app.config.registration == Registration::Invite;
    if requires_invite && new.invite.is_none() {
        return Err(ApiError::invite());
    }
    // Whether a name is taken has to be said here; how often can be bounded.
    visitor.try_once(&app)?;
    visitor.must_be_welcome(&app)?;
    if app.is_taken(&name.key, guest).await? {
        return Err(name_taken(&app, &name.text, guest).await?);
    }
    let (token, session) = visitor.new_session()?;
    let account = domain::NewAccount {
        password: password::hash(new.password.0).await?,
        invite: new.invite.map(|secret| caller::hash(&secret.0)),
        name: name.clone(),
        guest,
        requires_invite,
        session,
    };
    let user = match app.live.store.create_account(account, app.in_use()).await? {
        Ok(user) => user,
        Err(CreateError::NameTaken) => return Err(name_taken(&app, &name.text, guest).await?),
        Err(CreateError::Invite) => return Err(ApiError::invite()),
        Err(CreateError::NoSuchUser) => return Err(ApiError::unauthorized()),
    };
    app.tries.give_back(visitor.address);
    app.renew(|connection| Some(connection.user.id) == guest);
    if guest.is_some() {
        app.live.hub.renamed(&user);
    }
    Ok(begun(&app, token, user))
}

/// `POST /api/sign-in`: a new session, in the place of the one that the request came with.
pub(super) async fn sign_in(
    _origin: SameOrigin,
    // Also one of someone who is banned: another one may sign in here.
    Presented(replaced): Presented,
    visitor: Visitor,
    State(app): State<App>,
    Fields(form): Fields<SignInRequest>,
) -> Result<Response, ApiError> {
    // What can be nobody's name is tried like any other.
    let key = checked_name(&form.name).map(|name| name.key).unwrap_or_default();
    visitor.try_name(&app, &key)?;
    let account = app.live.store.account_by_name(&key).await?;
    let stored = account.as_ref().map(|account| account.password.clone());
    let right = match password::verify(form.password.0, stored).await {
        Ok(right) => right,
        Err(error) => {
            app.tries.undo(&key, visitor.address);
            return Err(error.into());
        }
    };
    let account = account.filter(|_| right).ok_or_else(wrong_credentials)?;
    app.tries.succeeded(&key, visitor.address);
    must_not_be_banned(&app, &account)?;
    let (token, session) = visitor.new_session()?;
    if !app.live.store.begin_session(&account, session, replaced).await? {
        return Err(wrong_credentials());
    }
    app.renew(|connection| Some(connection.session) == replaced);
    Ok(begun(&app, token, (*account.user).clone()))
}

/// Said to who has proved to be the one: by the password, or by a link.
pub(super) fn must_not_be_banned(app: &App, account: &Account) -> Result<(), ApiError> {
    app.live.store.ban_of(account.user.id).map_or(Ok(()), |ban| Err(ApiError::banned(ban)))
}

/// The same, whichever of the two was wrong.
fn wrong_credentials() -> ApiError {
    let message = "Name and password do not belong together.";
    ApiError::new(StatusCode::UNAUTHORIZED, error_code::WRONG_CREDENTIALS, message)
}

/// Someone has proved to be the owner of their account by the password. Else 403: the session is still good.
pub(super) async fn prove(app: &App, visitor: &Visitor, user: &User, password: String) -> Result<Account, ApiError> {
    let account = app.live.store.account_of(user.id).await?.ok_or_else(|| {
        ApiError::new(StatusCode::FORBIDDEN, error_code::FORBIDDEN, "A guest has no password. Make an account first.")
    })?;
    visitor.try_name(app, &account.key)?;
    match password::verify(password, Some(account.password.clone())).await {
        Ok(true) => {
            app.tries.succeeded(&account.key, visitor.address);
            Ok(account)
        }
        Ok(false) => {
            let message = "That is not your password.";
            Err(ApiError::new(StatusCode::FORBIDDEN, error_code::WRONG_CREDENTIALS, message))
        }
        Err(error) => {
            app.tries.undo(&account.key, visitor.address);
            Err(error.into())
        }
    }
}

/// Answers that a session has begun.
pub(super) fn begun(app: &App, token: String, user: User) -> Response {
    let cookie = sessions::cookie(app, &token, sessions::COOKIE_SECONDS);
    (cookie, Json(CreatedSession { token, user })).into_response()
}

/// A name that will do, with what it is compared by.
pub(super) fn checked_name(text: &str) -> Result<Name, ValidationError> {
    let text = validate::name(text)?;
    let key = names::key(&text);
    if key.is_empty() { Err(ValidationError::ForbiddenCharacter) } else { Ok(Name { text, key }) }
}

/// 409, with a name that is free.
pub(super) async fn name_taken(app: &App, name: &str, me: Option<UserId>) -> Result<ApiError, ApiError> {
    let message = free_name_like(app, name, me).await?.map_or_else(
        || "Someone has that name already. Take another one.".into(),
        |other| format!("Someone has that name already. “{other}” is free."),
    );
    Ok(ApiError::new(StatusCode::CONFLICT, error_code::NAME_TAKEN, message))
}

/// A name like one that is taken, which is not; `None` when many like it are.
pub(super) async fn free_name_like(app: &App, name: &str, me: Option<UserId>) -> Result<Option<String>, ApiError> {
    for number in 2..2 + PROPOSALS {
        let other = names::variant(name, number);
        if !app.is_taken(&names::key(&other), me).await? {
            return Ok(Some(other));
        }
    }
    Ok(None)
}

impl App {
    /// Tells which names are used by those who are connected.
    pub(super) fn in_use(&self) -> IsNameInUse {
        let hub = self.live.hub.clone();
        Arc::new(move |key, except| hub.is_name_used(key, except))
    }

    /// Whether someone other than this person has the name with this key: an account, or someone who is connected.
    async fn is_taken(&self, key: &str, except: Option<UserId>) -> Result<bool, ApiError> {
        let is_used = names::is_reserved(key) || self.live.hub.is_name_used(key, except);
        Ok(is_used || self.live.store.is_name_taken(key, except).await?)
    }
}

impl From<HashError> for ApiError {
    fn from(error: HashError) -> Self {
        tracing::warn!(%error, "a password was not looked at");
        Self::busy()
    }
}
