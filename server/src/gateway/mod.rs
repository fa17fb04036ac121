//! Ways in for everyone else's clients: plain text, JSON with a nickname, and Socket.IO.
//!
//! A gateway is a translator and nothing else. Each of its clients is an ordinary [`Session`](crate::session::Session):
//! what the client says becomes frames, and what the session gives is put into the client's words. So rights, limits,
//! mutes, bans, presence and the log are those of everybody.

use axum::{Router, routing::any};

use crate::http::App;

mod backlog;
mod dialect;
mod entrance;
mod participant;
mod plain;
mod private;
mod socket;
mod socketio;
mod talk;
mod time;
mod translate;
mod unanswered;

/// The gateways that are switched on.
pub fn routes(app: &App) -> Router<App> {
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
