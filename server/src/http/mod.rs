//! HTTP: the router, the API beside the live protocol, the pages and their files.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{any, delete, get, patch, post, put},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};

use crate::extract::{
    ApiError, AppState, ConnectionInfo, FormBody, PathParams, QueryParams, ResponseCookies, SameOrigin, caller, error,
    scheme, session_cookie, session_cookie::SetCookie,
};

mod accounts;
mod assets;
mod health;
mod history;
mod host;
mod invites;
mod json_body;
pub(crate) mod language;
mod linger;
mod manifest;
mod members;
mod moderation;
mod node_cookie;
mod pages;
mod people;
mod rate_limit;
mod rooms;
mod sessions;
mod settings;
mod worker;

pub use assets::is_built as has_site_files;
pub(crate) use assets::site_files;
use json_body::JsonBody;
pub use linger::Lingering;
pub(crate) use pages::chat::identity;
pub use worker::build;

/// The largest request body, except of `POST /live/frames`. Long form fields are passwords, topics and ban reasons.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// The time limit of a request that is not a live connection.
const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// The address of the lab's page.
pub const LAB_PAGE: &str = "/lab";

/// The API and the pages, with some `more_pages` that are handled like them.
pub fn routes(app: &AppState, more_pages: Router<AppState>) -> Router<AppState> {
    pages::chat::init();
    let api = Router::new()
        .merge(people_routes())
        .route("/api/rooms", get(rooms::list).post(rooms::create))
        .route("/api/rooms/{room}/messages", get(history::messages))
        .route("/api/rooms/{room}/messages/{message}", get(history::message))
        .route("/api/rooms/{room}/messages/{message}/edits", get(history::edits))
        .route("/api/rooms/{room}/messages/{message}/reactions", get(history::reactions))
        .route("/api/rooms/{room}/events", get(history::events))
        .route("/api/rooms/{room}", patch(rooms::update))
        .route("/api/rooms/{room}/level", put(rooms::set_notification_level))
        .route("/api/rooms/{room}/owner", put(members::change_owner))
        .route("/api/rooms/{room}/members", get(members::list).post(members::add))
        .route("/api/rooms/{room}/members/{user}", patch(members::update).delete(members::remove))
        .route("/api/direct", post(rooms::open_direct))
        .route("/api/settings", get(settings::show).patch(settings::update))
        .route("/api/settings/picture", put(settings::set_picture).delete(settings::remove_picture))
        .route("/api/{*rest}", any(error::endpoint_not_found))
        .method_not_allowed_fallback(error::method_not_allowed);
    let app_pages = Router::new()
        .route("/", get(pages::chat::home))
        .route("/r/{room}", get(pages::chat::room))
        .route("/shell", get(pages::chat::shell))
        .route("/sw.js", get(worker::serve))
        .route("/manifest.webmanifest", get(manifest::serve))
        .route("/picture/{file}", get(settings::picture))
        .route("/enter", post(sessions::enter))
        .route("/language", post(language::choose));
    let submissions = Arc::<pages::submissions::Submissions>::default();
    let with_forms = app_pages
        .merge(pages::routes())
        .layer(middleware::from_fn_with_state(submissions, pages::submissions::handle_once));
    api.merge(with_forms)
        .merge(more_pages)
        .layer(middleware::from_fn_with_state(app.clone(), rate_limit::limit_mutations))
        .layer(middleware::from_fn_with_state(app.clone(), pages::render_errors))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

/// Adds what all responses have in common, and the site's files at all other addresses.
pub fn with_common_layers(app: &AppState, routes: Router<AppState>) -> Router<AppState> {
    routes
        .layer(middleware::from_fn_with_state(app.clone(), node_cookie::set))
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(app.clone(), host::check))
        .layer(middleware::from_fn_with_state(app.clone(), security_headers))
        .layer(CatchPanicLayer::new())
}

/// Sessions, accounts, invitations, people, moderation.
fn people_routes() -> Router<AppState> {
    Router::new()
        .route("/api/session", post(sessions::create).delete(sessions::end_current))
        .route("/api/sessions", get(sessions::list).delete(sessions::end_others))
        .route("/api/sessions/{id}", delete(sessions::end))
        .route("/api/me", get(accounts::me).patch(accounts::update_profile).delete(accounts::delete))
        .route("/api/accounts", post(accounts::create))
        .route("/api/sign-in", post(sessions::sign_in))
        .route("/api/password", post(accounts::change_password))
        .route("/api/reset", post(accounts::reset_password))
        .route("/api/invites", get(invites::list).post(invites::create))
        .route("/api/invites/{id}", delete(invites::revoke))
        .route("/api/people", get(people::list))
        .route("/api/people/{user}/role", post(people::change_role))
        .route("/api/people/{user}/sessions", delete(people::end_sessions))
        .route("/api/people/{user}/reset", post(accounts::create_reset_link))
        .route("/api/people/{user}/ban", post(moderation::ban).delete(moderation::lift_ban))
        .route("/api/people/{user}/mute", post(moderation::mute).delete(moderation::unmute))
        .route("/api/bans", get(moderation::bans))
        .route("/api/audit", get(moderation::audit))
}

/// A year, the least that browsers' preload lists and auditors accept. Not for subdomains, which may belong to others.
const TRANSPORT_SECURITY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Security headers of every response. A page has its own content security policy; everything else may load nothing. What
/// does not say otherwise is stored nowhere: answers of the API contain tokens and messages.
async fn security_headers(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let is_https = scheme::is_https(&parts, &app.config);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    let headers = response.headers_mut();
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT_SECURITY);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // The page and the service worker tell by it an error of this server from one of a proxy.
        (HeaderName::from_static(parlor_app::SERVER_HEADER), "1"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
