//! Chooses the transport: WebSocket, else server-sent events, else long polling.
//!
//! It falls back when the server answers a plain request but the transport does not get through, and returns to a better
//! one when a connection that was opened beside the running one has been welcomed. Pure: events and the time are passed in.

use parlor_protocol::Millis;

use crate::i18n::Key;

/// Time on a fallback transport before the first probe for a better one. It doubles with each probe that fails.
const FIRST_PROBE_INTERVAL: Millis = 60_000;
/// The longest time between two probes.
const MAX_PROBE_INTERVAL: Millis = 10 * 60_000;
/// How long the transport that works on a network is remembered.
const REMEMBER_FOR: Millis = 30 * 60_000;
/// A connection that lasted this long counts as stable.
pub const STABLE: Millis = 5_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportKind {
    #[default]
    WebSocket,
    /// Server-sent events and POST requests.
    EventStream,
    /// Long polling and POST requests.
    Poll,
}

impl TransportKind {
    /// The best first.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::EventStream, Self::Poll];

    /// The value of `data-transport`, for style sheets and tests.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::EventStream => "sse",
            Self::Poll => "poll",
        }
    }
    pub const fn word(self) -> Key {
        match self {
            Self::WebSocket => Key::WebSocket,
            Self::EventStream => Key::EventStream,
            Self::Poll => Key::LongPolling,
        }
    }

    /// The path on the server.
    pub const fn path(self) -> &'static str {
        match self {
            Self::WebSocket => "/live/ws",
            Self::EventStream => "/live/sse",
            Self::Poll => "/live/poll",
        }
    }

    const fn next_lower(self) -> Option<Self> {
        match self {
            Self::WebSocket => Some(Self::EventStream),
            Self::EventStream => Some(Self::Poll),
            Self::Poll => None,
        }
    }
}

/// How a connection failed although the server responds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was not opened, or not welcomed.
    NotEstablished,
    /// The server accepted `hello` and its answer did not arrive: a proxy buffers the stream.
    Buffered,
    /// It was welcomed and lost before it was stable.
    ShortLived,
}

/// What is known of a transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Availability {
    #[default]
    Untried,
    Blocked,
    Buffered,
    /// It was blocked in an earlier page on this network.
    Remembered,
    /// Other tabs of this browser have all its connections.
    Full,
    /// The browser does not have it.
    Unsupported,
}

#[derive(Clone, Debug, Default)]
pub struct TransportFallback {
    current: TransportKind,
    availability: [Availability; 3],
    /// Transports that were welcomed in this page.
    worked: [bool; 3],
    /// Consecutive failures of the current transport while the server responds.
    failures: u32,
    probe_interval: Millis,
    probe_at: Option<Millis>,
}

impl TransportFallback {
    /// Starts with the transport that worked in an earlier page on this network, or with the best.
    pub fn new(remembered: Option<TransportKind>) -> Self {
        let mut fallback =
            Self { current: remembered.unwrap_or_default(), probe_interval: FIRST_PROBE_INTERVAL, ..Self::default() };
        for kind in TransportKind::ALL.into_iter().filter(|kind| *kind < fallback.current) {
            fallback.availability[kind as usize] = Availability::Remembered;
        }
        fallback
    }
    pub const fn current(&self) -> TransportKind {
        self.current
    }

    /// The browser does not have the current transport. Every browser has the lowest.
    pub fn unsupported(&mut self) {
        self.availability[self.current as usize] = Availability::Unsupported;
        self.step_down();
    }

    /// Other tabs have all connections over the current transport.
    pub fn full(&mut self) {
        self.availability[self.current as usize] = Availability::Full;
        self.step_down();
    }

    /// A connection over the current transport, or a probe, was welcomed.
    pub fn established(&mut self, kind: TransportKind, now: Millis) {
        if kind < self.current {
            self.failures = 0;
            self.probe_interval = FIRST_PROBE_INTERVAL;
            self.probe_at = None;
            self.availability[kind as usize] = Availability::Untried;
        }
        self.current = kind;
        self.worked[kind as usize] = true;
        if self.better_transport(None).is_some() {
            self.probe_at.get_or_insert(now + self.probe_interval);
        } else {
            self.probe_at = None;
        }
    }

    /// A stable connection was closed, or the server closed it with `bye`.
    pub const fn closed_normally(&mut self) {
        self.failures = 0;
    }

    /// A connection failed although the server responds. True if the next attempt uses another transport and need not wait.
    pub fn failed(&mut self, failure: Failure) -> bool {
        self.failures += 1;
        let max_failures = match failure {
            Failure::ShortLived => 4,
            _ if self.worked[self.current as usize] => 2,
            _ => 1,
        };
        if self.failures < max_failures {
            return false;
        }
        self.availability[self.current as usize] =
            if failure == Failure::Buffered { Availability::Buffered } else { Availability::Blocked };
        if self.step_down() {
            return true;
        }
        // There is nothing lower: starts again with the best, after the usual wait.
        self.failures = 0;
        self.current = self.better_transport(None).unwrap_or(self.current);
        false
    }

    /// When to probe for a better transport.
    pub const fn probe_at(&self) -> Option<Millis> {
        self.probe_at
    }

    /// The next better transport to probe: the best first, then those below the one that failed.
    pub fn better_transport(&self, failed: Option<TransportKind>) -> Option<TransportKind> {
        TransportKind::ALL.into_iter().find(|kind| {
            *kind < self.current
                && self.availability[*kind as usize] != Availability::Unsupported
                && failed.is_none_or(|failed| failed < *kind)
        })
    }

    pub const fn probe_started(&mut self) {
        self.probe_at = None;
    }

    /// No better transport works.
    pub fn probe_failed(&mut self, now: Millis) {
        self.probe_interval = (self.probe_interval * 2).min(MAX_PROBE_INTERVAL);
        self.probe_at = Some(now + self.probe_interval);
    }

    /// The network has changed, so blocked transports may work.
    pub fn network_changed(&mut self, now: Millis) {
        self.probe_interval = FIRST_PROBE_INTERVAL;
        self.failures = 0;
        if self.better_transport(None).is_some() {
            self.probe_at = Some(now);
        }
    }

    /// Why the current transport is used.
    pub const fn reason(&self) -> Key {
        match (self.current, self.availability[0], self.availability[1]) {
            (TransportKind::WebSocket, ..) => Key::TransportPreferred,
            (TransportKind::Poll, _, Availability::Full) => Key::EventStreamFull,
            (_, Availability::Remembered, _) => Key::TransportRemembered,
            (TransportKind::EventStream, Availability::Unsupported, _) => Key::WebSocketUnsupported,
            (TransportKind::EventStream, ..) => Key::WebSocketBlocked,
            (TransportKind::Poll, Availability::Unsupported, Availability::Unsupported) => Key::EventStreamUnsupported,
            (TransportKind::Poll, _, Availability::Buffered) => Key::EventStreamBuffered,
            (TransportKind::Poll, ..) => Key::EventStreamBlocked,
        }
    }

    /// What later pages on this network should remember, for [`parse_memory`]; none for the best transport.
    pub fn to_memory(&self, now: Millis) -> Option<String> {
        // How many tabs there are is no property of the network.
        let polls = self.current == TransportKind::Poll
            && self.availability[TransportKind::EventStream as usize] != Availability::Full;
        (self.current != TransportKind::WebSocket)
            .then(|| (now + REMEMBER_FOR).to_string() + if polls { "p" } else { "s" })
    }

    fn step_down(&mut self) -> bool {
        let mut lower = self.current.next_lower();
        while lower.is_some_and(|kind| self.availability[kind as usize] == Availability::Unsupported) {
            lower = lower.and_then(TransportKind::next_lower);
        }
        if let Some(kind) = lower {
            self.current = kind;
            self.failures = 0;
            self.probe_at = None;
        }
        lower.is_some()
    }
}

/// The transport that an earlier page remembered, if that has not expired.
pub fn parse_memory(memory: &str, now: Millis) -> Option<TransportKind> {
    let (until, kind) = match memory.strip_suffix('p') {
        Some(until) => (until, TransportKind::Poll),
        None => (memory.strip_suffix('s')?, TransportKind::EventStream),
    };
    let until = until.parse::<Millis>().ok()?;
    // An expiry too far in the future means that the clock was set back.
    (now < until && until <= now + REMEMBER_FOR).then_some(kind)
}

#[cfg(test)]
#[path = "transport_fallback_tests.rs"]
mod tests;
