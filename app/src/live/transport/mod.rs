//! Transports, which carry frames in both directions. The session knows only this trait, so any of them can replace another.

use std::task::{Context, Poll};

use parlor_protocol::ServerFrame;

use super::transport_fallback::TransportKind;
use crate::i18n::{I18n, Key};
#[cfg(test)]
use crate::json;

mod http;
mod inbox;
mod poll;
mod request;
mod sse;
mod uplink;
mod websocket;

pub use request::server_responds;

#[derive(Clone, Debug, PartialEq)]
pub enum TransportEvent {
    /// Frames can be sent.
    Open,
    /// The server has accepted the first frames. Only transports that send by POST report this.
    Accepted,
    /// The connection is alive, but there is no frame, or one of a newer server that cannot be read. If that was an event,
    /// the next one shows the hole.
    Alive,
    Frame(ServerFrame),
    /// Other tabs of this browser have all the connections of this kind that it can have. Nothing follows.
    Full,
    /// The connection has ended. Nothing follows.
    Closed {
        /// The close code; 1006 if there was none.
        code: u16,
        /// The server's reason, or the page's if the browser closed the connection.
        reason: String,
    },
}

/// A transport's status, for the connection panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportStatus {
    /// The name of the `readyState`; empty if there is none.
    pub state: &'static str,
    /// Bytes that were queued and not sent.
    pub buffered: u32,
}

/// A connection that carries frames in both directions. Dropping it closes it.
pub trait Transport {
    /// Sends a frame. Only an answer tells whether it arrived.
    fn send(&mut self, text: String);

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent>;

    fn status(&self) -> TransportStatus;
}

/// Starts to connect. None if the browser does not have this transport.
pub fn open(kind: TransportKind) -> Option<Box<dyn Transport>> {
    if cfg!(not(feature = "browser")) {
        return None;
    }
    match kind {
        TransportKind::WebSocket => websocket::open(),
        TransportKind::EventStream | TransportKind::Poll => http::open(kind),
    }
}

/// A frame that cannot be read is of a newer server, and shows that the connection is alive.
fn frame_event(frame: Option<ServerFrame>) -> TransportEvent {
    frame.map_or(TransportEvent::Alive, TransportEvent::Frame)
}

/// The end of a connection for which the server gave no close code.
fn connection_lost(why: Key) -> TransportEvent {
    TransportEvent::Closed { code: 1006, reason: I18n::default().t(why).to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use parlor_protocol::EventKind;

    use super::*;

    fn decode(text: &str) -> TransportEvent {
        frame_event(json::decode(text))
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let text = r#"{"type":"pong","at":1,"now":2,"of":["tomorrow"]}"#;
        assert_eq!(decode(text), TransportEvent::Frame(ServerFrame::Pong { at: 1, now: 2 }));
    }

    /// An event that was dropped would leave a hole in the log.
    #[test]
    fn an_unknown_event_kind_keeps_its_seq() {
        let text = r#"{"type":"event","room":"lobby","seq":58,"id":"01938a40-0000-7000-8000-000000000001","at":5,
            "by":{"id":"01938a40-0000-7000-8000-000000000001","name":"ann","kind":"guest"},
            "event":{"kind":"of_tomorrow","what":{"is":"new"}}}"#;
        let TransportEvent::Frame(ServerFrame::Event(event)) = decode(text) else { panic!("no event") };
        assert_eq!((event.seq, event.event), (58, EventKind::Unknown));
    }

    #[test]
    fn unknown_and_unreadable_frames_show_that_the_connection_is_alive() {
        let unknown = TransportEvent::Frame(ServerFrame::Unknown);
        assert_eq!(decode(r#"{"type":"of_tomorrow","at":1}"#), unknown);
        for text in ["", "[]", "{}", r#"{"type":"pong"}"#, r#"{"type":"pong","at":"late","now":2}"#] {
            assert_eq!(decode(text), TransportEvent::Alive, "{text}");
        }
    }
}
