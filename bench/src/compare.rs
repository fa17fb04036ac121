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

    /// By how much harm lets the 99th percentile grow, in percent: each phase against the mean of its two neighbours,
    /// and of these the median.
    pub(crate) fn growth(&self) -> f64 {
        let beside = self.without.windows(2).map(|two| (two[0] + two[1]).as_secs_f64() / 2.0);
        let ratios = self.with.iter().zip(beside).map(|(with, beside)| with.as_secs_f64() / beside);
        (middle(ratios.collect()) - 1.0) * 100.0
    }

    /// The growth, and the medians of both kinds of phases.
    pub(crate) fn describe(&self) -> String {
        let median =
            |times: &[Duration]| ms(Duration::from_secs_f64(middle(times.iter().map(Duration::as_secs_f64).collect())));
        format!("p99 {:+.0} % ({} instead of {})", self.growth(), median(&self.with), median(&self.without))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_phase_is_held_against_its_neighbours() {
        let one = |ms| Samples::new(vec![Duration::from_millis(ms)]).unwrap();
        let mut found = Comparison::default();
        for (without, with) in [(10, 22), (30, 66), (80, 70)] {
            found.without(&one(without));
            found.with(&one(with));
        }
        found.without(&one(60));
        // 22 of 20, 66 of 55, 70 of 70.
        assert!((found.growth() - 10.0).abs() < 0.001, "{}", found.growth());
        assert_eq!(found.phases(), "10.0 ms, [22.0 ms], 30.0 ms, [66.0 ms], 80.0 ms, [70.0 ms], 60.0 ms");
        assert_eq!(found.describe(), "p99 +10 % (66.0 ms instead of 45.0 ms)");
    }
}
