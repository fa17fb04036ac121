//! What the generator saw, as one JSON object.

use serde::{Deserialize, Serialize};

use super::checker::Violations;

/// All of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Connections that were in.
    pub connections: usize,
    /// How many came in a second, 64 at a time.
    pub connects_per_second: f64,
    /// Messages sent, before, in and after the measured time.
    pub sent: u64,
    /// Messages received, each by each.
    pub delivered: u64,
    /// Bytes of a message's frame without its header, on average, as the server sends it.
    pub frame_bytes: f64,
    /// What was wrong with deliveries.
    pub violations: Violations,
    /// Messages whose sender was not told that they are accepted, where servers tell that.
    pub unacked: u64,
    /// Acks of what was not sent, or acked before.
    pub wrong_acks: u64,
    /// The measured time.
    pub window: Window,
    /// From when messages should have left to their deliveries, where they leave by the clock.
    pub latency: Option<Latency>,
    /// The server's, when its process is known.
    pub memory: Option<Memory>,
}

/// The measured time.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Window {
    /// How long it was.
    pub seconds: f64,
    /// Messages received in it.
    pub deliveries: u64,
    /// Messages sent in it.
    pub sent: u64,
    /// Heartbeats answered in it.
    pub heartbeats: u64,
    /// Connections that came in and were closed in it.
    pub connects: u64,
    /// Processor time of the server's process, user and system, in seconds.
    pub server_cpu: Option<f64>,
    /// Processor time of the generator, in seconds.
    pub own_cpu: f64,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// Deliveries that were timed.
    pub count: u64,
    /// Half of them took no longer.
    pub p50: u64,
    /// 99 of 100 took no longer.
    pub p99: u64,
    /// 999 of 1,000 took no longer.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

/// Resident KiB.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Before anything was done.
    pub before: u64,
    /// With sessions and rooms made, without connections.
    pub prepared: u64,
    /// After the measured time, with all connections.
    pub after: u64,
}

impl Report {
    /// Whether every message came once to everyone, in order, and was acked.
    #[must_use]
    pub fn is_right(&self) -> bool {
        self.violations.none() && self.unacked == 0 && self.wrong_acks == 0
    }

    /// What went wrong, in words; empty if nothing did.
    #[must_use]
    pub fn wrongs(&self) -> String {
        let Violations { lost, doubled, reordered, misplaced } = self.violations;
        let named = [
            (lost, "lost"),
            (doubled, "doubled"),
            (reordered, "out of order"),
            (misplaced, "misplaced"),
            (self.unacked, "not acked"),
            (self.wrong_acks, "wrongly acked"),
        ];
        let named: Vec<_> =
            named.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        named.join(", ")
    }
}

impl Window {
    /// Microseconds of the server's processor time for each delivery, which is the same as seconds per million.
    #[must_use]
    pub fn cpu_per_delivery(&self) -> Option<f64> {
        self.cpu_per(self.deliveries)
    }

    /// Microseconds of the server's processor time for each of these.
    #[must_use]
    pub fn cpu_per(&self, count: u64) -> Option<f64> {
        (count > 0).then(|| Some(self.server_cpu? * 1e6 / count as f64)).flatten()
    }

    /// The share of a core that the generator used.
    #[must_use]
    pub fn own_share(&self) -> f64 {
        self.own_cpu / self.seconds.max(1e-9)
    }
}
