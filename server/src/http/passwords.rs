//! Another password: by the one until now, or by a link that an owner has made.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::Response,
};
use parlor_protocol::{
    UserId, error_code,
    http::{ChangePasswordRequest, CreatedResetLink, ResetPasswordRequest},
};

use super::{ApiError, App, Caller, SameOrigin, accounts, caller, fields::Fields, people, visitor, visitor::Visitor};
use crate::{accounts::password, clock, policy::ServerAct};

/// How long a link works, in milliseconds: a day.
const RESET_LIFE: i64 = 24 * 3_600_000;

/// `POST /api/password`: all other sessions end, and this one goes on under another token.
pub(super) async fn change(
    _origin: SameOrigin,
    caller: Caller,
    visitor: Visitor,
    State(app): State<App>,
    Fields(form): Fields<ChangePasswordRequest>,
) -> Result<Response, ApiError> {
    let account = accounts::prove(&app, &visitor, &caller.user, form.current.0).await?;
    password::check_strength(&form.new.0, &account.name).map_err(ApiError::weak_password)?;
    let (token, session) = visitor.new_session()?;
    let hash = password::hash(form.new.0).await?;
    if !app.live.store.change_password(&account, hash, session).await? {
        return Err(ApiError::unauthorized());
    }
    app.renew(|connection| connection.session == caller.token);
    app.revoke(|connection| connection.user.id == caller.user.id);
    Ok(accounts::begun(&app, token, (*account.user).clone()))
}

/// `POST /api/people/{user}/reset`: a link by which someone below can set a password.
pub(super) async fn make_reset(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    user: Result<Path<UserId>, PathRejection>,
) -> Result<(StatusCode, Json<CreatedResetLink>), ApiError> {
    caller.must(&app, ServerAct::ResetPassword)?;
    let Path(user) = user.map_err(|_| people::no_such_person())?;
    let account = app.live.store.account_of(user).await?.ok_or_else(people::no_such_person)?;
    if !caller.actor(&app).outranks(account.role) {
        return Err(ApiError::not_allowed("Only for people whose role is below yours."));
    }
    let secret = visitor::new_secret()?;
    let expires_at = clock::now().saturating_add(RESET_LIFE);
    if !app.live.store.make_reset(user, caller.user.id, caller::hash(&secret), expires_at).await? {
        return Err(people::no_such_person());
    }
    Ok((StatusCode::CREATED, Json(CreatedResetLink { link: format!("/reset/{secret}"), expires_at })))
}

/// `POST /api/reset`: sets the password by a link, ends all sessions of the person and begins one.
pub(super) async fn reset(
    _origin: SameOrigin,
    visitor: Visitor,
    State(app): State<App>,
    Fields(form): Fields<ResetPasswordRequest>,
) -> Result<Response, ApiError> {
    let invalid = || {
        let message = "This link was used already, or it is too old. Ask for another one.";
        ApiError::new(StatusCode::FORBIDDEN, error_code::INVALID_LINK, message)
    };
    visitor.try_once(&app)?;
    let link = caller::hash(&form.secret.0);
    let account = app.live.store.account_of_reset(link).await?.ok_or_else(invalid)?;
    app.tries.give_back(visitor.address);
    accounts::must_not_be_banned(&app, &account)?;
    password::check_strength(&form.password.0, &account.name).map_err(ApiError::weak_password)?;
    let (token, session) = visitor.new_session()?;
    let hash = password::hash(form.password.0).await?;
    let user = app.live.store.use_reset(link, hash, session).await?.ok_or_else(invalid)?;
    app.tries.forget(&account.key);
    app.revoke(|connection| connection.user.id == user.id);
    Ok(accounts::begun(&app, token, user))
}
