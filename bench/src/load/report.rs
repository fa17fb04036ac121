//! Report of the load generator as JSON.

use serde::{Deserialize, Serialize};

use super::checker::Violations;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    pub connections: usize,
    /// Connections per second, 64 at a time.
    pub connects_per_second: f64,
    /// Messages sent in total.
    pub sent: u64,
    /// Deliveries in total.
    pub delivered: u64,
    /// Mean payload size of the server's message frames, in bytes.
    pub frame_bytes: f64,
    /// Delivery errors.
    pub violations: Violations,
    /// Messages that were not acked, if the protocol has acks.
    pub unacked: u64,
    /// Acks of unknown or already acked messages.
    pub invalid_acks: u64,
    pub window: Window,
    /// Latency from the scheduled time to delivery, in open-loop scenarios.
    pub latency: Option<Latency>,
    /// Memory of the server, if its process is known.
    pub memory: Option<Memory>,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Window {
    pub seconds: f64,
    pub deliveries: u64,
    pub sent: u64,
    pub heartbeats: u64,
    /// Connections opened and closed.
    pub connects: u64,
    /// CPU time of the server (user and system), in seconds.
    pub server_cpu: Option<f64>,
    /// CPU time of the generator, in seconds.
    pub own_cpu: f64,
}

/// Latencies in microseconds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// Number of timed deliveries.
    pub count: u64,
    /// 50th percentile.
    pub p50: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    pub max: u64,
}

/// Resident memory in KiB.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Memory {
    pub before: u64,
    /// With sessions and rooms, without connections.
    pub prepared: u64,
    /// After the measured window, with all connections.
    pub after: u64,
}

impl Report {
    /// Whether every message was delivered once to everyone, in order, and acked.
    pub fn is_correct(&self) -> bool {
        self.violations.none() && self.unacked == 0 && self.invalid_acks == 0
    }

    /// Description of the errors; empty if there are none.
    pub fn errors(&self) -> String {
        let Violations { lost, doubled, reordered, misplaced } = self.violations;
        let named = [
            (lost, "lost"),
            (doubled, "doubled"),
            (reordered, "out of order"),
            (misplaced, "misplaced"),
            (self.unacked, "not acked"),
            (self.invalid_acks, "wrongly acked"),
        ];
        let named: Vec<_> =
            named.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        named.join(", ")
    }
}

impl Window {
    /// Microseconds of the server's processor time for each delivery, which is the same as seconds per million.
    pub fn cpu_per_delivery(&self) -> Option<f64> {
        self.cpu_per(self.deliveries)
    }

    /// Microseconds of the server's processor time for each of these.
    pub fn cpu_per(&self, count: u64) -> Option<f64> {
        (count > 0).then(|| Some(self.server_cpu? * 1e6 / count as f64)).flatten()
    }

    /// The share of a core that the generator used.
    pub fn own_share(&self) -> f64 {
        self.own_cpu / self.seconds.max(1e-9)
    }
}
