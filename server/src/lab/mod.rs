//! The lab: what a network lets through, and what each way of carrying something costs. Clocks by every transport, a
//! WebSocket that says everything back, and the handshake laid open. `docs/lab.md` is for those who write clients.
//!
//! Nobody needs a session here, so everything is bounded: how many streams there are, how long each lasts, and what one
//! may hold.

use axum::{
    Router,
    routing::{any, get},
};

use crate::http::App;

mod clock;
mod echo;
mod ending;
mod handshake;
mod page;
pub mod streams;

/// The page's address.
pub const PAGE: &str = "/lab";

/// The page and its files.
pub fn page() -> Router<App> {
    Router::new().route(PAGE, get(page::show)).route("/lab/{file}", get(page::file))
}

/// Everything that the page tries. Streams are held open: neither compressed nor timed.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/lab/clock", get(clock::now))
        .route("/lab/clock/poll", get(clock::poll))
        .route("/lab/clock/events", get(clock::events::stream))
        .route("/lab/clock/frame", get(clock::frame::document))
        .route("/lab/clock/ws", any(clock::websocket::upgrade))
        .route("/lab/echo", any(echo::upgrade))
        .route("/lab/handshake", any(handshake::upgrade))
        .route("/lab/handshake/answer", get(handshake::answer))
        .route("/lab/streams", get(streams::list))
}
