//! Alternates phases with and without faults, so that other load on the machine affects both alike.

use std::time::Duration;

use crate::stats::{Samples, middle, ms};

/// Number and duration of phases.
#[derive(Clone, Debug)]
pub(crate) struct PhasePlan {
    /// Phases with faults; each is preceded and followed by one without.
    pub(crate) rounds: usize,
    /// Duration of a phase in seconds.
    pub(crate) seconds: u64,
}

/// 99th percentiles of a phase.
#[derive(Clone, Copy)]
pub(crate) struct Phase {
    /// Of all deliveries. A single slow disk operation can dominate it.
    whole: Duration,
    /// Median of the 99th percentiles of its seconds, which ignores single slow moments.
    usual: Duration,
}

/// Results of all phases.
#[derive(Default)]
pub(crate) struct Comparison {
    /// Without faults: one more than with.
    without: Vec<Phase>,
    with: Vec<Phase>,
}

impl Phase {
    /// From the latencies of each second.
    pub(crate) fn new(seconds: Vec<Vec<Duration>>) -> anyhow::Result<Self> {
        let whole = Samples::new(seconds.concat())?.percentile(99.0);
        let seconds = seconds.into_iter().filter_map(|times| Samples::new(times).ok());
        Ok(Self { whole, usual: typical(seconds.map(|times| times.percentile(99.0))) })
    }
}

impl Comparison {
    pub(crate) fn without(&mut self, phase: Phase) {
        self.without.push(phase);
    }

    pub(crate) fn with(&mut self, phase: Phase) {
        self.with.push(phase);
    }

    /// Growth of the 99th percentile with faults in percent, and its values: medians over the phases of each kind.
    pub(crate) fn describe(&self) -> String {
        let growth = |of: fn(&Phase) -> Duration| {
            let (with, without) = (typical(self.with.iter().map(of)), typical(self.without.iter().map(of)));
            let percent = (with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0;
            format!("{percent:+.0} % ({} instead of {})", ms(with), ms(without))
        };
        format!("p99 of the usual second {}, of all {}", growth(|phase| phase.usual), growth(|phase| phase.whole))
    }

    /// All phases in order, those with faults in brackets: of all deliveries, and of the median second.
    pub(crate) fn phases(&self) -> String {
        let tell = |phase: &Phase| format!("{} / {}", ms(phase.whole), ms(phase.usual));
        let mut phases = Vec::new();
        for (at, without) in self.without.iter().enumerate() {
            phases.push(tell(without));
            phases.extend(self.with.get(at).map(|with| format!("[{}]", tell(with))));
        }
        phases.join(", ")
    }
}

fn typical(times: impl Iterator<Item = Duration>) -> Duration {
    Duration::from_secs_f64(middle(times.map(|time| time.as_secs_f64()).collect()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn phase(seconds: &[u64]) -> Phase {
        Phase::new(seconds.iter().map(|ms| vec![Duration::from_millis(*ms); 100]).collect()).unwrap()
    }

    #[test]
    fn phases_are_described_by_medians() {
        let mut found = Comparison::default();
        for (without, with) in [(10, 22), (30, 66), (80, 70)] {
            found.without(phase(&[without]));
            found.with(phase(&[with]));
        }
        found.without(phase(&[60]));
        assert!(found.phases().starts_with("10.0 ms / 10.0 ms, [22.0 ms / 22.0 ms], 30.0 ms"), "{}", found.phases());
        assert!(found.describe().ends_with("of all +47 % (66.0 ms instead of 45.0 ms)"), "{}", found.describe());
    }

    #[test]
    fn one_slow_second_does_not_change_the_median() {
        let one = phase(&[10, 11, 12, 900]);
        assert_eq!((one.usual, one.whole), (Duration::from_micros(11_500), Duration::from_millis(900)));
        assert!(Phase::new(Vec::new()).is_err());
    }
}
