//! Logs refusals: a flood of them must not become a flood of log lines.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// At most one line in this time.
const INTERVAL: Duration = Duration::from_secs(10);

/// Counts what is refused for one reason.
#[derive(Debug, Default)]
pub struct RefusalLog(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    logged_at: Option<Instant>,
    count: u64,
}

impl RefusalLog {
    /// Counts a refusal. Returns the number since the last line when another one is due.
    pub fn count(&self, now: Instant) -> Option<u64> {
        let mut counted = self.0.lock();
        counted.count += 1;
        if counted.logged_at.is_some_and(|at| now.saturating_duration_since(at) < INTERVAL) {
            return None;
        }
        counted.logged_at = Some(now);
        Some(std::mem::take(&mut counted.count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_refusals_are_one_line() {
        let (log, begin) = (RefusalLog::default(), Instant::now());
        assert_eq!(log.count(begin), Some(1));
        assert!((0..1_000).all(|_| log.count(begin + INTERVAL / 2).is_none()));
        assert_eq!(log.count(begin + INTERVAL), Some(1_001));
        assert_eq!(log.count(begin + INTERVAL), None);
    }
}
