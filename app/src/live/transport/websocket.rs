//! Frames over a WebSocket, one per text message.

use std::task::{Context, Poll};

use parlor_protocol::SUBPROTOCOL;
use wasm_bindgen::JsCast;
use web_sys::{CloseEvent, WebSocket};

use super::{
    Incoming, Readiness, Transport, frame,
    inbox::{Ears, Inbox, data},
};
use crate::{browser, live::ladder::Rung};

struct Socket {
    socket: WebSocket,
    inbox: Inbox,
    _ears: Ears,
}

/// Begins to connect.
pub(super) fn open() -> Option<Box<dyn Transport>> {
    if !browser::has("WebSocket") {
        return None;
    }
    let url = browser::socket_url(Rung::WebSocket.path());
    // `trunk serve` does not pass the subprotocol on, and the browser then gives up. The server takes us without one.
    let socket =
        if cfg!(feature = "csr") { WebSocket::new(&url) } else { WebSocket::new_with_str(&url, SUBPROTOCOL) }.ok()?;
    let inbox = Inbox::default();
    let put = inbox.clone();
    // What it calls an error says nothing, and its close follows.
    let ears = Ears::new(&socket, &["open", "message", "close"], move |event| {
        put.put(match event.type_().as_str() {
            "open" => Incoming::Open,
            "message" => frame(data(&event)),
            _ => {
                let close = event.unchecked_ref::<CloseEvent>();
                Incoming::Closed { code: close.code(), reason: close.reason() }
            }
        });
    });
    Some(Box::new(Socket { socket, inbox, _ears: ears }))
}

impl Transport for Socket {
    fn send(&mut self, text: String) {
        // An error means that it is closing, which the next report will tell.
        let _ = self.socket.send_with_str(&text);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        self.inbox.poll(context)
    }

    fn readiness(&self) -> Readiness {
        let state = match self.socket.ready_state() {
            WebSocket::CONNECTING => "CONNECTING",
            WebSocket::OPEN => "OPEN",
            WebSocket::CLOSING => "CLOSING",
            _ => "CLOSED",
        };
        Readiness { state, buffered: self.socket.buffered_amount() }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.socket.close();
    }
}
