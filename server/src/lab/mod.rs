//! The lab: tests what a network lets through and what each transport costs. A clock over every transport, a WebSocket
//! echo, and the opening handshake step by step. `docs/lab.md` describes it for client authors.
//!
//! It needs no session, so the number, duration and memory of its streams are limited.

use std::sync::Arc;

use axum::{
    Extension, Router,
    routing::{any, get},
};

use crate::{
    extract::{AppState, method_not_allowed},
    http::LAB_PAGE,
};

mod clock;
mod close;
mod echo;
mod handshake;
mod metered_reader;
mod page;
mod streams;

pub use streams::Streams;

pub fn page() -> Router<AppState> {
    Router::new().route(LAB_PAGE, get(page::show)).route("/lab/{file}", get(page::file))
}

/// The endpoints that the page uses. Streams stay open: they must be neither compressed nor timed out.
pub fn routes(streams: Arc<Streams>) -> Router<AppState> {
    Router::new()
        .route("/lab/clock", get(clock::now))
        .route("/lab/clock/poll", get(clock::poll))
        .route("/lab/clock/events", get(clock::events::stream))
        .route("/lab/clock/frame", get(clock::frame::document))
        .route("/lab/clock/ws", any(clock::websocket::upgrade))
        .route("/lab/echo", any(echo::upgrade))
        .route("/lab/handshake", any(handshake::upgrade))
        .route("/lab/handshake/answer", get(handshake::answer))
        .route("/lab/streams", get(self::streams::list))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(streams))
}
