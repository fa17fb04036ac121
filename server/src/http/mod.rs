//! HTTP: the router, who may come in, the API beside the live protocol, the pages and their files.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{any, delete, get, patch, post, put},
};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};

use crate::{
    accounts::login_throttle::LoginThrottle,
    config::Config,
    limits::{AddressPermit, MutationRateLimit},
    session::Live,
    workers::WorkerSlot,
};

mod accounts;
pub mod address;
mod answer;
mod assets;
mod caller;
mod connections;
mod devices;
mod fields;
mod forms;
mod health;
mod history;
mod invites;
pub(crate) mod language;
mod limit;
mod linger;
mod members;
mod moderation;
mod origin;
mod pages;
mod passwords;
mod people;
mod profile;
pub(crate) mod rooms;
pub(crate) mod sessions;
mod visitor;
mod worker;

pub use answer::ApiError;
pub(crate) use answer::wrong_method;
pub use assets::is_built as has_site_files;
pub(crate) use assets::site_files;
pub use caller::Caller;
pub(crate) use caller::{hash, new_token};
pub use linger::Lingering;
pub use origin::SameOrigin;
pub(crate) use origin::is_foreign;
pub(crate) use visitor::{Visitor, new_secret};
pub use worker::build;

/// Bodies of requests: the largest is a room's name.
const MAX_BODY: usize = 16 * 1024;

/// Time for a request that is not a live connection.
const REQUEST_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(15);

/// What every handler can reach.
#[derive(Clone)]
pub struct App {
    /// Everything live and durable.
    pub live: Arc<Live>,
    /// How the server was started.
    pub config: Arc<Config>,
    /// How fast things may be changed over HTTP.
    pub changes: Arc<MutationRateLimit>,
    /// How often passwords may be tried.
    pub tries: Arc<LoginThrottle>,
}

/// The network connection of a request, in the request's extensions.
#[derive(Clone)]
pub struct ConnectionInfo {
    /// Held until the last clone is dropped.
    pub permit: Arc<ConnectionPermit>,
    /// Ends the connection at once, whatever still waits to be written. Not for an upgraded one.
    pub cut: CancellationToken,
    /// The client's address: the peer's, or what a trusted proxy says of the request.
    pub client: IpAddr,
    /// Counts the request for the client of a trusted proxy.
    pub address_permit: Option<Arc<AddressPermit>>,
}

/// A network connection's share of the server's limits.
pub struct ConnectionPermit {
    /// Counts it for the server.
    pub permit: OwnedSemaphorePermit,
    /// Counts it for its worker.
    pub worker_slot: WorkerSlot,
    /// Counts it for its address; `None` for a trusted proxy's.
    pub address_permit: Option<AddressPermit>,
}

/// The address of the lab's page.
pub const LAB_PAGE: &str = "/lab";

/// The API and the pages, with some `more_pages` that are handled like them.
pub fn routes(app: &App, more_pages: Router<App>) -> Router<App> {
    pages::init();
    let api = Router::new()
        .merge(identity())
        .route("/api/rooms", get(rooms::list).post(rooms::create))
        .route("/api/rooms/{room}/messages", get(history::messages))
        .route("/api/rooms/{room}/events", get(history::events))
        .route("/api/rooms/{room}", patch(rooms::change))
        .route("/api/rooms/{room}/level", put(rooms::level))
        .route("/api/rooms/{room}/members", get(members::list).post(members::add))
        .route("/api/rooms/{room}/members/{user}", patch(members::appoint).delete(members::remove))
        .route("/api/direct", post(rooms::direct))
        .route("/api/{*rest}", any(answer::no_such_endpoint))
        .method_not_allowed_fallback(answer::wrong_method);
    let pages = Router::new()
        .route("/", get(pages::home))
        .route("/r/{room}", get(pages::room))
        .route("/shell", get(pages::shell))
        .route("/sw.js", get(worker::serve))
        .route("/enter", post(sessions::enter))
        .route("/language", post(language::choose));
    api.merge(pages)
        .merge(more_pages)
        .merge(forms::routes())
        .layer(middleware::from_fn_with_state(app.clone(), limit::changes))
        .layer(middleware::from_fn(forms::in_words))
        .layer(CompressionLayer::new())
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
}

/// Adds what all responses have in common, and the site's files at all other addresses.
pub fn with_common_layers(routes: Router<App>) -> Router<App> {
    routes
        .fallback(assets::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn(security_headers))
        .layer(CatchPanicLayer::new())
}

/// Who one is, how one comes in, and who else is there.
fn identity() -> Router<App> {
    Router::new()
        .route("/api/session", post(sessions::create).delete(sessions::end))
        .route("/api/sessions", get(devices::list).delete(devices::end_others))
        .route("/api/sessions/{id}", delete(devices::end))
        .route("/api/me", get(profile::me).patch(profile::change).delete(profile::delete))
        .route("/api/accounts", post(accounts::create))
        .route("/api/sign-in", post(accounts::sign_in))
        .route("/api/password", post(passwords::change))
        .route("/api/reset", post(passwords::reset))
        .route("/api/invites", get(invites::list).post(invites::create))
        .route("/api/invites/{id}", delete(invites::revoke))
        .route("/api/people", get(people::list))
        .route("/api/people/{user}/role", post(people::appoint))
        .route("/api/people/{user}/reset", post(passwords::make_reset))
        .route("/api/people/{user}/ban", post(moderation::ban).delete(moderation::lift_ban))
        .route("/api/people/{user}/mute", post(moderation::mute).delete(moderation::unmute))
        .route("/api/bans", get(moderation::bans))
        .route("/api/audit", get(moderation::audit))
}

/// Headers for every answer. A page brings its own content security policy; everything else may do nothing at all.
async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
