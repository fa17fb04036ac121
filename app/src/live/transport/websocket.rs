//! WebSocket: one frame for each text message.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures::{Sink, Stream};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use parlor_protocol::SUBPROTOCOL;

use super::{Transport, TransportEvent, TransportStatus, connection_lost, frame_event};
use crate::{browser, i18n::Key, json, live::transport_fallback::TransportKind};

struct Socket {
    socket: WebSocket,
    /// The same socket: gloo does not expose `bufferedAmount`.
    raw: web_sys::WebSocket,
    open: bool,
}

pub(super) fn open() -> Option<Box<dyn Transport>> {
    if !browser::has("WebSocket") {
        return None;
    }
    let url = browser::socket_url(TransportKind::WebSocket.path());
    // The proxy of `trunk serve` does not pass the subprotocol on, and then the browser closes the connection.
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
        // An error means that the socket is closing, which the next event reports.
        let _ = Pin::new(&mut self.socket).start_send(Message::Text(text));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        if !self.open {
            let _ = ready!(Pin::new(&mut self.socket).poll_ready(context));
            self.open = true;
            if matches!(self.socket.state(), State::Open) {
                return Poll::Ready(TransportEvent::Open);
            }
        }
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(Message::Text(text))) => frame_event(json::decode(&text)),
                // The server sends no binary messages. The close code comes after the error.
                Some(Ok(Message::Bytes(_)) | Err(WebSocketError::ConnectionError)) => continue,
                Some(Err(WebSocketError::ConnectionClose(event))) => {
                    TransportEvent::Closed { code: event.code, reason: event.reason }
                }
                Some(Err(_)) | None => connection_lost(Key::ConnectionLost),
            });
        }
    }

    fn status(&self) -> TransportStatus {
        let state = match self.socket.state() {
            State::Connecting => "CONNECTING",
            State::Open => "OPEN",
            State::Closing => "CLOSING",
            State::Closed => "CLOSED",
        };
        TransportStatus { state, buffered: self.raw.buffered_amount() }
    }
}
