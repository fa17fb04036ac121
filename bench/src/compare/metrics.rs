//! Metrics of each scenario, the primary one first.

use parlor_bench::{
    load::{Memory, Scenario},
    machine, stats,
};

use crate::cell::Outcome;

pub(crate) struct Metric {
    /// Name with unit.
    pub(crate) name: &'static str,
    /// Number of decimals.
    pub(crate) digits: usize,
    pub(crate) of: fn(&Outcome) -> Option<f64>,
}

/// A metric over all rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

pub(crate) const CPU: Metric =
    Metric { name: "CPU-s per million deliveries", digits: 2, of: |outcome| outcome.report.window.cpu_per_delivery() };
const RATE: Metric = Metric {
    name: "deliveries/s",
    digits: 0,
    of: |outcome| Some(outcome.report.window.deliveries as f64 / outcome.report.window.seconds),
};
const FRAME: Metric = Metric { name: "bytes a frame", digits: 0, of: |outcome| Some(outcome.report.frame_bytes) };
const RESIDENT: Metric = Metric {
    name: "MiB resident",
    digits: 1,
    of: |outcome| outcome.report.memory.map(|memory| memory.after as f64 / 1_024.0),
};
const SERVER: Metric = Metric {
    name: "server, % of its core",
    digits: 0,
    of: |outcome| Some(outcome.report.window.server_cpu? / outcome.report.window.seconds * 100.0),
};
pub(crate) const GENERATOR: Metric = Metric {
    name: "generator, % of its core",
    digits: 0,
    of: |outcome| Some(outcome.report.window.own_share() * 100.0),
};
pub(crate) const P50: Metric =
    Metric { name: "p50 ms", digits: 2, of: |outcome| ms(outcome.report.latency.map(|times| times.p50)) };
pub(crate) const P99: Metric =
    Metric { name: "p99 ms", digits: 2, of: |outcome| ms(outcome.report.latency.map(|times| times.p99)) };
pub(crate) const P999: Metric =
    Metric { name: "p99.9 ms", digits: 2, of: |outcome| ms(outcome.report.latency.map(|times| times.p999)) };
pub(crate) const MEMORY: Metric =
    Metric { name: "KiB per connection", digits: 1, of: |outcome| grown(outcome, |memory| memory.before) };
const MEMORY_AFTER_SESSIONS: Metric = Metric {
    name: "of it since sessions were made",
    digits: 1,
    of: |outcome| grown(outcome, |memory| memory.prepared),
};
pub(crate) const HEARTBEAT: Metric = Metric { name: "CPU-us per heartbeat", digits: 1, of: heartbeat };
const HEARTBEATS: Metric = Metric {
    name: "heartbeats/s",
    digits: 0,
    of: |outcome| Some(outcome.report.window.heartbeats as f64 / outcome.report.window.seconds),
};
const CAME_IN: Metric =
    Metric { name: "came in, connections/s", digits: 0, of: |outcome| Some(outcome.report.connects_per_second) };
pub(crate) const CONNECTS: Metric =
    Metric { name: "connections/s", digits: 0, of: |outcome| Some(outcome.report.connects_per_second) };
const CPU_PER_CONNECT: Metric = Metric {
    name: "CPU-us per connection",
    digits: 1,
    of: |outcome| outcome.report.window.cpu_per(outcome.report.window.connects),
};

/// Metrics of a scenario. Servers are compared by the first.
pub(crate) fn of(scenario: Scenario) -> Vec<Metric> {
    match scenario {
        Scenario::FanoutSaturated | Scenario::RoomsSaturated => vec![CPU, RATE, SERVER, GENERATOR, FRAME, RESIDENT],
        Scenario::FanoutPaced => vec![CPU, P50, P99, P999, SERVER, GENERATOR, FRAME],
        Scenario::Delivery => vec![P99, P50, P999, CPU, SERVER, GENERATOR],
        Scenario::IdleMemory => vec![MEMORY, MEMORY_AFTER_SESSIONS, RESIDENT, CAME_IN],
        Scenario::Heartbeat => vec![HEARTBEAT, HEARTBEATS, GENERATOR],
        Scenario::Connects => vec![CONNECTS, CPU_PER_CONNECT, SERVER, GENERATOR],
    }
}

impl Metric {
    /// The metric over all rounds, if it was measured in any.
    pub(crate) fn over(&self, outcomes: &[Outcome]) -> Option<Spread> {
        let values: Vec<f64> = outcomes.iter().filter_map(self.of).collect();
        let least = values.iter().copied().min_by(f64::total_cmp)?;
        let most = values.iter().copied().max_by(f64::total_cmp)?;
        Some(Spread { median: stats::middle(values), min: least, max: most })
    }

    pub(crate) fn show(&self, value: f64) -> String {
        if self.digits == 0 {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            return stats::thousands(value.round().max(0.0) as u64);
        }
        format!("{value:.*}", self.digits)
    }

    /// Median and range.
    pub(crate) fn show_spread(&self, spread: &Spread) -> String {
        format!("{} ({}–{})", self.show(spread.median), self.show(spread.min), self.show(spread.max))
    }
}

/// Whether the load generator was the bottleneck.
pub(crate) fn generator_limited(outcomes: &[Outcome]) -> bool {
    GENERATOR.over(outcomes).is_some_and(|share| share.median > machine::BUSY * 100.0)
}

fn ms(micros: Option<u64>) -> Option<f64> {
    micros.map(|micros| micros as f64 / 1_000.0)
}

fn grown(outcome: &Outcome, since: fn(Memory) -> u64) -> Option<f64> {
    let memory = outcome.report.memory?;
    Some((memory.after as f64 - since(memory) as f64) / outcome.report.connections as f64)
}

/// What those of the same time without heartbeats, or with very few, did not take.
fn heartbeat(outcome: &Outcome) -> Option<f64> {
    let (with, without) = (&outcome.report.window, &outcome.baseline.as_ref()?.window);
    let share = with.seconds / without.seconds;
    let heartbeats = with.heartbeats as f64 - without.heartbeats as f64 * share;
    let cpu = with.server_cpu? - without.server_cpu? * share;
    (heartbeats > 0.0).then(|| cpu * 1e6 / heartbeats)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use parlor_bench::load::{Report, Window};

    use super::*;

    fn outcome(deliveries: u64, server_cpu: f64, own_cpu: f64) -> Outcome {
        let window = Window { seconds: 2.0, deliveries, server_cpu: Some(server_cpu), own_cpu, ..Window::default() };
        Outcome { report: Report { window, ..Report::default() }, baseline: None }
    }

    #[test]
    fn rounds_are_summarised_by_median_and_spread() {
        let rounds = [outcome(1_000_000, 2.0, 1.0), outcome(1_000_000, 1.0, 1.0), outcome(2_000_000, 9.0, 1.0)];
        let spread = CPU.over(&rounds).unwrap();
        assert_eq!(spread, Spread { median: 2.0, min: 1.0, max: 4.5 });
        assert_eq!(CPU.show_spread(&spread), "2.00 (1.00–4.50)");
        assert_eq!(RATE.show(RATE.over(&rounds).unwrap().median), "500,000");
        assert_eq!(CPU.over(&[]), None);
        assert_eq!(CPU.over(&[outcome(0, 1.0, 1.0)]), None);
    }

    #[test]
    fn busy_generators_are_detected() {
        assert!(!generator_limited(&[outcome(1, 1.0, 1.3)]));
        assert!(generator_limited(&[outcome(1, 1.0, 1.5)]));
    }

    #[test]
    fn heartbeat_cost_excludes_the_baseline() {
        let mut with = outcome(0, 0.5, 0.1);
        with.report.window.heartbeats = 10_000;
        assert_eq!(heartbeat(&with), None);
        with.baseline = Some(outcome(0, 0.1, 0.1).report);
        assert!((heartbeat(&with).unwrap() - 40.0).abs() < 1e-9);
    }
}
