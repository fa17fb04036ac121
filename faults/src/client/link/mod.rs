//! One connection over any transport: frames out, events in.

mod event_stream;
mod poll;
mod post;
mod sse;
mod websocket;

use parlor_protocol::{ClientFrame, PROTOCOL_VERSION, ServerFrame};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Transport, session::Session, state::Cursors};

#[derive(Debug)]
pub(super) enum LinkEvent {
    Frame(ServerFrame),
    /// The `id` of an event stream, and the cursors in it.
    Id(String, Cursors),
    /// Anything else that shows that the server is alive.
    Activity,
    /// Data that cannot be decoded.
    Invalid(String),
    /// The connection was closed, with the reason if known.
    Closed(String),
}

/// Small, so that a client that does not read exerts back-pressure on the server.
const EVENT_BUFFER: usize = 8;

/// A connection that has sent `hello`. Closed when dropped.
pub(super) struct Link {
    events: mpsc::Receiver<LinkEvent>,
    outgoing: mpsc::UnboundedSender<Vec<ClientFrame>>,
    _tasks: JoinSet<()>,
}

impl Link {
    pub(super) fn send(&self, frames: Vec<ClientFrame>) {
        // Fails only after the connection was closed, which `next` reports.
        let _ = self.outgoing.send(frames);
    }

    pub(super) async fn next(&mut self) -> LinkEvent {
        self.events.recv().await.unwrap_or_else(|| LinkEvent::Closed("the stream ended".into()))
    }
}

/// Opens a connection and sends `hello`, or lets the server resume from `Last-Event-ID`.
pub(super) async fn open(session: &mut Session) -> anyhow::Result<Link> {
    match session.config.transport {
        Transport::WebSocket => websocket::open(session).await,
        Transport::Sse => sse::open(session).await,
        Transport::Poll => poll::open(session).await,
    }
}

fn hello(session: &Session) -> ClientFrame {
    ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: session.state.lock().resume() }
}

fn read(text: &str) -> LinkEvent {
    ServerFrame::decode(text).map_or_else(|error| LinkEvent::Invalid(format!("{error} in {text}")), LinkEvent::Frame)
}
