//! The documents of the app: the front page, rooms, and the shell that the service worker keeps. Readable before any script has
//! run, and without one.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use leptos::{config::LeptosOptions, context::provide_context, nonce::use_nonce, prelude::use_context};
use leptos_axum::ResponseOptions;
use parlor_app::{
    Offers, PageData, RoomPage, ServerIdentity,
    i18n::{I18n, Key, Language},
};
use parlor_protocol::{
    RoomId, RoomSummary, User, UserId, error_code,
    http::{RoomList, ServerSettings},
    limits, validate,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    config::{Guests, Registration, Switch},
    domain::Page,
    http::{ApiError, AppState, PathParams, QueryParams, assets, language, session_cookie, sessions},
    services::Caller,
};

#[derive(Deserialize)]
pub(in crate::http) struct HomeQuery {
    #[serde(default)]
    error: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    next: String,
}

/// `/`: the form for a name, and what is being said in the lobby. Someone with a session goes on to the lobby.
pub(in crate::http) async fn home(
    State(app): State<AppState>,
    caller: Result<Option<Caller>, ApiError>,
    QueryParams(query): QueryParams<HomeQuery>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let next = Some(query.next).filter(|next| sessions::is_room_address(next));
    let banned = match caller {
        Err(error) if error.is_ban() => true,
        other => {
            if other?.is_some() {
                return Ok(Redirect::to(next.as_deref().unwrap_or("/r/lobby")).into_response());
            }
            false
        }
    };
    // Who may come in by a name alone may read the lobby before.
    let room = match app.services.hub.room(&RoomId::lobby()) {
        Some(lobby) if app.services.guests() != Guests::Off && !banned => {
            Some(room_page(&app, lobby.summary_for_others(), UserId(Uuid::nil())).await?)
        }
        _ => None,
    };
    let language = language::of(request.headers());
    let i18n = I18n::new(language);
    // Only codes come from the address, so that a link cannot put text of its own on this page.
    let notice = match query.error.as_str() {
        _ if banned => i18n.error(error_code::BANNED).map(Into::into),
        "" => None,
        error_code::BANNED => i18n.error(error_code::BANNED).map(Into::into),
        error_code::GUESTS_OFF => Some(i18n.t(Key::GuestsDisabled).into()),
        error_code::RATE_LIMITED => Some(i18n.t(Key::TooManyJoins).into()),
        error_code::NAME_TAKEN => Some(match app.services.suggest_name(&query.name, None).await.unwrap_or_default() {
            Some(name) => i18n.format(Key::NameTakenSuggestion, &[("name", &name)]),
            None => i18n.t(Key::NameTaken).into(),
        }),
        _ => {
            let why =
                validate::name(&query.name).map_or_else(|invalid| i18n.validation_error(invalid), |_| String::new());
            Some(i18n.format(Key::InvalidName, &[("why", &why)]).trim_end().into())
        }
    };
    let data = PageData { room, notice, name_prefill: query.name, ..page(&app, None, request.headers()) };
    let mut response = render(&app, data, language, at(&format!("/?next={}", next.unwrap_or_default()), request)).await;
    if banned {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    Ok(response)
}

/// `/r/{room}`: the chat.
pub(in crate::http) async fn room(
    State(app): State<AppState>,
    caller: Result<Option<Caller>, ApiError>,
    PathParams(room): PathParams<RoomId>,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let caller = match caller {
        // That page says it in words.
        Err(error) if error.is_ban() => return Ok(Redirect::to("/").into_response()),
        other => other?,
    };
    let Some(caller) = caller else {
        let path = format!("/r/{room}");
        let to = if sessions::is_room_address(&path) { format!("/?next={path}") } else { "/".into() };
        return Ok(Redirect::to(&to).into_response());
    };
    let RoomList { rooms, next } =
        app.services.list_rooms(&caller.signed_in(), None, limits::ROOMS_ON_PAGE as usize).await?;
    let summary = match rooms.iter().find(|summary| summary.id == room) {
        Some(summary) => Some(summary.clone()),
        // Not on the first page of the list.
        None if next.is_some() => {
            let details = app.services.room_details(&caller, &room).await.ok();
            details.map(|details| details.summary).filter(|room| app.services.is_listed(caller.user.id, room))
        }
        None => None,
    };
    let found = match summary {
        Some(summary) => Some(room_page(&app, summary, caller.user.id).await?),
        None => None,
    };
    let (missing, has_more_rooms) = (found.is_none(), next.is_some());
    let data = PageData {
        rooms,
        has_more_rooms,
        room: found,
        missing,
        ..page(&app, Some((*caller.user).clone()), request.headers())
    };
    let language = language::of(request.headers());
    Ok(render(&app, data, language, request).await)
}

/// By this the service worker compares the shell that it keeps with the newest page.
const SERVER_IDENTITY: HeaderName = HeaderName::from_static("server-identity");

#[derive(Deserialize)]
pub(in crate::http) struct ShellQuery {
    build: Option<String>,
    lang: Option<String>,
}

/// `/shell`: the chat without a person, for the service worker to keep. The same for everyone who reads its language,
/// which the query may name. A worker that asks for the shell of another build gets none, for it would not fit the files
/// that it keeps.
pub(in crate::http) async fn shell(
    State(app): State<AppState>,
    QueryParams(query): QueryParams<ShellQuery>,
    headers: HeaderMap,
) -> Response {
    if query.build.is_some_and(|build| build != app.session_context.build) {
        return (StatusCode::NOT_FOUND, "The server runs another build.\n").into_response();
    }
    let language = query.lang.as_deref().and_then(Language::from_tag).unwrap_or_else(|| language::of(&headers));
    // Nothing else of the request reaches the page. Its address is one of the chat's; which room it is does not show.
    let data = PageData { shell: true, ..page(&app, None, &HeaderMap::new()) };
    let version = HeaderValue::from_str(&data.identity().version());
    let mut response = render(&app, data, language, at("/r/lobby", Request::new(Body::empty()))).await;
    if let Ok(version) = version {
        response.headers_mut().insert(SERVER_IDENTITY, version);
    }
    response
}

/// The request with the address that the router of the page sees.
fn at(address: &str, mut request: Request<Body>) -> Request<Body> {
    *request.uri_mut() = address.parse().unwrap_or_else(|_| Uri::from_static("/"));
    request
}

async fn room_page(app: &AppState, summary: RoomSummary, viewer: UserId) -> Result<RoomPage, ApiError> {
    let page = app.services.store.messages(&summary.id, viewer, Page::Newest, limits::DEFAULT_PAGE_SIZE).await?;
    Ok(RoomPage { summary, page })
}

fn page(app: &AppState, user: Option<User>, headers: &HeaderMap) -> PageData {
    PageData {
        user,
        rooms: Vec::new(),
        has_more_rooms: false,
        room: None,
        missing: false,
        notice: None,
        tz_minutes: time_zone(headers),
        server: app.session_context.server_info(),
        picture: identity(app).picture,
        name_prefill: String::new(),
        shell: false,
        offers: offers(app),
    }
}

/// The browser's offset from UTC in minutes, as its last visit left it in a cookie.
pub(in crate::http) fn time_zone(headers: &HeaderMap) -> i32 {
    let minutes = session_cookie::value(headers, "tz").and_then(|value| value.parse().ok()).unwrap_or(0);
    if (-14 * 60..=14 * 60).contains(&minutes) { minutes } else { 0 }
}

/// To be called once before the first page: leptos runs its tasks on this runtime.
pub(in crate::http) fn init() {
    // An error means that it was called before.
    let _ = any_spawner::Executor::init_tokio();
}

/// The name and picture that pages show.
pub(crate) fn identity(app: &AppState) -> ServerIdentity {
    let ServerSettings { name, picture, .. } = app.services.server_settings();
    ServerIdentity { name, picture }
}

/// What is switched on here.
pub(in crate::http) fn offers(app: &AppState) -> Offers {
    Offers {
        lab: app.config.lab == Switch::On,
        guests: app.services.guests() != Guests::Off,
        accounts: app.services.registration() == Registration::Open,
    }
}

async fn render(app: &AppState, data: PageData, language: Language, request: Request<Body>) -> Response {
    let status = if data.missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
    let options = LeptosOptions::builder().output_name("parlor").build();
    // Asked for each page: in development a build gives its files new names while the server runs.
    let site = assets::site_files();
    let offers = offers(app);
    let context = move || {
        provide_context(offers);
        provide_context(data.clone());
        provide_context(site.clone());
        provide_context(language);
        if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) {
            response.set_status(status);
            if let Ok(policy) = HeaderValue::from_str(&policy(&nonce)) {
                response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
            }
            // The page is made for one person at one moment. The browser may hold it ready for the way back (`no-store`
            // would forbid that), but only for the same session.
            response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
            for (name, value) in language::headers(language) {
                response.insert_header(name, value);
            }
        }
    };
    leptos_axum::render_app_async_with_context(context, move || parlor_app::shell(options.clone()))(request).await
}

/// Scripts by nonce alone, and what those load; no inline style, no other host.
pub(in crate::http) fn policy(nonce: &str) -> String {
    // cargo-leptos reloads the page through a socket of its own in development.
    let reload =
        if std::env::var_os("LEPTOS_WATCH").is_some() { " ws://127.0.0.1:3001 ws://localhost:3001" } else { "" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         connect-src 'self'{reload}; img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}
