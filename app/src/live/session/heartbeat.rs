//! Detects a dead connection: what is awaited until when, and what silence means.

use parlor_protocol::{ClientFrame, Millis, limits};

use super::{CONNECT_TIMEOUT, Session, SessionEnd, WELCOME_TIMEOUT};
use crate::{clock, i18n::Key, live::upgrade_probe::UpgradeProbe};

/// The longest time to wait for a `pong`.
#[allow(clippy::cast_possible_truncation)]
const MAX_PONG_TIMEOUT: Millis = limits::HEARTBEAT_GRACE.as_millis() as Millis;
/// The time to wait for a `pong` when the connection may be dead: the user is back, or the page did not run for a while.
const SHORT_TIMEOUT: Millis = 3_000;
/// Browsers delay the timers of a hidden page by up to this. Longer silence means that the page was suspended.
const MAX_TIMER_DELAY: Millis = 60_000;

impl Session<'_> {
    /// Checks the connection after a pause. After a silence longer than `max_silence` it counts as dead.
    pub(super) fn check_after_pause(&mut self, now: Millis, max_silence: Millis) -> Option<SessionEnd> {
        let silence = now - self.received_at;
        if silence > if self.welcomed_at.is_some() { max_silence } else { SHORT_TIMEOUT } {
            return Some(SessionEnd::Suspended);
        }
        if self.welcomed_at.is_some() && (silence > SHORT_TIMEOUT || self.wall_clock_jumped(now)) {
            self.ping(SHORT_TIMEOUT);
        }
        None
    }

    pub(super) fn on_timer(&mut self) -> Option<SessionEnd> {
        let now = clock::monotonic();
        if self.welcomed_at.is_some() && now - self.received_at > self.suspend_threshold() {
            return Some(SessionEnd::Suspended);
        }
        // If the timer is late, the page did not run, and what arrived meanwhile has not been read yet.
        let late = now - self.timer_at > SHORT_TIMEOUT || self.wall_clock_jumped(now);
        if late && self.welcomed_at.is_some() {
            self.pong_deadline = None;
            self.ping(SHORT_TIMEOUT);
        }
        if self.welcomed_at.is_none() && now >= self.welcome_deadline() {
            return Some(self.connection_lost(Key::NoAnswer));
        }
        if self.pong_deadline.is_some_and(|deadline| now >= deadline) {
            return Some(self.connection_lost(Key::HeartbeatMissed));
        }
        if now >= self.next_ping_at {
            self.ping(self.pong_timeout());
        }
        if self.probe.as_ref().is_some_and(|probe| now >= probe.deadline()) {
            self.start_next_probe(now);
        } else if self.probe.is_none() && self.fallback.probe_at().is_some_and(|at| now >= at) {
            self.fallback.probe_started();
            self.start_next_probe(now);
        }
        None
    }

    /// Whether the wall clock has moved ahead of the monotonic one since the session last asked. The machine has slept, and
    /// the monotonic clock with it; or the wall clock was set, which costs a ping.
    fn wall_clock_jumped(&mut self, now: Millis) -> bool {
        let ahead = clock::now() - now;
        ahead - std::mem::replace(&mut self.wall_clock_ahead, ahead) > SHORT_TIMEOUT
    }

    pub(super) fn ping(&mut self, timeout: Millis) {
        let now = clock::monotonic();
        self.pinged_at = now;
        self.next_ping_at = now + self.heartbeat;
        let deadline = now + timeout;
        self.pong_deadline = Some(self.pong_deadline.map_or(deadline, |earlier| earlier.min(deadline)));
        self.send(&ClientFrame::Ping { at: now });
    }

    /// When the session has something to do next.
    pub(super) fn next_deadline(&self, now: Millis) -> Millis {
        [
            self.welcomed_at.is_none().then(|| self.welcome_deadline()),
            self.pong_deadline,
            (!self.pending_reads.is_empty()).then_some(self.next_read_at),
            (self.unrendered > 0).then(|| self.next_render_at()),
            self.probe.as_ref().map(UpgradeProbe::deadline),
            self.fallback.probe_at().filter(|_| self.welcomed_at.is_some() && self.probe.is_none()),
            self.client.with_state(|state| state.outbox.paused_until(now)),
        ]
        .into_iter()
        .flatten()
        .fold(self.next_ping_at, Millis::min)
    }

    fn welcome_deadline(&self) -> Millis {
        self.hello_accepted_at.map_or(self.started_at + CONNECT_TIMEOUT, |at| at + WELCOME_TIMEOUT)
    }

    /// A silent server is noticed within two heartbeats: one until the ping, and half of one for its answer.
    pub(super) fn pong_timeout(&self) -> Millis {
        MAX_PONG_TIMEOUT.min(self.heartbeat / 2)
    }

    /// Silence longer than this means that the page was suspended.
    pub(super) fn suspend_threshold(&self) -> Millis {
        self.heartbeat + self.pong_timeout() + MAX_TIMER_DELAY
    }
}
