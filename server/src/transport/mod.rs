//! Transports: how frames travel. Each turns bytes into texts for a [`crate::session::Session`] and back.
//!
//! A WebSocket is a connection by itself. Server-sent events and long polling have many requests to one connection:
//! [`registry`] finds it for each of them, [`carried`] is what it finds.

use std::time::Duration;

use parlor_protocol::{CloseCode, ServerFrame, close};

use crate::{connection::Bye, session::Session};

pub mod cursors;
pub mod frames;
pub mod http_connection;
pub mod poll;
pub mod registry;
pub mod sse;
pub mod websocket;

/// Time for the last frames, and for the peer to take them.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Ends the connection when `hello` has not come in time; never returns. What a late `hello` still has to do (a long
/// replay to a slow reader) goes on.
async fn expect_hello(session: &Session) {
    // Boxed: its room is given back once it is over.
    Box::pin(tokio::time::sleep(session.hello_timeout())).await;
    if !session.greeted() {
        session.close(CloseCode::NoHello);
    }
    std::future::pending::<()>().await;
}

/// The last frame of a connection that the server ends.
fn bye_frame(bye: Bye) -> ServerFrame {
    ServerFrame::Bye {
        code: bye.code.code(),
        reason: bye.code.reason().into(),
        reconnect: close::may_reconnect(bye.code.code()),
        after_ms: bye.after.and_then(|after| u64::try_from(after.as_millis()).ok()),
    }
}
