//! WebSocket: one frame for each text message.

use std::task::{Context, Poll};

use parlor_protocol::SUBPROTOCOL;
use wasm_bindgen::JsCast as _;
use web_sys::{CloseEvent, WebSocket};

use super::{
    Transport, TransportEvent, TransportStatus, frame_event,
    inbox::{EventListener, Inbox, message_text},
};
use crate::{browser, json, live::transport_fallback::TransportKind};

struct Socket {
    socket: WebSocket,
    inbox: Inbox,
    _listener: EventListener,
}

pub(super) fn open() -> Option<Box<dyn Transport>> {
    if !browser::has("WebSocket") {
        return None;
    }
    let url = browser::socket_url(TransportKind::WebSocket.path());
    // The proxy of `trunk serve` does not pass the subprotocol on, and then the browser closes the connection.
    let socket =
        if cfg!(feature = "csr") { WebSocket::new(&url) } else { WebSocket::new_with_str(&url, SUBPROTOCOL) }.ok()?;
    let inbox = Inbox::default();
    let sender = inbox.clone();
    // An error says nothing, and `close` follows it.
    let listener = EventListener::new(&socket, &["open", "message", "close"], move |event| {
        sender.put(match event.dyn_ref::<CloseEvent>() {
            Some(end) => TransportEvent::Closed { code: end.code(), reason: end.reason() },
            None if event.type_() == "open" => TransportEvent::Open,
            // The server sends no binary messages.
            None => message_text(&event).map_or(TransportEvent::Alive, |text| frame_event(json::decode(&text))),
        });
    });
    Some(Box::new(Socket { socket, inbox, _listener: listener }))
}

impl Transport for Socket {
    fn send(&mut self, text: String) {
        // An error means that the socket is closing, which the next event reports.
        let _ = self.socket.send_with_str(&text);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        self.inbox.poll(context)
    }

    fn status(&self) -> TransportStatus {
        let state = match self.socket.ready_state() {
            WebSocket::CONNECTING => "CONNECTING",
            WebSocket::OPEN => "OPEN",
            WebSocket::CLOSING => "CLOSING",
            _ => "CLOSED",
        };
        TransportStatus { state, buffered: self.socket.buffered_amount() }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.socket.close();
    }
}
