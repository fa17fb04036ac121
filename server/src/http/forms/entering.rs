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
    ServerRole, UserKind, error_code,
    http::{CreateAccountRequest, Secret},
};
use serde::Deserialize;

use super::{LOBBY, destination, frame, go_on, name_problem, page, problem, weakness, with_next};
use crate::{
    accounts::password,
    config::Registration,
    http::{
        ApiError, App, Caller, SameOrigin, accounts,
        caller::{self, Presented},
        fields::Fields,
        pages, passwords,
        visitor::Visitor,
    },
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
    State(app): State<App>,
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
    origin: SameOrigin,
    presented: Presented,
    visitor: Visitor,
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<SignIn>,
) -> Response {
    let next = destination(&form.next);
    let offers = pages::offers(&app);
    let fields = Fields(parlor_protocol::http::SignInRequest { name: form.name.clone(), password: form.password });
    match accounts::sign_in(origin, presented, visitor, State(app), fields).await {
        Ok(answer) => go_on(&answer, if next.is_empty() { LOBBY } else { next }),
        Err(failure) => {
            let frame = frame(&headers, with_next("/sign-in", next));
            let problem = Some(problem(frame.i18n, &failure, id::PASSWORD));
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
    visitor: Visitor,
    State(app): State<App>,
    Query(form): Query<SignUp>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    show_sign_up(&app, caller.as_ref(), &visitor, &headers, SignUp { password: Secret::default(), ..form }, None).await
}

/// `GET /invite/{secret}` and `GET /first/{secret}`: which of the two it is, the secret tells.
pub(super) async fn by_link(
    caller: Option<Caller>,
    visitor: Visitor,
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (name, next) = (String::new(), String::new());
    let form = SignUp { name, next, password: Secret::default(), invite: Secret(secret) };
    show_sign_up(&app, caller.as_ref(), &visitor, &headers, form, None).await
}

/// `POST /sign-up`
pub(super) async fn sign_up(
    origin: SameOrigin,
    caller: Option<Caller>,
    visitor: Visitor,
    State(app): State<App>,
    headers: HeaderMap,
    Form(mut form): Form<SignUp>,
) -> Result<Response, ApiError> {
    let guest = caller.as_ref().map(|caller| caller.user.id);
    let i18n = frame(&headers, "").i18n;
    let password = std::mem::take(&mut form.password);
    let name = accounts::checked_name(&form.name).map(|name| name.text).unwrap_or_default();
    let weak = password::check_strength(&password.0, &name).err();
    let invite = Some(form.invite.clone()).filter(|secret| !secret.0.is_empty());
    let fields = Fields(CreateAccountRequest { name: form.name.clone(), password, invite });
    let failure = match accounts::create(origin, caller.clone(), visitor.clone(), State(app.clone()), fields).await {
        Ok(answer) => {
            let next = destination(&form.next);
            return Ok(go_on(&answer, if next.is_empty() { LOBBY } else { next }));
        }
        Err(failure) => failure,
    };
    let problem = match (failure.code(), weak) {
        (error_code::WEAK_PASSWORD, Some(weak)) => Problem { at: id::PASSWORD, text: weakness(i18n, weak) },
        _ => match name_problem(&app, i18n, &failure, &form.name, guest).await? {
            Some(text) => Problem { at: id::NAME, text },
            None => problem(i18n, &failure, id::PASSWORD),
        },
    };
    let shown =
        show_sign_up(&app, caller.as_ref(), &visitor, &headers, form, Some((failure.status(), problem))).await?;
    Ok(failure.with_page(shown))
}

/// The form to make an account, or why there is none.
async fn show_sign_up(
    app: &App,
    caller: Option<&Caller>,
    visitor: &Visitor,
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
    let invitation = invitation(app, visitor, invite.as_ref()).await?;
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

/// By what someone would make an account here.
async fn invitation(app: &App, visitor: &Visitor, secret: Option<&Secret>) -> Result<Invitation, ApiError> {
    let Some(secret) = secret else {
        let needed = app.config.registration == Registration::Invite;
        return Ok(if needed { Invitation::Needed } else { Invitation::Open });
    };
    // Nobody finds one by trying, and nobody may try all day.
    visitor.try_once(app)?;
    let Some(invite) = app.live.store.invite_of(caller::hash(&secret.0)).await? else {
        return Ok(Invitation::Invalid);
    };
    app.tries.give_back(visitor.address);
    if invite.role == ServerRole::Owner {
        return Ok(Invitation::Owner);
    }
    let by = match invite.made_by {
        Some(by) => app.live.store.account_of(by).await?,
        None => None,
    };
    Ok(Invitation::By { name: by.map(|account| account.user.name.clone()), role: invite.role })
}

/// `GET /reset/{secret}`
pub(super) async fn reset_page(
    visitor: Visitor,
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    show_reset(&app, &visitor, &headers, Secret(secret), None).await
}

#[derive(Deserialize)]
pub(super) struct Reset {
    #[serde(default)]
    password: Secret,
}

/// `POST /reset/{secret}`
pub(super) async fn reset(
    origin: SameOrigin,
    visitor: Visitor,
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Reset>,
) -> Result<Response, ApiError> {
    let i18n = frame(&headers, "").i18n;
    let secret = Secret(secret);
    let typed = form.password.clone();
    let fields =
        Fields(parlor_protocol::http::ResetPasswordRequest { secret: secret.clone(), password: form.password });
    let failure = match passwords::reset(origin, visitor.clone(), State(app.clone()), fields).await {
        Ok(answer) => return Ok(go_on(&answer, LOBBY)),
        Err(failure) => failure,
    };
    let text = if failure.code() == error_code::WEAK_PASSWORD {
        let account = app.live.store.account_of_reset(caller::hash(&secret.0)).await?;
        let name = account.map(|account| account.name).unwrap_or_default();
        password::check_strength(&typed.0, &name).err().map(|weak| weakness(i18n, weak))
    } else {
        None
    };
    let problem = match text {
        Some(text) => Problem { at: id::PASSWORD, text },
        None => problem(i18n, &failure, id::PASSWORD),
    };
    let shown = show_reset(&app, &visitor, &headers, secret, Some((failure.status(), problem))).await?;
    Ok(failure.with_page(shown))
}

/// The form for a new password, or that the link is not valid.
async fn show_reset(
    app: &App,
    visitor: &Visitor,
    headers: &HeaderMap,
    secret: Secret,
    failed: Option<(StatusCode, Problem)>,
) -> Result<Response, ApiError> {
    visitor.try_once(app)?;
    let account = app.live.store.account_of_reset(caller::hash(&secret.0)).await?.map(|account| account.name);
    if account.is_some() {
        app.tries.give_back(visitor.address);
    }
    let (status, problem) = match failed {
        Some((status, problem)) => (status, Some(problem)),
        None if account.is_none() => (StatusCode::NOT_FOUND, None),
        None => (StatusCode::OK, None),
    };
    let frame = frame(headers, format!("/reset/{}", secret.0));
    let form = forms::Reset { secret, account, problem };
    Ok(page(status, frame.i18n, form.page(frame)))
}
