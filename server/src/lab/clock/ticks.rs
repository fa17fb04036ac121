//! When the clock ticks, and the content of a tick.

use std::time::Duration;

use parlor_protocol::Millis;
use serde::Serialize;
use tokio::time::Instant;

use crate::clock;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tick {
    /// The server's clock, in milliseconds since the Unix epoch.
    pub(super) now: Millis,
    /// 1, 2, 3, … in each stream.
    pub(super) seq: u64,
    /// Only in the first: the length of the request's head in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) up: Option<u64>,
}

impl Tick {
    /// On one line.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The ticks of one stream: one at each full second of the server's clock. Missed ticks are skipped.
#[derive(Debug)]
pub(super) struct Ticks {
    last: LastSecond,
    seq: u64,
    up: Option<u64>,
}

impl Ticks {
    /// The first tick is immediate. `up`: the length of the request's head.
    pub(super) fn new(up: u64) -> Self {
        Self { last: LastSecond(None), seq: 0, up: Some(up) }
    }

    /// The first tick is at the next full second.
    pub(super) fn after_this_second(up: u64) -> Self {
        Self { last: LastSecond(Some(clock::now().div_euclid(1_000))), ..Self::new(up) }
    }

    /// Waits for the next tick. Cancellation safe.
    pub(super) async fn next(&mut self) -> Tick {
        let now = loop {
            let now = clock::now();
            match self.last.wait(now) {
                // Read the clock again: it may differ from the timer.
                Some(wait) => tokio::time::sleep_until(Instant::now() + wait).await,
                None => break now,
            }
        };
        self.seq += 1;
        Tick { now, seq: self.seq, up: self.up.take() }
    }
}

#[derive(Debug)]
struct LastSecond(Option<i64>);

impl LastSecond {
    /// The time from `now` to the next tick; `None` when it is due, which is then noted.
    fn wait(&mut self, now: Millis) -> Option<Duration> {
        let second = now.div_euclid(1_000);
        // Follow a clock that was set back by more than a timer's inaccuracy.
        if self.0.is_some_and(|last| second < last - 1) {
            self.0 = Some(second);
        }
        match self.0 {
            Some(last) if second <= last => {
                Some(Duration::from_millis(u64::try_from((last + 1) * 1_000 - now).unwrap_or_default()))
            }
            _ => {
                self.0 = Some(second);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_tick_is_immediate_and_each_second_ticks_once() {
        let mut last = LastSecond(None);
        assert_eq!(last.wait(5_999), None);
        assert_eq!(last.wait(5_999), Some(Duration::from_millis(1)));
        assert_eq!(last.wait(6_000), None);
        assert_eq!(last.wait(6_000), Some(Duration::from_secs(1)));
        // Two seconds late: one tick, and the next at a full second again.
        assert_eq!(last.wait(8_300), None);
        assert_eq!(last.wait(8_300), Some(Duration::from_millis(700)));
        // The timer was early, and the clock went back slightly.
        assert_eq!(last.wait(8_999), Some(Duration::from_millis(1)));
        assert_eq!(last.wait(9_000), None);
        assert_eq!(last.wait(8_998), Some(Duration::from_millis(1_002)));
        // Set back by an hour.
        assert_eq!(last.wait(-3_591_400), Some(Duration::from_millis(400)));
        assert_eq!(last.wait(-3_591_000), None);
    }

    #[test]
    fn only_the_first_tick_has_the_length_of_the_head() {
        let mut tick = Tick { now: 7, seq: 1, up: Some(80) };
        assert_eq!(tick.json(), r#"{"now":7,"seq":1,"up":80}"#);
        tick.up = None;
        assert_eq!(tick.json(), r#"{"now":7,"seq":1}"#);
    }

    proptest! {
        #[test]
        fn waits_end_at_full_seconds(
            begin in 0_i64..4_000_000_000_000,
            late in proptest::collection::vec(0_i64..3_000, 1..20),
        ) {
            let mut last = LastSecond(None);
            prop_assert_eq!(last.wait(begin), None);
            let mut now = begin;
            for late in late {
                let wait = i64::try_from(last.wait(now).unwrap().as_millis()).unwrap();
                prop_assert!((1..=1_000).contains(&wait));
                prop_assert_eq!((now + wait) % 1_000, 0);
                now += wait + late;
                prop_assert_eq!(last.wait(now), None);
            }
        }
    }
}
