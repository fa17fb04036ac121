//! One connection from opening to close: hello, frames, heartbeat. On a fallback transport it also probes for a better one
//! and switches over without a gap.

use std::{cell::Cell, future::poll_fn, pin::pin, rc::Rc, task::Poll, time::Duration};

use futures::{Future as _, StreamExt as _, channel::mpsc::UnboundedReceiver};
use leptos::prelude::*;
use parlor_protocol::{ClientFrame, Millis, RoomId, Seq, ServerFrame};

use super::{
    client::{Client, Command},
    connection::ConnectionState,
    reconnect::Bye,
    transport::{self, Transport, TransportEvent},
    transport_fallback::{TransportFallback, TransportKind},
    upgrade_probe::UpgradeProbe,
};
use crate::{
    browser,
    clock::{self, Now},
    i18n::Key,
};

mod heartbeat;
mod upgrade;

/// A connection that is not welcomed within this time is given up.
pub(super) const CONNECT_TIMEOUT: Millis = 8_000;
/// If the server has accepted `hello` but its welcome takes longer than this, a proxy buffers the stream.
pub(super) const WELCOME_TIMEOUT: Millis = 5_000;
/// Least time between two `read` frames.
const READ_INTERVAL: Millis = 1_000;
/// Least time between two pings while the connection panel is open.
const STATS_PING_INTERVAL: Millis = 2_000;
/// Least time between two updates of the page.
const RENDER_INTERVAL: Millis = 30;
/// The page is idle for at least this multiple of the last render's duration, so that a slow machine still handles keys
/// and clicks in between.
const RENDER_TIME_FACTOR: Millis = 3;
/// More frames than this since the last update are a flood: nobody can read them as they come, and rendering each would
/// delay the rest.
const FLOOD: u32 = 40;
/// [`RENDER_INTERVAL`] in a flood.
const FLOOD_RENDER_INTERVAL: Millis = 250;
/// A time that does not come.
const NEVER: Millis = Millis::MAX / 4;

pub(super) enum SessionEnd {
    /// The browser does not have this transport.
    Unsupported,
    /// Other tabs have all the connections over this transport.
    Full,
    /// The browser says that the network is gone. Whether that is so, the next attempt shows.
    Offline,
    /// The page was put away.
    PageHidden,
    /// The page was suspended for so long that the connection may be dead.
    Suspended,
    Closed {
        /// The close code; 1006 if there was none.
        code: u16,
        reason: String,
        bye: Option<Bye>,
        /// How long the connection was established, in milliseconds; none if it never was.
        lasted: Option<Millis>,
        /// The server had accepted `hello`.
        hello_accepted: bool,
    },
}

enum SessionEvent {
    Transport(TransportEvent),
    Probe(TransportEvent),
    Command(Command),
    Timer,
}

struct Session<'a> {
    client: Client,
    fallback: &'a mut TransportFallback,
    transport: Box<dyn Transport>,
    kind: TransportKind,
    probe: Option<UpgradeProbe>,
    started_at: Millis,
    open: bool,
    hello_accepted_at: Option<Millis>,
    welcomed_at: Option<Millis>,
    bye: Option<Bye>,
    heartbeat: Millis,
    next_ping_at: Millis,
    pinged_at: Millis,
    /// When the pending ping times out.
    pong_deadline: Option<Millis>,
    /// When anything was last received.
    received_at: Millis,
    /// When the pending timer fires.
    timer_at: Millis,
    /// How far the wall clock was ahead of the monotonic one when the session last compared them.
    wall_clock_ahead: Millis,
    /// Frames since the page was last updated.
    unrendered: u32,
    rendered_at: Millis,
    /// How long the last update took until it was painted.
    render_duration: Rc<Cell<Millis>>,
    pending_reads: Vec<(RoomId, Seq)>,
    next_read_at: Millis,
}

/// Connects and runs until the connection ends.
pub(super) async fn session(
    client: Client,
    fallback: &mut TransportFallback,
    commands: &mut UnboundedReceiver<Command>,
) -> SessionEnd {
    let kind = fallback.current();
    let Some(transport) = transport::open(kind) else { return SessionEnd::Unsupported };
    let now = clock::monotonic();
    let session = Session {
        client,
        fallback,
        transport,
        kind,
        probe: None,
        started_at: now,
        open: false,
        hello_accepted_at: None,
        welcomed_at: None,
        bye: None,
        heartbeat: NEVER,
        next_ping_at: NEVER,
        pinged_at: 0,
        pong_deadline: None,
        received_at: now,
        timer_at: NEVER,
        wall_clock_ahead: clock::now() - now,
        unrendered: 0,
        rendered_at: 0,
        render_duration: Rc::default(),
        pending_reads: Vec::new(),
        next_read_at: 0,
    };
    session.run(commands).await
}

impl Session<'_> {
    async fn run(mut self, commands: &mut UnboundedReceiver<Command>) -> SessionEnd {
        loop {
            // Apply everything that has arrived before the page is updated once.
            let arrived = poll_fn(|context| {
                Poll::Ready(match self.transport.poll(context) {
                    Poll::Ready(event) => Some(event),
                    Poll::Pending => None,
                })
            });
            if let Some(event) = arrived.await {
                if let Some(end) = self.on_transport_event(event) {
                    return end;
                }
                continue;
            }
            self.render();
            self.send_ready();
            let end = match self.next_event(commands).await {
                SessionEvent::Transport(event) => self.on_transport_event(event),
                SessionEvent::Probe(event) => {
                    self.on_probe_event(event);
                    None
                }
                SessionEvent::Command(command) => self.on_command(command),
                SessionEvent::Timer => self.on_timer(),
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    async fn next_event(&mut self, commands: &mut UnboundedReceiver<Command>) -> SessionEvent {
        let now = clock::monotonic();
        self.timer_at = self.next_deadline(now);
        let wait = (self.timer_at - now).clamp(1, 600_000);
        let mut timer = pin!(clock::sleep(u32::try_from(wait).unwrap_or(1)));
        poll_fn(|context| {
            if let Poll::Ready(event) = self.transport.poll(context) {
                return Poll::Ready(SessionEvent::Transport(event));
            }
            if let Some(probe) = &mut self.probe
                && let Poll::Ready(event) = probe.poll(context)
            {
                return Poll::Ready(SessionEvent::Probe(event));
            }
            if let Poll::Ready(Some(command)) = commands.poll_next_unpin(context) {
                return Poll::Ready(SessionEvent::Command(command));
            }
            timer.as_mut().poll(context).map(|()| SessionEvent::Timer)
        })
        .await
    }

    fn on_transport_event(&mut self, event: TransportEvent) -> Option<SessionEnd> {
        self.received_at = clock::monotonic();
        match event {
            TransportEvent::Open => {
                self.open = true;
                if let Some(hello) = self.client.with_state(|state| Some(state.hello())) {
                    self.client.update_stats(|stats| stats.hello_sent(&hello, self.received_at));
                    self.send(&hello);
                }
            }
            TransportEvent::Accepted => self.hello_accepted_at = Some(self.received_at),
            TransportEvent::Full => return Some(SessionEnd::Full),
            TransportEvent::Alive => self.pong_deadline = None,
            TransportEvent::Frame(frame) => {
                self.pong_deadline = None;
                self.on_frame(frame);
            }
            TransportEvent::Closed { code, reason } => return Some(self.closed(code, reason)),
        }
        None
    }

    fn on_frame(&mut self, frame: ServerFrame) {
        let both = Now::read();
        let now = both.monotonic;
        self.unrendered += 1;
        self.client.update_stats(|stats| stats.frame_received(&frame, both));
        match &frame {
            ServerFrame::Welcome { heartbeat_ms, you, .. } => {
                self.client.verify_user(you);
                self.welcomed_at = Some(now);
                self.heartbeat = Millis::try_from(*heartbeat_ms).unwrap_or(NEVER).clamp(1_000, NEVER);
                // The clients of a restarted server must not all ping at the same moment.
                #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
                let first = (self.heartbeat as f64 * clock::random()) as Millis;
                self.next_ping_at = now + first;
                self.established(now);
            }
            ServerFrame::Bye { code, reason, reconnect, after_ms } => {
                self.bye =
                    Some(Bye { code: *code, reason: reason.clone(), reconnect: *reconnect, after_ms: *after_ms });
            }
            _ => {}
        }
        let effects = self.client.with_state(|state| state.apply(frame, both));
        self.client.run_effects(effects);
    }

    /// Shows and remembers the transport that was welcomed.
    fn established(&mut self, now: Millis) {
        self.fallback.established(self.kind, now);
        super::run::remember(self.fallback);
        let why = self.client.i18n.t(self.fallback.reason());
        self.client.update_stats(|stats| (stats.transport, stats.why) = (self.kind, why));
        self.client.connection.set(ConnectionState::Connected { address: browser::host(), transport: self.kind, why });
    }

    fn on_command(&mut self, command: Command) -> Option<SessionEnd> {
        let now = clock::monotonic();
        match command {
            Command::Offline => return Some(SessionEnd::Offline),
            Command::PageHidden => return Some(SessionEnd::PageHidden),
            Command::Send(ClientFrame::Read { room, seq }) => {
                self.pending_reads.retain(|(other, _)| *other != room);
                self.pending_reads.push((room, seq));
            }
            // Before the connection is open there is nothing to send: `hello` resumes all rooms that are open by then.
            Command::Send(frame) if self.open => {
                self.send(&frame);
                if let Some(probe) = self.probe.as_mut().filter(|probe| probe.hello.is_some())
                    && matches!(frame, ClientFrame::Join(_))
                {
                    probe.joined.push(frame);
                }
            }
            Command::Online => {
                super::run::forget(self.fallback);
                return self.check_after_pause(now, self.heartbeat + self.pong_timeout());
            }
            Command::PageResumed => return self.check_after_pause(now, self.heartbeat + self.pong_timeout()),
            Command::CheckConnection if self.welcomed_at.is_some() => {
                return self.check_after_pause(now, self.suspend_threshold());
            }
            Command::ReconnectNow => return self.check_after_pause(now, self.suspend_threshold()),
            Command::MeasureLatency => {
                let status = self.transport.status();
                self.client.update_stats(|stats| stats.transport_status = status);
                let due = now >= self.pinged_at + STATS_PING_INTERVAL;
                if self.welcomed_at.is_some() && self.pong_deadline.is_none() && due {
                    self.ping(self.pong_timeout());
                }
            }
            Command::Send(_) | Command::FlushOutbox | Command::CheckConnection => {}
        }
        None
    }

    /// Updates the page; when many frames arrive, not for each of them.
    fn render(&mut self) {
        let now = clock::monotonic();
        // A hidden page's timers are slow, and it has little to paint.
        let too_soon = self.rendered_at..self.next_render_at();
        if self.unrendered > 0 && (!too_soon.contains(&now) || self.unrendered == 1 && browser::is_hidden()) {
            self.unrendered = 0;
            self.rendered_at = now;
            self.client.publish();
            let duration = self.render_duration.clone();
            // A hidden page paints nothing, and then this does not run.
            request_animation_frame(move || {
                set_timeout(move || duration.set(clock::monotonic() - now), Duration::ZERO);
            });
        }
    }

    fn next_render_at(&self) -> Millis {
        let interval = if self.unrendered > FLOOD { FLOOD_RENDER_INTERVAL } else { RENDER_INTERVAL };
        self.rendered_at + interval.max((RENDER_TIME_FACTOR * self.render_duration.get()).min(FLOOD_RENDER_INTERVAL))
    }

    /// Sends what may be sent from the outbox, and `read` frames.
    fn send_ready(&mut self) {
        if self.welcomed_at.is_none() {
            return;
        }
        let now = clock::monotonic();
        let (frames, effects) = self.client.with_state(|state| state.take_sendable(now));
        if !frames.is_empty() {
            frames.iter().for_each(|frame| self.send(frame));
            self.client.publish();
        }
        self.client.run_effects(effects);
        if !self.pending_reads.is_empty() && now >= self.next_read_at {
            self.next_read_at = now + READ_INTERVAL;
            for (room, seq) in std::mem::take(&mut self.pending_reads) {
                self.send(&ClientFrame::Read { room, seq });
            }
        }
    }

    fn send(&mut self, frame: &ClientFrame) {
        self.transport.send(frame.encode());
    }

    fn connection_lost(&mut self, why: Key) -> SessionEnd {
        self.closed(1006, self.client.i18n.t(why).to_owned())
    }

    fn closed(&mut self, code: u16, reason: String) -> SessionEnd {
        let lasted = self.welcomed_at.map(|since| clock::monotonic() - since);
        let hello_accepted = self.hello_accepted_at.is_some();
        SessionEnd::Closed { code, reason, bye: self.bye.take(), lasted, hello_accepted }
    }
}
