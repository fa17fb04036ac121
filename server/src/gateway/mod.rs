//! Gateways for clients with other protocols: plain text, JSON with a nickname, and Socket.IO.
//!
//! A gateway only translates. Each client has an ordinary [`Session`](crate::session::Session): its input becomes client
//! frames, and server frames become messages of its protocol. So rights, limits, moderation and presence apply as
//! everywhere.

use axum::{Router, routing::any};

use crate::extract::AppState;

mod backlog;
mod connection;
mod credentials;
mod direct_message;
mod participant;
mod pending_texts;
mod plain;
mod plain_format;
mod refusal;
mod socket;
mod socketio;
mod translate;

/// The enabled gateways.
pub fn routes(app: &AppState) -> Router<AppState> {
    let on = app.config.gateways;
    let mut routes = Router::new();
    if on.text {
        routes = routes.route("/gateway/text", any(socket::text));
    }
    if on.json {
        routes = routes.route("/gateway/json", any(socket::json));
    }
    if on.socket_io {
        routes = routes.merge(socketio::routes(app));
    }
    routes
}
