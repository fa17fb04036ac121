//! One connection, from its opening to its end: hello, frames, heartbeat. On a lower rung of the ladder it looks for a better
//! way beside the one it has, and changes over without a break.

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, task::Poll, time::Duration};

use futures::{Future as _, StreamExt as _, channel::mpsc::UnboundedReceiver};
use leptos::prelude::*;
use parlor_protocol::{ClientFrame, Millis, RoomId, Seq, ServerFrame};

use super::{
    client::{Client, Command},
    connection::ConnectionState,
    reconnect::Bye,
    transport::{self, Incoming, Transport},
    transport_fallback::{TransportFallback, TransportKind},
    upgrade_probe::UpgradeProbe,
};
use crate::{browser, clock, i18n::Key};

mod heartbeat;
mod upgrade;

/// A connection that has not welcomed us within this time is given up.
pub(super) const OPENING: Millis = 8_000;
/// The server has taken `hello`: its welcome comes within this time, or something on the way holds it back.
pub(super) const HELD: Millis = 5_000;
/// Between two `read` frames.
const READ_PAUSE: Millis = 1_000;
/// Between two pings while the panel is open.
const LOOK: Millis = 2_000;
/// The page is brought up to date no more often than this.
const PAINT: Millis = 30;
/// Nor more often than after so many times as long as it took the last time until that was to be seen: on a slow machine,
/// or among much else, keys and clicks are heard in between.
const AT_EASE: Millis = 3;
/// So many frames since the last time are a flood: nobody can read them as they come, and painting would hold them up.
const FLOOD: u32 = 40;
/// The same as [`PAINT`] in a flood.
const PAINT_IN_FLOOD: Millis = 250;
/// A moment that does not come.
const NEVER: Millis = Millis::MAX / 4;

/// How a connection ended.
pub(super) enum End {
    /// This browser has no such transport.
    Missing,
    /// The browser says that the network is gone.
    Offline,
    /// The page is put away.
    Away,
    /// The page slept, and nobody can say whether the connection still is one.
    Slept,
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
        /// The server had taken `hello`.
        taken: bool,
    },
}

/// What a session waits for.
enum Happened {
    Came(Incoming),
    Beside(Incoming),
    Told(Command),
    Time,
}

struct Session<'a> {
    client: Client,
    ladder: &'a mut TransportFallback,
    transport: Box<dyn Transport>,
    rung: TransportKind,
    climb: Option<UpgradeProbe>,
    began: Millis,
    open: bool,
    taken: Option<Millis>,
    welcomed: Option<Millis>,
    bye: Option<Bye>,
    heartbeat: Millis,
    ping_at: Millis,
    pinged: Millis,
    /// An answer is awaited until then.
    answer_by: Option<Millis>,
    /// The last sign of life.
    heard: Millis,
    /// The timer that is set runs until then.
    due: Millis,
    /// Frames since the page was brought up to date.
    unshown: u32,
    shown_at: Millis,
    /// How long it took the last time until it was to be seen.
    took: Rc<Cell<Millis>>,
    reads: Vec<(RoomId, Seq)>,
    read_at: Millis,
}

/// Connects and stays until the end.
pub(super) async fn session(
    client: Client,
    ladder: &mut TransportFallback,
    commands: &mut UnboundedReceiver<Command>,
) -> End {
    let rung = ladder.rung();
    let Some(transport) = transport::open(rung) else { return End::Missing };
    let began = clock::now();
    let session = Session {
        client,
        ladder,
        transport,
        rung,
        climb: None,
        began,
        open: false,
        taken: None,
        welcomed: None,
        bye: None,
        heartbeat: NEVER,
        ping_at: NEVER,
        pinged: 0,
        answer_by: None,
        heard: began,
        due: NEVER,
        unshown: 0,
        shown_at: 0,
        took: Rc::default(),
        reads: Vec::new(),
        read_at: 0,
    };
    session.run(commands).await
}

impl Session<'_> {
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
            self.show();
            self.send_ready();
            let end = match self.happens(commands).await {
                Happened::Came(incoming) => self.take(incoming),
                Happened::Beside(incoming) => {
                    self.beside(incoming);
                    None
                }
                Happened::Told(command) => self.obey(command),
                Happened::Time => self.time(),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    async fn happens(&mut self, commands: &mut UnboundedReceiver<Command>) -> Happened {
        let now = clock::now();
        self.due = self.deadline(now);
        let wait = (self.due - now).clamp(1, 600_000);
        let mut timer = pin!(clock::sleep(u32::try_from(wait).unwrap_or(1)));
        poll_fn(|context| {
            if let Poll::Ready(incoming) = self.transport.poll(context) {
                return Poll::Ready(Happened::Came(incoming));
            }
            if let Some(climb) = &mut self.climb
                && let Poll::Ready(incoming) = climb.poll(context)
            {
                return Poll::Ready(Happened::Beside(incoming));
            }
            if let Poll::Ready(Some(command)) = commands.poll_next_unpin(context) {
                return Poll::Ready(Happened::Told(command));
            }
            timer.as_mut().poll(context).map(|()| Happened::Time)
        })
        .await
    }

    fn take(&mut self, incoming: Incoming) -> Option<End> {
        self.heard = clock::now();
        match incoming {
            Incoming::Open => {
                self.open = true;
                if let Some(hello) = self.client.read(|state| Some(state.hello())) {
                    self.client.note(&mut |vitals| vitals.greeted(&hello, self.heard));
                    self.say(&hello);
                }
            }
            Incoming::Taken => self.taken = Some(self.heard),
            Incoming::Alive => self.answer_by = None,
            Incoming::Frame(frame) => {
                self.answer_by = None;
                self.frame(frame);
            }
            Incoming::Closed { code, reason } => return Some(self.end(code, reason)),
        }
        None
    }

    fn frame(&mut self, frame: ServerFrame) {
        let now = clock::now();
        self.unshown += 1;
        self.client.note(&mut |vitals| vitals.heard(&frame, now));
        match &frame {
            ServerFrame::Welcome { heartbeat_ms, you, .. } => {
                self.client.met(you);
                self.welcomed = Some(now);
                self.heartbeat = Millis::try_from(*heartbeat_ms).unwrap_or(NEVER).clamp(1_000, NEVER);
                // Not all clients of a restarted server ping at the same moment.
                #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
                let first = (self.heartbeat as f64 * clock::random()) as Millis;
                self.ping_at = now + first;
                self.arrived(now);
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

    /// Welcomed: says by which way, and remembers it.
    fn arrived(&mut self, now: Millis) {
        self.ladder.welcomed(self.rung, now);
        super::run::remember(self.ladder, now);
        let why = self.client.i18n.t(self.ladder.reason());
        self.client.note(&mut |vitals| (vitals.rung, vitals.why) = (self.rung, why));
        self.client.connection.set(ConnectionState::Connected { address: browser::host(), rung: self.rung, why });
    }

    fn obey(&mut self, command: Command) -> Option<End> {
        let now = clock::now();
        match command {
            Command::Offline => return Some(End::Offline),
            Command::Away => return Some(End::Away),
            Command::Say(ClientFrame::Read { room, seq }) => {
                self.reads.retain(|(other, _)| *other != room);
                self.reads.push((room, seq));
            }
            // Before the opening there is nothing to say: `hello` will resume all rooms that are open then.
            Command::Say(frame) if self.open => {
                self.say(&frame);
                if let Some(climb) = self.climb.as_mut().filter(|climb| climb.hello.is_some())
                    && matches!(frame, ClientFrame::Join(_))
                {
                    climb.joined.push(frame);
                }
            }
            Command::Online => {
                super::run::forget(self.ladder, now);
                return self.wake(now, self.heartbeat + self.grace());
            }
            Command::Woke => return self.wake(now, self.heartbeat + self.grace()),
            Command::Probe if self.welcomed.is_some() => return self.wake(now, self.slept()),
            Command::TryNow => return self.wake(now, self.slept()),
            Command::Look => {
                let readiness = self.transport.readiness();
                self.client.note(&mut |vitals| vitals.ready = readiness);
                if self.welcomed.is_some() && self.answer_by.is_none() && now >= self.pinged + LOOK {
                    self.ping(self.grace());
                }
            }
            Command::Say(_) | Command::Wake | Command::Probe => {}
        }
        None
    }

    /// Brings the page up to date; when much comes, not for each frame.
    fn show(&mut self) {
        let now = clock::now();
        // A hidden page's timers are slow, and it has little to paint.
        let soon = self.shown_at..self.show_at();
        if self.unshown > 0 && (!soon.contains(&now) || self.unshown == 1 && browser::is_hidden()) {
            self.unshown = 0;
            self.shown_at = now;
            self.client.publish();
            let took = self.took.clone();
            // Not in a hidden page, which paints nothing.
            request_animation_frame(move || set_timeout(move || took.set(clock::now() - now), Duration::ZERO));
        }
    }

    fn show_at(&self) -> Millis {
        let pause = if self.unshown > FLOOD { PAINT_IN_FLOOD } else { PAINT };
        self.shown_at + pause.max((AT_EASE * self.took.get()).min(PAINT_IN_FLOOD))
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

    fn say(&mut self, frame: &ClientFrame) {
        self.transport.send(frame.encode());
    }

    fn lost(&mut self, why: Key) -> End {
        self.end(1006, self.client.i18n.t(why).to_owned())
    }

    fn end(&mut self, code: u16, reason: String) -> End {
        let lasted = self.welcomed.map(|since| clock::now() - since);
        End::Closed { code, reason, bye: self.bye.take(), lasted, taken: self.taken.is_some() }
    }
}
