//! Coming in: with an account, with a new one, by an invitation, with a forgotten password.

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{self, Invitation, Problem, Refused, id},
    i18n::Key,
};
use parlor_protocol::{
    ServerRole, UserKind,
    http::{CreateAccountRequest, ResetPasswordRequest, Secret, SignInRequest},
};
use serde::Deserialize;

use super::{LOBBY, destination, frame, page, problem, signed_in, with_next};
use crate::{
    config::Registration,
    http::{ApiError, AppState, SameOrigin, caller::PresentedToken, pages},
    services::{Caller, ClientInfo, Field, ServiceError},
};

#[derive(Deserialize)]
pub(super) struct SignInQuery {
    #[serde(default)]
    next: String,
    #[serde(default)]
    done: String,
}

/// `GET /sign-in`
pub(super) async fn sign_in_page(
    caller: Option<Caller>,
    State(app): State<AppState>,
    Query(query): Query<SignInQuery>,
    headers: HeaderMap,
) -> Response {
    let next = destination(&query.next);
    if caller.is_some_and(|caller| caller.user.kind == UserKind::Account) {
        return Redirect::to(if next.is_empty() { LOBBY } else { next }).into_response();
    }
    let notice = (query.done == "deleted").then_some(Key::AccountDeleted);
    let frame = frame(&headers, with_next("/sign-in", next));
    let offers = pages::offers(&app);
    let form = forms::SignIn { next: next.into(), notice, offers, ..forms::SignIn::default() };
    page(StatusCode::OK, frame.i18n, form.page(frame))
}

#[derive(Deserialize)]
pub(super) struct SignIn {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`
pub(super) async fn sign_in(
    _origin: SameOrigin,
    PresentedToken(replaced): PresentedToken,
    client: ClientInfo,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    let next = destination(&form.next);
    let request = SignInRequest { name: form.name.clone(), password: form.password };
    match app.services.sign_in(replaced, &client, request).await {
        Ok(created) => signed_in(&app, &created, if next.is_empty() { LOBBY } else { next }),
        Err(error) => {
            let failure = ApiError::from(error);
            let frame = frame(&headers, with_next("/sign-in", next));
            let problem = Some(problem(frame.i18n, &failure, id::PASSWORD));
            let offers = pages::offers(&app);
            let form = forms::SignIn { name: form.name, next: next.into(), problem, notice: None, offers };
            failure.with_page(page(failure.status(), frame.i18n, form.page(frame)))
        }
    }
}

#[derive(Deserialize)]
pub(super) struct SignUp {
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: Secret,
    #[serde(default)]
    invite: Secret,
    #[serde(default)]
    next: String,
}

/// `GET /sign-up`
pub(super) async fn sign_up_page(
    caller: Option<Caller>,
    client: ClientInfo,
    State(app): State<AppState>,
    Query(form): Query<SignUp>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    show_sign_up(&app, caller.as_ref(), &client, &headers, SignUp { password: Secret::default(), ..form }, None).await
}

/// `GET /invite/{secret}` and `GET /first/{secret}`: which of the two it is, the secret tells.
pub(super) async fn by_link(
    caller: Option<Caller>,
    client: ClientInfo,
    State(app): State<AppState>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (name, next) = (String::new(), String::new());
    let form = SignUp { name, next, password: Secret::default(), invite: Secret(secret) };
    show_sign_up(&app, caller.as_ref(), &client, &headers, form, None).await
}

/// `POST /sign-up`
pub(super) async fn sign_up(
    _origin: SameOrigin,
    caller: Option<Caller>,
    client: ClientInfo,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(mut form): Form<SignUp>,
) -> Result<Response, ApiError> {
    let password = std::mem::take(&mut form.password);
    let invite = Some(form.invite.clone()).filter(|secret| !secret.0.is_empty());
    let request = CreateAccountRequest { name: form.name.clone(), password, invite };
    let error = match app.services.create_account(caller.as_ref(), &client, request).await {
        Ok(created) => {
            let next = destination(&form.next);
            return Ok(signed_in(&app, &created, if next.is_empty() { LOBBY } else { next }));
        }
        Err(error) => error,
    };
    let at = if error.field() == Some(Field::Name) { id::NAME } else { id::PASSWORD };
    let failure = ApiError::from(error);
    let problem = problem(frame(&headers, "").i18n, &failure, at);
    let shown = show_sign_up(&app, caller.as_ref(), &client, &headers, form, Some((failure.status(), problem))).await?;
    Ok(failure.with_page(shown))
}

/// The form to make an account, or why there is none.
async fn show_sign_up(
    app: &AppState,
    caller: Option<&Caller>,
    client: &ClientInfo,
    headers: &HeaderMap,
    form: SignUp,
    failed: Option<(StatusCode, Problem)>,
) -> Result<Response, ApiError> {
    let next = destination(&form.next).to_owned();
    let invite = Some(form.invite).filter(|secret| !secret.0.is_empty());
    let here = match &invite {
        Some(secret) => format!("/invite/{}", secret.0),
        None => with_next("/sign-up", &next),
    };
    let frame = frame(headers, here);
    let i18n = frame.i18n;
    let guest = match caller {
        Some(caller) if caller.user.kind == UserKind::Account => {
            let text = i18n.format(Key::AlreadySignedInHelp, &[("name", &caller.user.name)]);
            let refused = Refused { text, title: Key::AlreadySignedIn, to: LOBBY.into(), way: Key::OpenChat };
            return Ok(page(StatusCode::OK, i18n, refused.page(frame)));
        }
        other => other.map(|caller| caller.user.name.clone()),
    };
    let invitation = invitation(app, client, invite.as_ref()).await?;
    let (status, problem) = match failed {
        Some((status, problem)) => (status, Some(problem)),
        None if invitation == Invitation::Invalid => (StatusCode::NOT_FOUND, None),
        None => (StatusCode::OK, None),
    };
    // A guest most often keeps the name.
    let name = if form.name.is_empty() && problem.is_none() { guest.clone().unwrap_or_default() } else { form.name };
    let form = forms::SignUp { name, next, invitation, invite, guest, problem };
    Ok(page(status, i18n, form.page(frame)))
}

/// What an account would be created by.
async fn invitation(app: &AppState, client: &ClientInfo, secret: Option<&Secret>) -> Result<Invitation, ApiError> {
    let Some(secret) = secret else {
        let needed = app.config.registration == Registration::Invite;
        return Ok(if needed { Invitation::Needed } else { Invitation::Open });
    };
    match app.services.find_invite(client, secret).await {
        Ok(invite) if invite.role == ServerRole::Owner => Ok(Invitation::Owner),
        Ok(invite) => Ok(Invitation::By { name: invite.invited_by, role: invite.role }),
        Err(ServiceError::InviteNotFound) => Ok(Invitation::Invalid),
        Err(error) => Err(error.into()),
    }
}

/// `GET /reset/{secret}`
pub(super) async fn reset_page(
    client: ClientInfo,
    State(app): State<AppState>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    show_reset(&app, &client, &headers, Secret(secret), None).await
}

#[derive(Deserialize)]
pub(super) struct Reset {
    #[serde(default)]
    password: Secret,
}

/// `POST /reset/{secret}`
pub(super) async fn reset(
    _origin: SameOrigin,
    client: ClientInfo,
    State(app): State<AppState>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Reset>,
) -> Result<Response, ApiError> {
    let secret = Secret(secret);
    let request = ResetPasswordRequest { secret: secret.clone(), password: form.password };
    let failure: ApiError = match app.services.reset_password(&client, request).await {
        Ok(created) => return Ok(signed_in(&app, &created, LOBBY)),
        Err(error) => error.into(),
    };
    let problem = problem(frame(&headers, "").i18n, &failure, id::PASSWORD);
    let shown = show_reset(&app, &client, &headers, secret, Some((failure.status(), problem))).await?;
    Ok(failure.with_page(shown))
}

/// The form for a new password, or that the link is not valid.
async fn show_reset(
    app: &AppState,
    client: &ClientInfo,
    headers: &HeaderMap,
    secret: Secret,
    failed: Option<(StatusCode, Problem)>,
) -> Result<Response, ApiError> {
    let account = match app.services.account_of_reset_link(client, &secret).await {
        Ok(name) => Some(name),
        Err(ServiceError::InvalidLink) => None,
        Err(error) => return Err(error.into()),
    };
    let (status, problem) = match failed {
        Some((status, problem)) => (status, Some(problem)),
        None if account.is_none() => (StatusCode::NOT_FOUND, None),
        None => (StatusCode::OK, None),
    };
    let frame = frame(headers, format!("/reset/{}", secret.0));
    let form = forms::Reset { secret, account, problem };
    Ok(page(status, frame.i18n, form.page(frame)))
}
