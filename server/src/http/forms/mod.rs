//! Pages with forms, for who has no scripts and for all others: coming in with an account and looking after it, the people
//! of the server, the settings of a room, the audit log.
//!
//! The services do the work, with their checks and limits; here are a form's fields before that and a page after.

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use parlor_app::{
    forms::{Clock, Frame, Problem, Refused, Ways},
    i18n::{I18n, Key},
    time::Zone,
};
use parlor_protocol::{error_code, http::CreatedSession, limits, validate::ValidationError};

use super::{ApiError, AppState, assets, language, pages, sessions};
use crate::{
    accounts::password::WeakPassword,
    clock,
    policy::ServerAct,
    services::{Caller, Field, ServiceError},
};

mod account;
mod addresses;
mod audit;
mod entering;
mod invites;
mod level;
mod members;
mod people;
mod person;
mod reader;
mod restrictions;
mod room;

pub(super) use addresses::is_address;
use addresses::{destination, page_of, with_next};

/// Nothing but the style sheet, icons, and forms to this server.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; manifest-src 'self'; \
                      base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Where one comes to after signing in, unless one wanted to go elsewhere.
const LOBBY: &str = "/r/lobby";
const ACCOUNT: &str = "/account";
const PEOPLE: &str = "/people";
const BANS: &str = "/people/bans";
const AUDIT: &str = "/audit";

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/sign-in", get(entering::sign_in_page).post(entering::sign_in))
        .route("/sign-up", get(entering::sign_up_page).post(entering::sign_up))
        .route("/invite/{secret}", get(entering::by_link))
        .route("/first/{secret}", get(entering::by_link))
        .route("/reset/{secret}", get(entering::reset_page).post(entering::reset))
        .route(ACCOUNT, get(account::show))
        .route("/account/name", post(account::rename))
        .route("/account/colour", post(account::change_colour))
        .route("/account/password", post(account::change_password))
        .route("/account/sessions/end", post(account::end_others))
        .route("/account/sessions/{id}/end", post(account::end_session))
        .route("/account/sign-out", post(account::sign_out))
        .route("/account/invites", post(invites::make))
        .route("/account/invites/{id}/revoke", post(invites::revoke))
        .route("/account/delete", post(account::delete))
        .merge(of_people())
        .merge(of_rooms())
}

fn of_people() -> Router<AppState> {
    Router::new()
        .route(PEOPLE, get(people::list).post(people::message))
        .route(BANS, get(people::bans))
        .route("/people/{user}", get(person::show))
        .route("/people/{user}/message", post(person::message))
        .route("/people/{user}/role", post(person::appoint))
        .route("/people/{user}/mute", post(restrictions::mute))
        .route("/people/{user}/unmute", post(restrictions::unmute))
        .route("/people/{user}/ban", post(restrictions::ban))
        .route("/people/{user}/lift", post(restrictions::lift_ban))
        .route("/people/{user}/reset", post(person::make_reset))
        .route(AUDIT, get(audit::show))
}

/// Not below `/r/`: there the service worker takes each document for the chat.
fn of_rooms() -> Router<AppState> {
    Router::new()
        .route("/rooms/{room}/settings", get(room::show).post(room::change))
        .route("/rooms/{room}/level", post(level::choose))
        .route("/rooms/{room}/archive", post(room::archive))
        .route("/rooms/{room}/reopen", post(room::reopen))
        .route("/rooms/{room}/join", post(room::join))
        .route("/rooms/{room}/leave", post(room::leave))
        .route("/rooms/{room}/members", post(members::bring_in))
        .route("/rooms/{room}/members/{user}/remove", post(members::remove))
        .route("/rooms/{room}/members/{user}/appoint", post(members::appoint))
        .route("/rooms/{room}/members/{user}/dismiss", post(members::dismiss))
        .route("/rooms/{room}/members/{user}/mute", post(members::mute))
        .route("/rooms/{room}/members/{user}/unmute", post(members::unmute))
}

/// What is around a page, for who sends these headers.
fn frame(headers: &HeaderMap, here: impl Into<String>) -> Frame {
    let i18n = I18n::new(language::of(headers));
    Frame { i18n, css: assets::site_files().css, here: here.into(), ways: None }
}

/// The same, with the ways to the other pages that the caller may see.
fn frame_for(app: &AppState, caller: &Caller, headers: &HeaderMap, here: impl Into<String>) -> Frame {
    let may = |action| app.services.can(caller, action);
    let ways =
        Ways { people: may(ServerAct::ListPeople), bans: may(ServerAct::Moderate), audit: may(ServerAct::Audit) };
    Frame { ways: Some(ways), ..frame(headers, here) }
}

/// How times are told to who sends these headers.
fn clock_of(headers: &HeaderMap) -> Clock {
    Clock { zone: Zone::Fixed(pages::time_zone(headers)), now: clock::now() }
}

/// Where one is sent who is not signed in (any more) and wants to see a page.
fn to_sign_in(next: &str) -> Response {
    Redirect::to(&with_next("/sign-in", destination(next))).into_response()
}

/// A path of this server as one can give it to someone else.
fn link_to(app: &AppState, headers: &HeaderMap, path: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let root = app.config.public_url.clone().unwrap_or_else(|| format!("http://{host}"));
    root + path
}

/// What the end of an address says of the last form: a code, which becomes text here.
fn notice(done: &[(&str, Key)], code: &str) -> Option<Key> {
    done.iter().find(|(known, _)| *known == code).map(|(_, say)| *say)
}

/// A page as an answer. It is one person's at one moment, and may have a link that is shown once: nobody keeps it.
fn page(status: StatusCode, i18n: I18n, html: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    (status, headers, AppendHeaders(language::headers(i18n.language())), html).into_response()
}

/// On to another page, with a new session.
fn signed_in(app: &AppState, created: &CreatedSession, to: &str) -> Response {
    (sessions::cookie(app, &created.token), Redirect::to(to)).into_response()
}

/// An error in the reader's language.
fn explain(i18n: I18n, failure: &ApiError) -> String {
    match failure.cause() {
        Some(ServiceError::NameTaken { suggestion: Some(name) }) => {
            i18n.format(Key::NameTakenSuggestion, &[("name", name)])
        }
        Some(ServiceError::NameTaken { suggestion: None }) => i18n.t(Key::NameTaken).to_owned(),
        Some(ServiceError::RoomNameTaken) => i18n.t(Key::RoomNameTaken).to_owned(),
        Some(ServiceError::Invalid { field: Field::Name | Field::RoomName, reason }) => {
            i18n.format(Key::InvalidName, &[("why", &i18n.validation_error(*reason))])
        }
        Some(ServiceError::Invalid { field: Field::Reason, reason: ValidationError::Empty }) => {
            i18n.t(Key::ReasonRequired).to_owned()
        }
        Some(ServiceError::Invalid { reason, .. }) => i18n.validation_error(*reason),
        Some(ServiceError::WeakPassword(weak)) => weakness(i18n, *weak),
        Some(ServiceError::WrongPassword) => i18n.t(Key::IncorrectPassword).to_owned(),
        _ => match failure.code() {
            error_code::RATE_LIMITED => i18n.t(Key::TooManyAttempts).to_owned(),
            code => i18n.error(code).map_or_else(|| failure.message().to_owned(), str::to_owned),
        },
    }
}

/// An error at a field, in the reader's language.
fn problem(i18n: I18n, failure: &ApiError, at: &'static str) -> Problem {
    Problem { at, text: explain(i18n, failure) }
}

fn weakness(i18n: I18n, weak: WeakPassword) -> String {
    match weak {
        WeakPassword::TooShort => i18n.format(Key::PasswordTooShort, &[("n", &limits::MIN_PASSWORD_CHARS.to_string())]),
        WeakPassword::TooLong => i18n.format(Key::PasswordTooLong, &[("n", &limits::MAX_PASSWORD_BYTES.to_string())]),
        WeakPassword::Obvious => i18n.t(Key::PasswordTooCommon).to_owned(),
    }
}

/// The page for an address that is none. Its own is not one to come back to in another language.
pub(super) fn no_such_page(headers: &HeaderMap) -> Response {
    let frame = frame(headers, "/");
    let i18n = frame.i18n;
    let text = i18n.error(error_code::NOT_FOUND).unwrap_or_default().to_owned();
    let refused = Refused { text, title: Key::PageNotFound, to: LOBBY.into(), way: Key::OpenChat };
    page(StatusCode::NOT_FOUND, i18n, refused.page(frame))
}

/// Makes pages of failures that no form has taken up, such as a limit on changes or an origin that is refused.
pub(super) async fn in_words(request: Request, next: Next) -> Response {
    let Some(here) = page_of(request.uri().path()) else { return next.run(request).await };
    let frame = frame(request.headers(), here);
    let asked_by_get = request.method() == Method::GET;
    let answer = next.run(request).await;
    let Some(failure) = answer.extensions().get::<ApiError>() else { return answer };
    let (i18n, status) = (frame.i18n, answer.status());
    // The same page whether something is not there or not for this reader to see.
    let title = if failure.code() == error_code::NOT_FOUND { Key::PageNotFound } else { Key::RequestRejected };
    let (to, way) = if asked_by_get { (LOBBY.to_owned(), Key::OpenChat) } else { (frame.here.clone(), Key::Back) };
    let refused = Refused { text: explain(i18n, failure), title, to, way };
    let mut response = page(status, i18n, refused.page(frame));
    if let Some(wait) = answer.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}
