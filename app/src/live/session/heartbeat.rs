//! Whether the connection still is one: what is awaited until when, and what silence means.

use parlor_protocol::{ClientFrame, Millis, limits};

use super::{End, HELD, OPENING, Session};
use crate::{clock, i18n::Key, live::upgrade_probe::UpgradeProbe};

/// The longest that a ping may stay without an answer.
#[allow(clippy::cast_possible_truncation)]
const GRACE: Millis = limits::HEARTBEAT_GRACE.as_millis() as Millis;
/// The same when there is reason to doubt: the reader came back, or this page did not run for a while.
const DOUBT: Millis = 3_000;
/// A hidden page's timers may be held back so long by the browser. Silence beyond that was sleep.
const THROTTLED: Millis = 60_000;

impl Session<'_> {
    /// Somebody is here again. After a silence of `most` the connection is not worth a question.
    pub(super) fn wake(&mut self, now: Millis, most: Millis) -> Option<End> {
        let silent = now - self.heard;
        if silent > if self.welcomed.is_some() { most } else { DOUBT } {
            return Some(End::Slept);
        }
        if self.welcomed.is_some() && silent > DOUBT {
            self.ping(DOUBT);
        }
        None
    }

    pub(super) fn time(&mut self) -> Option<End> {
        let now = clock::now();
        if self.welcomed.is_some() && now - self.heard > self.slept() {
            return Some(End::Slept);
        }
        // This page did not run: what has come meanwhile still waits to be heard.
        let late = now - self.due > DOUBT;
        if late && self.welcomed.is_some() {
            self.answer_by = None;
            self.ping(DOUBT);
        }
        if self.welcomed.is_none() {
            let held = self.taken.is_some_and(|taken| now >= taken + HELD);
            if held || now >= self.began + OPENING {
                return Some(self.lost(Key::NoAnswer));
            }
        }
        if self.answer_by.is_some_and(|until| now >= until) {
            return Some(self.lost(Key::HeartbeatMissed));
        }
        if now >= self.ping_at {
            self.ping(self.grace());
        }
        if self.climb.as_ref().is_some_and(|climb| now >= climb.until()) {
            self.climb_on(now);
        } else if self.climb.is_none() && self.ladder.climb_at().is_some_and(|at| now >= at) {
            self.ladder.climbing();
            self.climb_on(now);
        }
        None
    }

    pub(super) fn ping(&mut self, patience: Millis) {
        let now = clock::now();
        self.pinged = now;
        self.ping_at = now + self.heartbeat;
        let until = now + patience;
        self.answer_by = Some(self.answer_by.map_or(until, |earlier| earlier.min(until)));
        self.say(&ClientFrame::Ping { at: now });
    }

    pub(super) fn deadline(&self, now: Millis) -> Millis {
        let held = self.client.read(|state| state.outbox.held_until(now));
        let opening = self.taken.map_or(self.began + OPENING, |taken| taken + HELD);
        [
            self.welcomed.is_none().then_some(opening),
            self.answer_by,
            (!self.reads.is_empty()).then_some(self.read_at),
            (self.unshown > 0).then_some(self.show_at()),
            self.climb.as_ref().map(UpgradeProbe::until),
            self.ladder.climb_at().filter(|_| self.welcomed.is_some() && self.climb.is_none()),
            held,
        ]
        .into_iter()
        .flatten()
        .fold(self.ping_at, Millis::min)
    }

    /// Two heartbeats are enough to notice a silent server: one until the ping, half of one for its answer.
    pub(super) fn grace(&self) -> Millis {
        GRACE.min(self.heartbeat / 2)
    }

    /// Silence longer than this was sleep.
    pub(super) fn slept(&self) -> Millis {
        self.heartbeat + self.grace() + THROTTLED
    }
}
