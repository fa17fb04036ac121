//! One connection, from its opening to its end: hello, frames, heartbeat.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures::{Future as _, StreamExt as _, channel::mpsc::UnboundedReceiver};
use leptos::prelude::*;
use parlor_protocol::{ClientFrame, Millis, RoomId, Seq, ServerFrame, limits};

use super::{
    client::{Client, Command},
    connection::ConnectionState,
    reconnect::Bye,
    transport::{Incoming, Transport, websocket},
};
use crate::{browser, clock, wire};

/// A connection that has not welcomed us within this time is given up.
const OPENING: Millis = 15_000;
/// Between two `read` frames.
const READ_PAUSE: Millis = 1_000;
/// A ping without an answer for this long means a dead connection.
#[allow(clippy::cast_possible_truncation)]
const GRACE: Millis = limits::HEARTBEAT_GRACE.as_millis() as Millis;

/// How a connection ended.
pub(super) enum End {
    /// There is no transport.
    Unsupported,
    /// The browser says that the network is gone.
    Offline,
    /// It ended.
    Closed {
        /// The close code; 1006 when there was none.
        code: u16,
        /// The server's words.
        reason: String,
        /// What the server said before.
        bye: Option<Bye>,
        /// How long it was good for, in milliseconds; none when it never was.
        lasted: Option<Millis>,
    },
}

/// What a session waits for.
enum Happened {
    Came(Incoming),
    Told(Command),
    Time,
}

struct Session {
    client: Client,
    transport: Box<dyn Transport>,
    began: Millis,
    open: bool,
    welcomed: Option<Millis>,
    bye: Option<Bye>,
    heartbeat: Millis,
    ping_at: Millis,
    unanswered: Option<Millis>,
    reads: Vec<(RoomId, Seq)>,
    read_at: Millis,
}

/// Connects and stays until the end.
pub(super) async fn session(client: Client, commands: &mut UnboundedReceiver<Command>) -> End {
    let Ok(transport) = websocket::open() else { return End::Unsupported };
    let began = clock::now();
    let session = Session {
        client,
        transport,
        began,
        open: false,
        welcomed: None,
        bye: None,
        heartbeat: Millis::MAX / 4,
        ping_at: Millis::MAX,
        unanswered: None,
        reads: Vec::new(),
        read_at: 0,
    };
    session.run(commands).await
}

impl Session {
    async fn run(mut self, commands: &mut UnboundedReceiver<Command>) -> End {
        loop {
            // Everything that has come is applied before the page is brought up to date once.
            let ready = poll_fn(|context| {
                Poll::Ready(match self.transport.poll(context) {
                    Poll::Ready(incoming) => Some(incoming),
                    Poll::Pending => None,
                })
            });
            if let Some(incoming) = ready.await {
                if let Some(end) = self.take(incoming) {
                    return end;
                }
                continue;
            }
            self.client.publish();
            self.send_ready();
            match self.happens(commands).await {
                Happened::Came(incoming) => {
                    if let Some(end) = self.take(incoming) {
                        return end;
                    }
                }
                Happened::Told(Command::Offline) => return End::Offline,
                Happened::Told(command) => self.obey(command),
                Happened::Time => {
                    if let Some(end) = self.time() {
                        return end;
                    }
                }
            }
        }
    }

    async fn happens(&mut self, commands: &mut UnboundedReceiver<Command>) -> Happened {
        let wait = (self.deadline() - clock::now()).clamp(1, 600_000);
        let mut timer = pin!(clock::sleep(u32::try_from(wait).unwrap_or(1)));
        poll_fn(|context| {
            if let Poll::Ready(incoming) = self.transport.poll(context) {
                return Poll::Ready(Happened::Came(incoming));
            }
            if let Poll::Ready(Some(command)) = commands.poll_next_unpin(context) {
                return Poll::Ready(Happened::Told(command));
            }
            timer.as_mut().poll(context).map(|()| Happened::Time)
        })
        .await
    }

    fn take(&mut self, incoming: Incoming) -> Option<End> {
        match incoming {
            Incoming::Open => {
                self.open = true;
                let hello = self.client.read(|state| Some(state.hello()));
                hello.into_iter().for_each(|hello| self.say(&hello));
            }
            Incoming::Frame(text) => {
                self.unanswered = None;
                // What cannot be read is of a newer server. If it was an event, the next one shows the hole.
                if let Some(frame) = wire::read(&text) {
                    self.frame(frame);
                }
            }
            Incoming::Closed { code, reason } => return Some(self.end(code, reason)),
        }
        None
    }

    fn frame(&mut self, frame: ServerFrame) {
        let now = clock::now();
        match &frame {
            ServerFrame::Welcome { heartbeat_ms, you, .. } => {
                self.client.met(you);
                self.welcomed = Some(now);
                self.heartbeat = Millis::try_from(*heartbeat_ms).unwrap_or(Millis::MAX / 4).max(1_000);
                // Not all clients of a restarted server ping at the same moment.
                #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
                let first = (self.heartbeat as f64 * clock::random()) as Millis;
                self.ping_at = now + first;
                self.client.connection.set(ConnectionState::Connected { address: browser::host() });
            }
            ServerFrame::Bye { code, reason, reconnect, after_ms } => {
                self.bye =
                    Some(Bye { code: *code, reason: reason.clone(), reconnect: *reconnect, after_ms: *after_ms });
            }
            _ => {}
        }
        let mut todos = Vec::new();
        self.client.read(|state| todos = state.apply(frame, now));
        self.client.act(todos);
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Say(ClientFrame::Read { room, seq }) => {
                self.reads.retain(|(other, _)| *other != room);
                self.reads.push((room, seq));
            }
            // Before the opening there is nothing to say: `hello` will resume all rooms that are open then.
            Command::Say(frame) if self.open => self.say(&frame),
            Command::Probe | Command::Online | Command::TryNow if self.welcomed.is_some() => self.ping(),
            _ => {}
        }
    }

    fn time(&mut self) -> Option<End> {
        let now = clock::now();
        if self.welcomed.is_none() && now >= self.began + OPENING {
            return Some(self.end(1006, "no answer".into()));
        }
        if self.unanswered.is_some_and(|since| now >= since + GRACE) {
            return Some(self.end(1006, "heartbeat missed".into()));
        }
        if now >= self.ping_at {
            self.ping();
        }
        None
    }

    fn ping(&mut self) {
        let now = clock::now();
        self.ping_at = now + self.heartbeat;
        self.unanswered.get_or_insert(now);
        self.say(&ClientFrame::Ping { at: now });
    }

    /// Messages that may go, and what was read.
    fn send_ready(&mut self) {
        if self.welcomed.is_none() {
            return;
        }
        let now = clock::now();
        let (frames, todos) = self.client.read(|state| state.take_ready(now));
        if !frames.is_empty() {
            frames.iter().for_each(|frame| self.say(frame));
            self.client.publish();
        }
        self.client.act(todos);
        if !self.reads.is_empty() && now >= self.read_at {
            self.read_at = now + READ_PAUSE;
            for (room, seq) in std::mem::take(&mut self.reads) {
                self.say(&ClientFrame::Read { room, seq });
            }
        }
    }

    fn deadline(&self) -> Millis {
        let now = clock::now();
        let held = self.client.read(|state| state.outbox.held_until(now));
        [
            self.welcomed.is_none().then_some(self.began + OPENING),
            self.unanswered.map(|since| since + GRACE),
            (!self.reads.is_empty()).then_some(self.read_at),
            held,
            Some(self.ping_at),
        ]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(self.ping_at)
    }

    fn say(&mut self, frame: &ClientFrame) {
        self.transport.send(frame.encode());
    }

    fn end(&mut self, code: u16, reason: String) -> End {
        let lasted = self.welcomed.map(|since| clock::now() - since);
        End::Closed { code, reason, bye: self.bye.take(), lasted }
    }
}
