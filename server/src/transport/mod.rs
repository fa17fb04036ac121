//! Transports of the live protocol. Each turns bytes into frames for a [`Session`] and back.
//!
//! A WebSocket is one connection by itself. With server-sent events and long polling, many requests belong to one
//! connection: [`http_connections`] finds it for each request.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    routing::{any, get, post},
};
use parlor_protocol::{CloseCode, ServerFrame, close};

use crate::{
    connection::Disconnect,
    extract::{AppState, method_not_allowed},
    session::Session,
};

pub mod cursors;
pub mod frames;
mod http_connection;
mod http_connections;
mod poll;
mod sse;
mod websocket;

pub use http_connections::HttpConnections;

/// Time for the peer to take the last frames.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// The endpoints of the live protocol. Their answers must be neither compressed nor timed out: they stay open, and a
/// compressor would hold frames back.
pub fn routes(connections: Arc<HttpConnections>) -> Router<AppState> {
    Router::new()
        .route("/live/ws", any(websocket::upgrade))
        .route("/live/sse", get(sse::stream))
        .route("/live/poll", get(poll::poll))
        .route("/live/frames", post(frames::take))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(Extension(connections))
}

/// Closes the connection when `hello` has not come in time. Never returns: a late `hello` may still have work to do, such
/// as a long replay to a slow reader.
async fn expect_hello(session: &Session) {
    // Boxed so that the timer's memory is freed afterwards.
    Box::pin(tokio::time::sleep(session.hello_timeout())).await;
    if !session.has_greeted() {
        session.close(CloseCode::NoHello);
    }
    std::future::pending::<()>().await;
}

/// The last frame of a connection that the server closes.
fn bye_frame(disconnect: Disconnect) -> ServerFrame {
    ServerFrame::Bye {
        code: disconnect.code.code(),
        reason: disconnect.code.reason().into(),
        reconnect: close::may_reconnect(disconnect.code.code()),
        after_ms: disconnect.reconnect_after.and_then(|after| u64::try_from(after.as_millis()).ok()),
    }
}
