//! One connection, whatever the transport: frames out, frames in.

mod event_stream;
mod poll;
mod post;
mod sse;
mod websocket;

use parlor_protocol::{ClientFrame, PROTOCOL_VERSION, ServerFrame};
use tokio::{sync::mpsc, task::JoinSet};

use super::{Transport, session::Session, state::Cursors};

/// What came, or how it ended.
#[derive(Debug)]
pub(super) enum Heard {
    Frame(ServerFrame),
    /// The `id` of an event stream, and the cursors in it.
    Id(String, Cursors),
    /// Anything else that shows the server to be there.
    Sign,
    /// What no reader can make sense of.
    Garbled(String),
    /// And why, as far as it is known.
    Ended(String),
}

/// A few: what is not taken stays in the socket, and is felt by the server.
const HEARD_AHEAD: usize = 8;

/// A connection that has said hello. It is cut when dropped.
pub(super) struct Link {
    heard: mpsc::Receiver<Heard>,
    say: mpsc::UnboundedSender<Vec<ClientFrame>>,
    _tasks: JoinSet<()>,
}

impl Link {
    pub(super) fn say(&self, frames: Vec<ClientFrame>) {
        // If nobody takes them any more, the end is on its way.
        let _ = self.say.send(frames);
    }

    pub(super) async fn hear(&mut self) -> Heard {
        self.heard.recv().await.unwrap_or_else(|| Heard::Ended("the stream ended".into()))
    }
}

/// Opens a connection and says hello, or has the server say it.
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

fn read(text: &str) -> Heard {
    ServerFrame::decode(text).map_or_else(|error| Heard::Garbled(format!("{error} in {text}")), Heard::Frame)
}
