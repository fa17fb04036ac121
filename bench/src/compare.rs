//! The same crowd with and without harm, in turns: what another program does to the machine hits both alike.

use std::time::Duration;

use crate::stats::{Samples, middle, ms};

/// How often and how long.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    /// Phases with harm; each has one without before and behind it.
    pub(crate) rounds: usize,
    /// Length of a phase, in seconds.
    pub(crate) seconds: u64,
}

/// The 99th percentile of each phase.
#[derive(Default)]
pub(crate) struct Comparison {
    /// Without harm: one more than with it.
    without: Vec<Duration>,
    with: Vec<Duration>,
}

impl Comparison {
    pub(crate) fn without(&mut self, times: &Samples) {
        self.without.push(times.percentile(99.0));
    }

    pub(crate) fn with(&mut self, times: &Samples) {
        self.with.push(times.percentile(99.0));
    }

    /// By how much the 99th percentile grows with harm, in percent, and what it is: medians over the phases of each kind.
    pub(crate) fn describe(&self) -> String {
        let (with, without) = (typical(&self.with), typical(&self.without));
        let growth = (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0;
        format!("p99 {growth:+.0} % ({} instead of {})", ms(with), ms(without))
    }

    /// All phases in their order, those with harm in brackets.
    pub(crate) fn phases(&self) -> String {
        let mut phases = Vec::new();
        for (at, without) in self.without.iter().enumerate() {
            phases.push(ms(*without));
            phases.extend(self.with.get(at).map(|with| format!("[{}]", ms(*with))));
        }
        phases.join(", ")
    }
}

fn typical(times: &[Duration]) -> Duration {
    Duration::from_secs_f64(middle(times.iter().map(Duration::as_secs_f64).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn phases_are_told_in_their_order_and_by_their_medians() {
        let one = |ms| Samples::new(vec![Duration::from_millis(ms)]).unwrap();
        let mut found = Comparison::default();
        for (without, with) in [(10, 22), (30, 66), (80, 70)] {
            found.without(&one(without));
            found.with(&one(with));
        }
        found.without(&one(60));
        assert_eq!(found.phases(), "10.0 ms, [22.0 ms], 30.0 ms, [66.0 ms], 80.0 ms, [70.0 ms], 60.0 ms");
        assert_eq!(found.describe(), "p99 +47 % (66.0 ms instead of 45.0 ms)");
    }
}
