//! Ways to carry frames. The session knows this trait alone, so that each way can stand in for the others.

use std::task::{Context, Poll};

use parlor_protocol::ServerFrame;

use super::transport_fallback::TransportKind;
#[cfg(feature = "browser")]
use crate::i18n::{I18n, Key};

#[cfg(feature = "browser")]
mod inbox;
#[cfg(feature = "browser")]
mod poll;
#[cfg(feature = "browser")]
mod request;
#[cfg(feature = "browser")]
mod sse;
#[cfg(feature = "browser")]
mod uplink;
#[cfg(feature = "browser")]
mod websocket;

#[cfg(feature = "browser")]
pub use request::answers;

/// What a transport reports.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Frames can be sent.
    Open,
    /// The server has taken the first frames. Only transports whose two directions are apart say so.
    Taken,
    /// A sign of life without a frame, or with one that cannot be read: it is of a newer server. If it was an event, the
    /// next one shows the hole.
    Alive,
    /// A frame.
    Frame(ServerFrame),
    /// The end. Nothing follows.
    Closed {
        /// The close code; 1006 when there was none.
        code: u16,
        /// Why: the server's words, or for what only the browser knows the page's.
        reason: String,
    },
}

/// How a transport stands, for people who look for a fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// The browser's name for its `readyState`; empty when there is none.
    pub state: &'static str,
    /// Bytes that were given to it and have not left.
    pub buffered: u32,
}

/// A connection that carries frames both ways. Dropping it closes it.
pub trait Transport {
    /// Sends a frame. Whether it arrived, only an answer can tell.
    fn send(&mut self, text: String);

    /// The next report.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming>;

    /// How it stands.
    fn readiness(&self) -> Readiness;
}

/// Begins to connect. None where there is no such transport.
#[cfg(feature = "browser")]
#[must_use]
pub fn open(rung: TransportKind) -> Option<Box<dyn Transport>> {
    match rung {
        TransportKind::WebSocket => websocket::open(),
        TransportKind::Stream => sse::open(),
        TransportKind::Poll => Some(poll::open()),
    }
}

/// Begins to connect. None where there is no such transport.
#[cfg(not(feature = "browser"))]
#[must_use]
pub fn open(_: TransportKind) -> Option<Box<dyn Transport>> {
    None
}

/// Whether the server answers at all, within a few seconds.
#[cfg(not(feature = "browser"))]
pub async fn answers() -> bool {
    false
}

/// A frame as a report. One that cannot be read is a sign of life.
#[cfg(feature = "browser")]
fn frame(value: Option<serde_json::Value>) -> Incoming {
    value.and_then(crate::wire::Read::read).map_or(Incoming::Alive, Incoming::Frame)
}

/// An end without a close code of the server's.
#[cfg(feature = "browser")]
fn lost(why: Key) -> Incoming {
    Incoming::Closed { code: 1006, reason: I18n::default().t(why).to_owned() }
}
