//! A client as the protocol wants it, that keeps a log: it holds a message until its ack, resumes where it was, and comes
//! back whatever happens to it.

mod http;
mod link;
mod session;
mod state;

use std::{net::SocketAddr, sync::Arc, time::Duration};

pub use http::Http;
use parking_lot::Mutex;
use parlor_protocol::{CommandId, RoomId, Seq, http::CreatedSession};
use state::State;
pub use state::Stats;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::checker::ClientLog;

/// How frames travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// `GET /live/ws`
    WebSocket,
    /// `GET /live/sse` and `POST /live/frames`
    Sse,
    /// `GET /live/poll` and `POST /live/frames`
    Poll,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::Poll];

    /// For names and output.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::WebSocket => "ws",
            Self::Sse => "sse",
            Self::Poll => "poll",
        }
    }
}

/// How long a client waits before it comes back: twice as long after each failure.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After the first failure.
    pub first: Duration,
    /// Never longer.
    pub most: Duration,
    /// Whether each wait is a random part of that.
    pub jitter: bool,
}

impl Default for Backoff {
    /// Short, for runs of seconds.
    fn default() -> Self {
        Self { first: Duration::from_millis(20), most: Duration::from_millis(500), jitter: true }
    }
}

/// Who a client is and how it gets to the server.
#[derive(Clone, Debug)]
pub struct Config {
    /// Stands in the log and in violations.
    pub name: String,
    /// The session.
    pub made: CreatedSession,
    /// Where to connect.
    pub address: SocketAddr,
    /// How.
    pub transport: Transport,
    /// The rooms to join, each from its first event.
    pub rooms: Vec<RoomId>,
    /// Waits between connections.
    pub backoff: Backoff,
    /// For all that is left to chance.
    pub seed: u64,
}

/// What a client is told to do.
#[derive(Clone, Copy, Debug)]
enum Order {
    /// Does nothing for so long, and does not read its socket.
    Freeze(Duration),
    /// Ends its connection and comes back.
    Drop,
}

/// A running client. It ends when this is dropped.
#[derive(Debug)]
pub struct Client {
    state: Arc<Mutex<State>>,
    /// Something is to be sent.
    wake: Arc<Notify>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

/// What is left of a client.
#[derive(Debug)]
pub struct Ended {
    /// For the checker.
    pub log: ClientLog,
    /// For the summary.
    pub stats: Stats,
    /// What it saw that breaks the protocol in ways that no history shows.
    pub complaints: Vec<String>,
}

impl Client {
    /// Starts a client.
    #[must_use]
    pub fn start(config: Config) -> Self {
        let state = Arc::new(Mutex::new(State::new(config.name.clone(), &config.rooms)));
        let wake = Arc::new(Notify::new());
        let (orders, taken) = mpsc::unbounded_channel();
        let task = tokio::spawn(session::run(config, Arc::clone(&state), Arc::clone(&wake), taken));
        Self { state, wake, orders, task }
    }

    /// Puts a message into the outbox, with an id that it keeps for ever.
    pub fn write(&self, room: &RoomId, body: String) -> CommandId {
        let id = CommandId(Uuid::now_v7());
        self.state.lock().write(room, id, body);
        self.wake.notify_one();
        id
    }

    /// Messages in the outbox.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting()
    }

    /// How far it has seen a room. None before it has joined, and while it must load a page.
    #[must_use]
    pub fn seen(&self, room: &RoomId) -> Option<Seq> {
        self.state.lock().seen(room)
    }

    /// Whether it is connected and greeted.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state.lock().greeted()
    }

    /// Counts so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.state.lock().stats
    }

    /// Makes it do nothing for a while; its socket stays open and is not read.
    pub fn freeze(&self, time: Duration) {
        // Only an ended client takes no orders.
        let _ = self.orders.send(Order::Freeze(time));
    }

    /// Makes it drop its connection and come back.
    pub fn reconnect(&self) {
        let _ = self.orders.send(Order::Drop);
    }

    /// A line on how it stands, for when something is wrong.
    #[must_use]
    pub fn describe(&self) -> String {
        self.state.lock().describe()
    }

    /// Ends it. Its log can be taken once.
    #[must_use]
    pub fn end(&self) -> Ended {
        self.task.abort();
        let mut state = self.state.lock();
        Ended {
            log: std::mem::take(&mut state.log),
            stats: state.stats,
            complaints: std::mem::take(&mut state.complaints),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}
