//! Ways to carry frames. The session knows this trait alone, so that other ways can stand beside the WebSocket.

use std::task::{Context, Poll};

pub mod websocket;

/// What a transport reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Frames can be sent.
    Open,
    /// A frame, as text.
    Frame(String),
    /// The end. Nothing follows.
    Closed {
        /// The close code; 1006 when there was none.
        code: u16,
        /// The server's words.
        reason: String,
    },
}

/// A connection that carries frames both ways. Dropping it closes it.
pub trait Transport {
    /// Sends a frame. Whether it arrived, only an answer can tell.
    fn send(&mut self, text: String);

    /// The next report.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming>;
}

/// This browser has no such transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported;
