//! Frames over a WebSocket, one per text message.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::{Sink, Stream};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use parlor_protocol::SUBPROTOCOL;

use super::{Incoming, Readiness, Transport, frame, lost};
use crate::{browser, i18n::Key, live::transport_fallback::TransportKind};

struct Socket {
    socket: WebSocket,
    /// The same socket, for what gloo does not tell of it.
    raw: web_sys::WebSocket,
    open: bool,
}

/// Begins to connect.
pub(super) fn open() -> Option<Box<dyn Transport>> {
    if !browser::has("WebSocket") {
        return None;
    }
    let url = browser::socket_url(TransportKind::WebSocket.path());
    // `trunk serve` does not pass the subprotocol on, and the browser then gives up. The server takes us without one.
    let raw = if cfg!(feature = "csr") {
        web_sys::WebSocket::new(&url)
    } else {
        web_sys::WebSocket::new_with_str(&url, SUBPROTOCOL)
    };
    let raw = raw.ok()?;
    let socket = WebSocket::try_from(raw.clone()).ok()?;
    Some(Box::new(Socket { socket, raw, open: false }))
}

impl Transport for Socket {
    fn send(&mut self, text: String) {
        // An error means that it is closing, which the next report will tell.
        let _ = Pin::new(&mut self.socket).start_send(Message::Text(text));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        if !self.open {
            let _ = ready!(Pin::new(&mut self.socket).poll_ready(context));
            self.open = true;
            if matches!(self.socket.state(), State::Open) {
                return Poll::Ready(Incoming::Open);
            }
        }
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Text(text))) => frame(serde_json::from_str(&text).ok()),
                // The server sends no binary messages; the code comes after the error.
                Some(Ok(Message::Bytes(_)) | Err(WebSocketError::ConnectionError)) => continue,
                Some(Err(WebSocketError::ConnectionClose(event))) => {
                    Incoming::Closed { code: event.code, reason: event.reason }
                }
                Some(Err(_)) | None => lost(Key::ConnectionLost),
            });
        }
    }

    fn readiness(&self) -> Readiness {
        let state = match self.socket.state() {
            State::Connecting => "CONNECTING",
            State::Open => "OPEN",
            State::Closing => "CLOSING",
            State::Closed => "CLOSED",
        };
        Readiness { state, buffered: self.raw.buffered_amount() }
    }
}
