//! A client that follows the protocol and keeps a log: it keeps messages until their ack, resumes by cursor and always
//! reconnects.

mod http;
mod link;
mod session;
mod state;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

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
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::Poll];

    /// For names and output.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::WebSocket => "ws",
            Self::Sse => "sse",
            Self::Poll => "poll",
        }
    }
}

/// Reconnect delay, doubled after each failure.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Delay after the first failure.
    pub first: Duration,
    /// Maximum delay.
    pub most: Duration,
    /// Whether each delay is randomised.
    pub jitter: bool,
}

impl Default for Backoff {
    /// Short delays, for runs of seconds.
    fn default() -> Self {
        Self { first: Duration::from_millis(20), most: Duration::from_millis(500), jitter: true }
    }
}

/// Configuration of a client.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name in the log and in violations.
    pub name: String,
    pub made: CreatedSession,
    /// The nodes. It connects to the first one, and whenever it has lost its connection to another one, if there is one.
    pub addresses: Vec<SocketAddr>,
    pub transport: Transport,
    /// The rooms to join, each from its first event.
    pub rooms: Vec<RoomId>,
    /// Reconnect delays.
    pub backoff: Backoff,
    /// Seed of random choices.
    pub seed: u64,
    /// It may be removed from rooms, which it then joins again as soon as it may, and be banned (see [`Client::may_end`]).
    /// When it received what is recorded.
    pub revocable: bool,
}

/// An event that a revocable client received.
#[derive(Clone, Debug)]
pub struct Receipt {
    pub room: RoomId,
    pub seq: Seq,
    pub at: Instant,
}

/// A time for which a revocable client was connected to a node.
#[derive(Clone, Copy, Debug)]
pub struct ConnectedPeriod {
    pub address: SocketAddr,
    pub from: Instant,
    /// None if it was connected to the end.
    pub to: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    /// Stop reading and sending for a time.
    Freeze(Duration),
    /// Drop the connection and reconnect.
    Drop,
}

/// A running client, stopped when dropped.
#[derive(Debug)]
pub struct Client {
    state: Arc<Mutex<State>>,
    /// Wakes the client when there is something to send.
    wake: Arc<Notify>,
    orders: mpsc::UnboundedSender<Order>,
    task: JoinHandle<()>,
}

/// Result of a stopped client.
#[derive(Debug)]
pub struct Ended {
    pub log: ClientLog,
    pub stats: Stats,
    /// Protocol violations that no history shows.
    pub protocol_errors: Vec<String>,
    /// Of a revocable client.
    pub receipts: Vec<Receipt>,
    pub connected: Vec<ConnectedPeriod>,
}

impl Client {
    pub fn start(config: Config) -> Self {
        let state = Arc::new(Mutex::new(State::new(&config)));
        let wake = Arc::new(Notify::new());
        let (orders, taken) = mpsc::unbounded_channel();
        let task = tokio::spawn(session::run(config, Arc::clone(&state), Arc::clone(&wake), taken));
        Self { state, wake, orders, task }
    }

    /// Queues a message in the outbox and returns its id.
    pub fn write(&self, room: &RoomId, body: String) -> CommandId {
        let id = CommandId(Uuid::now_v7());
        self.state.lock().write(room, id, body);
        self.wake.notify_one();
        id
    }

    /// Messages in the outbox.
    pub fn waiting(&self) -> usize {
        self.state.lock().waiting()
    }

    /// Whether the outbox has messages that are not newer than an id.
    pub fn waits_for(&self, newest: CommandId) -> bool {
        self.state.lock().waits_for(newest)
    }

    /// Newest seq seen in a room. `None` before it has joined and while it has to load a page.
    pub fn seen(&self, room: &RoomId) -> Option<Seq> {
        self.state.lock().seen(room)
    }

    /// Whether it joins a room.
    pub fn has_room(&self, room: &RoomId) -> bool {
        self.state.lock().has_room(room)
    }

    /// Whether it is connected and greeted.
    pub fn is_connected(&self) -> bool {
        self.state.lock().greeted()
    }

    /// Counts so far.
    pub fn stats(&self) -> Stats {
        self.state.lock().stats
    }

    /// Stops reading and sending for a time; the socket stays open.
    pub fn freeze(&self, time: Duration) {
        // Fails only if the client was stopped.
        let _ = self.orders.send(Order::Freeze(time));
    }

    /// Drops the connection and reconnects.
    pub fn reconnect(&self) {
        let _ = self.orders.send(Order::Drop);
    }

    /// From now on the server may end it for good, as by a ban. Applies to revocable clients.
    pub fn may_end(&self) {
        self.state.lock().may_end = true;
    }

    /// Describes the client's state in one line, for error messages.
    pub fn describe(&self) -> String {
        self.state.lock().describe()
    }

    /// Stops the client and returns its log, once.
    pub fn end(&self) -> Ended {
        self.task.abort();
        let mut state = self.state.lock();
        Ended {
            log: std::mem::take(&mut state.log),
            stats: state.stats,
            protocol_errors: std::mem::take(&mut state.protocol_errors),
            receipts: std::mem::take(&mut state.receipts),
            connected: std::mem::take(&mut state.connected),
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}
