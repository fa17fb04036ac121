//! Which transport to use, and why: WebSocket, below it the event stream, below that long polling.
//!
//! One goes down when the server answers a plain request but this transport does not get through, and up again when a
//! connection opened beside the running one has been welcomed. Pure: it is told what happens and what time it is.

use parlor_protocol::Millis;

use crate::i18n::Key;

/// The first try upward comes after this long on a lower rung. It doubles with each that fails.
const CLIMB: Millis = 60_000;
/// The longest between two tries upward.
const CLIMB_CEILING: Millis = 10 * 60_000;
/// How long a page remembers what worked on this network.
const MEMORY: Millis = 30 * 60_000;
/// A connection that lasted this long was a good one.
pub const GOOD: Millis = 5_000;

/// A transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TransportKind {
    /// One socket both ways.
    #[default]
    WebSocket,
    /// Server-sent events down, requests up.
    Stream,
    /// Held requests down, requests up.
    Poll,
}

impl TransportKind {
    /// From the top.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Stream, Self::Poll];

    /// For style sheets and tests.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Stream => "sse",
            Self::Poll => "poll",
        }
    }

    /// For people.
    #[must_use]
    pub const fn word(self) -> Key {
        match self {
            Self::WebSocket => Key::WebSocket,
            Self::Stream => Key::EventStream,
            Self::Poll => Key::LongPolling,
        }
    }

    /// Where on the server.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::WebSocket => "/live/ws",
            Self::Stream => "/live/sse",
            Self::Poll => "/live/poll",
        }
    }

    const fn below(self) -> Option<Self> {
        match self {
            Self::WebSocket => Some(Self::Stream),
            Self::Stream => Some(Self::Poll),
            Self::Poll => None,
        }
    }
}

/// How a connection failed, though the server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It was not opened, or never welcomed.
    Silent,
    /// The server took `hello`, and nothing came back: something on the way holds the stream.
    Held,
    /// It was welcomed, and cut before it was a good one.
    Short,
}

/// What is known of a rung.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Untried,
    Blocked,
    Held,
    /// Blocked in an earlier page on this network.
    Remembered,
    /// The browser has no such thing.
    Missing,
}

/// The policy.
#[derive(Clone, Debug, Default)]
pub struct TransportFallback {
    rung: TransportKind,
    standing: [Standing; 3],
    /// Welcomed in this page's life.
    worked: [bool; 3],
    /// In a row, on this rung, with the server answering.
    failures: u32,
    climb_wait: Millis,
    climb_at: Option<Millis>,
}

impl TransportFallback {
    /// Begins where an earlier page on this network ended, or at the top.
    #[must_use]
    pub fn new(remembered: Option<TransportKind>) -> Self {
        let mut ladder = Self { rung: remembered.unwrap_or_default(), climb_wait: CLIMB, ..Self::default() };
        for rung in TransportKind::ALL.into_iter().filter(|rung| *rung < ladder.rung) {
            ladder.standing[rung as usize] = Standing::Remembered;
        }
        ladder
    }

    /// The transport to use next.
    #[must_use]
    pub const fn rung(&self) -> TransportKind {
        self.rung
    }

    /// The browser does not have the rung in use. The lowest is made of what every browser has.
    pub fn missing(&mut self) {
        self.standing[self.rung as usize] = Standing::Missing;
        self.down();
    }

    /// The connection of the rung in use, or the one beside it, was welcomed.
    pub fn welcomed(&mut self, rung: TransportKind, now: Millis) {
        if rung < self.rung {
            self.failures = 0;
            self.climb_wait = CLIMB;
            self.climb_at = None;
            self.standing[rung as usize] = Standing::Untried;
        }
        self.rung = rung;
        self.worked[rung as usize] = true;
        if self.upper(None).is_some() {
            self.climb_at.get_or_insert(now + self.climb_wait);
        } else {
            self.climb_at = None;
        }
    }

    /// A connection ended as connections do: it was good for a while, or the server said good-bye.
    pub const fn ended(&mut self) {
        self.failures = 0;
    }

    /// A connection failed, and a plain request was answered. True if the next try is on another rung, and need not wait.
    pub fn failed(&mut self, failure: Failure) -> bool {
        self.failures += 1;
        let patience = match failure {
            Failure::Short => 4,
            _ if self.worked[self.rung as usize] => 2,
            _ => 1,
        };
        if self.failures < patience {
            return false;
        }
        self.standing[self.rung as usize] = if failure == Failure::Held { Standing::Held } else { Standing::Blocked };
        if self.down() {
            return true;
        }
        // Nothing is below: from the top once more, after the usual wait.
        self.failures = 0;
        self.rung = self.upper(None).unwrap_or(self.rung);
        false
    }

    /// When to try upward.
    #[must_use]
    pub const fn climb_at(&self) -> Option<Millis> {
        self.climb_at
    }

    /// The rung to try upward: from the top, and after one that failed the next that is still above.
    #[must_use]
    pub fn upper(&self, failed: Option<TransportKind>) -> Option<TransportKind> {
        TransportKind::ALL.into_iter().find(|rung| {
            *rung < self.rung
                && self.standing[*rung as usize] != Standing::Missing
                && failed.is_none_or(|failed| failed < *rung)
        })
    }

    /// The try upward has begun.
    pub const fn climbing(&mut self) {
        self.climb_at = None;
    }

    /// It reached nothing.
    pub fn climb_failed(&mut self, now: Millis) {
        self.climb_wait = (self.climb_wait * 2).min(CLIMB_CEILING);
        self.climb_at = Some(now + self.climb_wait);
    }

    /// The page is on another network, or on one again: what was blocked need not be.
    pub fn network_changed(&mut self, now: Millis) {
        self.climb_wait = CLIMB;
        self.failures = 0;
        if self.upper(None).is_some() {
            self.climb_at = Some(now);
        }
    }

    /// Why this transport.
    #[must_use]
    pub const fn reason(&self) -> Key {
        match (self.rung, self.standing[0], self.standing[1]) {
            (TransportKind::WebSocket, ..) => Key::TransportPreferred,
            (_, Standing::Remembered, _) => Key::TransportRemembered,
            (TransportKind::Stream, Standing::Missing, _) => Key::WebSocketUnsupported,
            (TransportKind::Stream, ..) => Key::WebSocketBlocked,
            (TransportKind::Poll, Standing::Missing, Standing::Missing) => Key::EventStreamUnsupported,
            (TransportKind::Poll, _, Standing::Held) => Key::EventStreamBuffered,
            (TransportKind::Poll, ..) => Key::EventStreamBlocked,
        }
    }

    /// What a later page on this network should know, for [`recall`]; none when there is nothing to know.
    #[must_use]
    pub fn memory(&self, now: Millis) -> Option<String> {
        (self.rung != TransportKind::WebSocket)
            .then(|| (now + MEMORY).to_string() + if self.rung == TransportKind::Poll { "p" } else { "s" })
    }

    fn down(&mut self) -> bool {
        let mut below = self.rung.below();
        while below.is_some_and(|rung| self.standing[rung as usize] == Standing::Missing) {
            below = below.and_then(TransportKind::below);
        }
        if let Some(rung) = below {
            self.rung = rung;
            self.failures = 0;
            self.climb_at = None;
        }
        below.is_some()
    }
}

/// What an earlier page remembered, if that was not long ago.
#[must_use]
pub fn recall(memory: &str, now: Millis) -> Option<TransportKind> {
    let (until, rung) = match memory.strip_suffix('p') {
        Some(until) => (until, TransportKind::Poll),
        None => (memory.strip_suffix('s')?, TransportKind::Stream),
    };
    let until = until.parse::<Millis>().ok()?;
    // Not if the clock was set back since.
    (now < until && until <= now + MEMORY).then_some(rung)
}

#[cfg(test)]
#[path = "transport_fallback_tests.rs"]
mod tests;
