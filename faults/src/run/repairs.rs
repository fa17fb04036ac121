//! How long it took after each fault until all clients had caught up.

use std::{
    collections::BTreeMap,
    fmt,
    time::{Duration, Instant},
};

/// Times by fault, over any number of runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs(BTreeMap<&'static str, Vec<Duration>>);

impl Repairs {
    pub(super) fn add(&mut self, fault: &'static str, since: Instant) {
        self.0.entry(fault).or_default().push(since.elapsed());
    }

    pub fn extend(&mut self, other: &Self) {
        for (fault, times) in &other.0 {
            self.0.entry(fault).or_default().extend(times);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    pub(super) fn max(&self) -> Option<Duration> {
        self.0.values().flatten().max().copied()
    }
}

/// A table in Markdown.
impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| fault | number | median | max |")?;
        write!(f, "|---|---|---|---|")?;
        for (fault, times) in &self.0 {
            let mut times = times.clone();
            times.sort_unstable();
            let seconds = |index: usize| times.get(index).map_or(0.0, Duration::as_secs_f64);
            let (median, most) = (seconds(times.len() / 2), seconds(times.len() - 1));
            write!(f, "\n| {fault} | {} | {median:.2} s | {most:.2} s |", times.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_median_and_maximum_over_all_runs() {
        let run = |fault, millis: &[u64]| {
            Repairs([(fault, millis.iter().map(|millis| Duration::from_millis(*millis)).collect())].into())
        };
        let mut all = run("node killed", &[300, 100]);
        all.extend(&run("node killed", &[2_500]));
        all.extend(&run("NATS killed", &[10]));
        assert_eq!((all.count(), all.max()), (4, Some(Duration::from_millis(2_500))));
        let table = all.to_string();
        assert!(
            table.ends_with("| NATS killed | 1 | 0.01 s | 0.01 s |\n| node killed | 3 | 0.30 s | 2.50 s |"),
            "{table}"
        );
    }
}
