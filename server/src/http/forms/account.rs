//! `/account` and its forms. Each says on that page what has come of it.

use axum::{
    Form, Json,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
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

use super::{
    ACCOUNT, clock_of, frame, frame_for, go_on, name_problem, notice, page, problem, reader::Reader, weakness,
};
use crate::{
    accounts::password,
    config::Registration,
    http::{
        ApiError, App, Caller, SameOrigin, devices, fields::Fields, passwords, profile, sessions, visitor::Visitor,
    },
    policy::ServerAct,
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
    State(app): State<App>,
    Query(query): Query<AccountQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let notice = notice(&DONE, &query.done);
    account(&app, caller, &headers, Shown { notice, ..Shown::default() }).await
}

pub(super) async fn account(
    app: &App,
    caller: Caller,
    headers: &HeaderMap,
    shown: Shown,
) -> Result<Response, ApiError> {
    let frame = frame_for(app, &caller, headers, ACCOUNT);
    let is_guest = caller.user.kind == UserKind::Guest;
    let may_invite = caller.actor(app).can(ServerAct::Invite);
    let Json(me) = profile::me(caller.clone(), State(app.clone())).await?;
    let invites = if may_invite { Some(app.live.store.invites().await?) } else { None };
    let Json(listed) = devices::list(caller, State(app.clone())).await?;
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
    app: &App,
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
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<Rename>,
) -> Result<Response, ApiError> {
    let typed = form.display_name;
    let fields = Fields(UpdateProfileRequest { display_name: Some(typed.clone()), colour: None });
    let failure = match profile::change(origin, caller.clone(), State(app.clone()), fields).await {
        Ok(_) => return Ok(Redirect::to(&done("name")).into_response()),
        Err(failure) => failure,
    };
    let i18n = frame(&headers, ACCOUNT).i18n;
    let problem = match name_problem(&app, i18n, &failure, &typed, Some(caller.user.id)).await? {
        Some(text) => Problem { at: id::DISPLAY_NAME, text },
        None => problem(i18n, &failure, id::DISPLAY_NAME),
    };
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
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<NewColour>,
) -> Result<Response, ApiError> {
    // What is no colour becomes one that the API refuses.
    let colour = form.colour.parse().unwrap_or(limits::COLOUR_COUNT);
    let fields = Fields(UpdateProfileRequest { display_name: None, colour: Some(colour) });
    match profile::change(origin, caller.clone(), State(app.clone()), fields).await {
        Ok(_) => Ok(Redirect::to(&done("colour")).into_response()),
        // A guest's page has no such form to say it at.
        Err(failure) if failure.code() == error_code::FORBIDDEN => Err(failure),
        Err(failure) => {
            let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, id::COLOUR);
            failed(&app, caller, &headers, &failure, problem, Typed::default()).await
        }
    }
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
    origin: SameOrigin,
    Reader(caller): Reader,
    visitor: Visitor,
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<ChangePassword>,
) -> Result<Response, ApiError> {
    let new = form.new.clone();
    let fields = Fields(ChangePasswordRequest { current: form.current, new: form.new });
    let failure = match passwords::change(origin, caller.clone(), visitor, State(app.clone()), fields).await {
        Ok(answer) => return Ok(go_on(&answer, &done("password"))),
        Err(failure) => failure,
    };
    let i18n = frame(&headers, ACCOUNT).i18n;
    let problem = if failure.code() == error_code::WEAK_PASSWORD {
        let account = app.live.store.account_of(caller.user.id).await?;
        let name = account.map(|account| account.name).unwrap_or_default();
        let weak = password::check_strength(&new.0, &name).err();
        let text = weak.map_or_else(|| super::explain(i18n, &failure), |weak| weakness(i18n, weak));
        Problem { at: id::NEW, text }
    } else {
        wrong_password(i18n, &failure, id::CURRENT)
    };
    failed(&app, caller, &headers, &failure, problem, Typed::default()).await
}

/// Someone who is signed in has typed another password than theirs.
fn wrong_password(i18n: parlor_app::i18n::I18n, failure: &ApiError, at: &'static str) -> Problem {
    if failure.code() == error_code::WRONG_CREDENTIALS {
        return Problem { at, text: i18n.t(Key::IncorrectPassword).into() };
    }
    problem(i18n, failure, at)
}

/// `POST /account/sessions/{id}/end`: also when it has ended meanwhile, for that is what was wanted.
pub(super) async fn end_session(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, ApiError> {
    match devices::end(origin, caller, State(app), id).await {
        Ok(answer) if answer.headers().contains_key(header::SET_COOKIE) => Ok(go_on(&answer, "/")),
        Ok(answer) => Ok(go_on(&answer, &done("session"))),
        Err(failure) if failure.code() == error_code::NOT_FOUND => Ok(Redirect::to(ACCOUNT).into_response()),
        Err(failure) => Err(failure),
    }
}

/// `POST /account/sessions/end`: all others.
pub(super) async fn end_others(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
) -> Result<Response, ApiError> {
    devices::end_others(origin, caller, State(app)).await?;
    Ok(Redirect::to(&done("sessions")).into_response())
}

/// `POST /account/sign-out`
pub(super) async fn sign_out(
    origin: SameOrigin,
    caller: Option<Caller>,
    State(app): State<App>,
) -> Result<Response, ApiError> {
    let Some(caller) = caller else { return Ok(Redirect::to("/").into_response()) };
    Ok(go_on(&sessions::end(origin, caller, State(app)).await?, "/"))
}

#[derive(Deserialize)]
pub(super) struct Delete {
    #[serde(default)]
    password: Secret,
}

/// `POST /account/delete`
pub(super) async fn delete(
    origin: SameOrigin,
    Reader(caller): Reader,
    visitor: Visitor,
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<Delete>,
) -> Result<Response, ApiError> {
    let fields = Fields(DeleteAccountRequest { password: form.password });
    match profile::delete(origin, caller.clone(), visitor, State(app.clone()), fields).await {
        Ok(answer) => {
            let mut response = go_on(&answer, "/sign-in?done=deleted");
            // What the browser kept of the rooms goes as well (W3C Clear Site Data).
            let clear = (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"storage\""));
            response.headers_mut().insert(clear.0, clear.1);
            Ok(response)
        }
        Err(failure) => {
            let problem = wrong_password(frame(&headers, ACCOUNT).i18n, &failure, id::DELETE);
            failed(&app, caller, &headers, &failure, problem, Typed::default()).await
        }
    }
}
