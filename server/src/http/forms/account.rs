//! `/account` and its forms. Each says on that page what has come of it.

use axum::{
    Form,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{self, Invitation, Problem, Typed, id},
    i18n::Key,
};
use parlor_protocol::{
    UserKind, error_code,
    http::{ChangePasswordRequest, DeleteAccountRequest, Secret, UpdateProfileRequest},
    limits,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{ACCOUNT, clock_of, frame, frame_for, notice, page, problem, reader::Reader, signed_in};
use crate::{
    config::Registration,
    http::{ApiError, AppState, SameOrigin, sessions},
    policy::ServerAct,
    services::{Caller, ClientInfo, ServiceError},
};

/// What has come of a form, by its code.
const DONE: [(&str, Key); 6] = [
    ("name", Key::NameSaved),
    ("colour", Key::ColourSaved),
    ("password", Key::PasswordChanged),
    ("session", Key::SessionRevoked),
    ("sessions", Key::OtherSessionsRevoked),
    ("invite", Key::InvitationRevoked),
];

#[derive(Deserialize)]
pub(super) struct AccountQuery {
    #[serde(default)]
    done: String,
}

/// What a page shows beside the account itself.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) status: StatusCode,
    pub(super) notice: Option<Key>,
    pub(super) problem: Option<Problem>,
    pub(super) typed: Typed,
    pub(super) link: Option<String>,
}

/// `GET /account`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<AppState>,
    Query(query): Query<AccountQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let notice = notice(&DONE, &query.done);
    account(&app, caller, &headers, Shown { notice, ..Shown::default() }).await
}

pub(super) async fn account(
    app: &AppState,
    caller: Caller,
    headers: &HeaderMap,
    shown: Shown,
) -> Result<Response, ApiError> {
    let frame = frame_for(app, &caller, headers, ACCOUNT);
    let is_guest = caller.user.kind == UserKind::Guest;
    let may_invite = app.services.can(&caller, ServerAct::Invite);
    let me = app.services.profile(&caller).await?;
    let invites = if may_invite { Some(app.services.list_invites(&caller).await?.invites) } else { None };
    let listed = app.services.list_sessions(&caller).await?;
    let sign_up = (is_guest && app.config.registration == Registration::Open).then(|| forms::SignUp {
        name: me.user.name.clone(),
        next: ACCOUNT.into(),
        invitation: Invitation::Open,
        guest: Some(me.user.name.clone()),
        ..forms::SignUp::default()
    });
    let account = forms::Account {
        user: me.user,
        name: me.account,
        role: me.role,
        sign_up,
        sessions: listed.sessions,
        invites,
        link: shown.link,
        notice: shown.notice,
        problem: shown.problem,
        typed: shown.typed,
        clock: clock_of(headers),
    };
    Ok(page(shown.status, frame.i18n, account.page(frame)))
}

/// The page with what was wrong.
pub(super) async fn failed(
    app: &AppState,
    caller: Caller,
    headers: &HeaderMap,
    failure: &ApiError,
    problem: Problem,
    typed: Typed,
) -> Result<Response, ApiError> {
    let shown = Shown { status: failure.status(), problem: Some(problem), typed, ..Shown::default() };
    Ok(failure.with_page(account(app, caller, headers, shown).await?))
}

pub(super) fn done(code: &str) -> String {
    format!("{ACCOUNT}?done={code}")
}

#[derive(Deserialize)]
pub(super) struct Rename {
    #[serde(default)]
    display_name: String,
}

/// `POST /account/name`
pub(super) async fn rename(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<Rename>,
) -> Result<Response, ApiError> {
    let typed = form.display_name;
    let request = UpdateProfileRequest { display_name: Some(typed.clone()), colour: None };
    let failure: ApiError = match app.services.update_profile(&caller, request).await {
        Ok(_) => return Ok(Redirect::to(&done("name")).into_response()),
        Err(error) => error.into(),
    };
    let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, id::DISPLAY_NAME);
    let typed = Typed { display_name: Some(typed), ..Typed::default() };
    failed(&app, caller, &headers, &failure, problem, typed).await
}

#[derive(Deserialize)]
pub(super) struct NewColour {
    #[serde(default)]
    colour: String,
}

/// `POST /account/colour`
pub(super) async fn change_colour(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<NewColour>,
) -> Result<Response, ApiError> {
    // A text that is not a colour becomes one that the service rejects.
    let colour = form.colour.parse().unwrap_or(limits::COLOUR_COUNT);
    let request = UpdateProfileRequest { display_name: None, colour: Some(colour) };
    let failure: ApiError = match app.services.update_profile(&caller, request).await {
        Ok(_) => return Ok(Redirect::to(&done("colour")).into_response()),
        Err(error) => error.into(),
    };
    // A guest's page has no such form to show it at.
    if failure.code() == error_code::FORBIDDEN {
        return Err(failure);
    }
    let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, id::COLOUR);
    failed(&app, caller, &headers, &failure, problem, Typed::default()).await
}

#[derive(Deserialize)]
pub(super) struct ChangePassword {
    #[serde(default)]
    current: Secret,
    #[serde(default)]
    new: Secret,
}

/// `POST /account/password`
pub(super) async fn change_password(
    _origin: SameOrigin,
    Reader(caller): Reader,
    client: ClientInfo,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<ChangePassword>,
) -> Result<Response, ApiError> {
    let request = ChangePasswordRequest { current: form.current, new: form.new };
    let failure: ApiError = match app.services.change_password(&caller, &client, request).await {
        Ok(created) => return Ok(signed_in(&app, &created, &done("password"))),
        Err(error) => error.into(),
    };
    let at = if failure.code() == error_code::WEAK_PASSWORD { id::NEW } else { id::CURRENT };
    let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, at);
    failed(&app, caller, &headers, &failure, problem, Typed::default()).await
}

/// `POST /account/sessions/{id}/end`. Succeeds also for a session that has ended meanwhile.
pub(super) async fn end_session(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(id)) = id else { return Ok(Redirect::to(ACCOUNT).into_response()) };
    match app.services.end_session(&caller, id).await {
        Ok(true) => Ok((sessions::no_cookie(&app), Redirect::to("/")).into_response()),
        Ok(false) => Ok(Redirect::to(&done("session")).into_response()),
        Err(ServiceError::SessionNotFound) => Ok(Redirect::to(ACCOUNT).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/sessions/end`: all others.
pub(super) async fn end_others(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
) -> Result<Response, ApiError> {
    app.services.end_other_sessions(&caller).await?;
    Ok(Redirect::to(&done("sessions")).into_response())
}

/// `POST /account/sign-out`
pub(super) async fn sign_out(
    _origin: SameOrigin,
    caller: Option<Caller>,
    State(app): State<AppState>,
) -> Result<Response, ApiError> {
    let Some(caller) = caller else { return Ok(Redirect::to("/").into_response()) };
    app.services.sign_out(&caller).await?;
    Ok((sessions::no_cookie(&app), Redirect::to("/")).into_response())
}

#[derive(Deserialize)]
pub(super) struct Delete {
    #[serde(default)]
    password: Secret,
}

/// `POST /account/delete`
pub(super) async fn delete(
    _origin: SameOrigin,
    Reader(caller): Reader,
    client: ClientInfo,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<Delete>,
) -> Result<Response, ApiError> {
    let request = DeleteAccountRequest { password: form.password };
    match app.services.delete_account(&caller, &client, request).await {
        Ok(()) => {
            let mut response = (sessions::no_cookie(&app), Redirect::to("/sign-in?done=deleted")).into_response();
            // Removes what the browser stored of the rooms as well (W3C Clear Site Data).
            let clear = (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"storage\""));
            response.headers_mut().insert(clear.0, clear.1);
            Ok(response)
        }
        Err(error) => {
            let failure = error.into();
            let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, id::DELETE);
            failed(&app, caller, &headers, &failure, problem, Typed::default()).await
        }
    }
}
