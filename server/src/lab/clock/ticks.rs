//! When the clock is told, and what is said.

use std::time::Duration;

use parlor_protocol::Millis;
use serde::Serialize;
use tokio::time::Instant;

use crate::clock;

/// One time that the clock is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Tick {
    /// The server's clock, in milliseconds since 1970.
    pub(super) now: Millis,
    /// 1, 2, 3 … in each stream.
    pub(super) seq: u64,
    /// In the first: the length of the request's head in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) up: Option<u64>,
}

impl Tick {
    /// One line.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The ticks of one stream: one at each whole second of the server's clock. Asked for late, it says what the clock shows
/// then, and makes up for nothing.
#[derive(Debug)]
pub(super) struct Ticks {
    told: Told,
    seq: u64,
    up: Option<u64>,
}

impl Ticks {
    /// The first comes at once. `up`: the length of the request's head.
    pub(super) fn new(up: u64) -> Self {
        Self { told: Told(None), seq: 0, up: Some(up) }
    }

    /// The first comes with the next second.
    pub(super) fn after_this_second(up: u64) -> Self {
        Self { told: Told(Some(clock::now().div_euclid(1_000))), ..Self::new(up) }
    }

    /// Waits for the next. Dropped while it waits, none is lost.
    pub(super) async fn next(&mut self) -> Tick {
        let now = loop {
            let now = clock::now();
            match self.told.wait(now) {
                // The clock is looked at again: it may go otherwise than the timer.
                Some(wait) => tokio::time::sleep_until(Instant::now() + wait).await,
                None => break now,
            }
        };
        self.seq += 1;
        Tick { now, seq: self.seq, up: self.up.take() }
    }
}

/// The second that was told last.
#[derive(Debug)]
struct Told(Option<i64>);

impl Told {
    /// How long it is from `now` to the next second that is to be told; nothing when that has come, and then it is told.
    fn wait(&mut self, now: Millis) -> Option<Duration> {
        let second = now.div_euclid(1_000);
        // A clock that was set back is followed from there, not waited for. A breath back is no such thing.
        if self.0.is_some_and(|told| second < told - 1) {
            self.0 = Some(second);
        }
        match self.0 {
            Some(told) if second <= told => {
                Some(Duration::from_millis(u64::try_from((told + 1) * 1_000 - now).unwrap_or_default()))
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
    fn the_first_is_at_once_and_each_second_is_told_once() {
        let mut told = Told(None);
        assert_eq!(told.wait(5_999), None);
        assert_eq!(told.wait(5_999), Some(Duration::from_millis(1)));
        assert_eq!(told.wait(6_000), None);
        assert_eq!(told.wait(6_000), Some(Duration::from_secs(1)));
        // Late by two seconds: one tick, and the next on the second again.
        assert_eq!(told.wait(8_300), None);
        assert_eq!(told.wait(8_300), Some(Duration::from_millis(700)));
        // The timer was early, and the clock went back by a breath.
        assert_eq!(told.wait(8_999), Some(Duration::from_millis(1)));
        assert_eq!(told.wait(9_000), None);
        assert_eq!(told.wait(8_998), Some(Duration::from_millis(1_002)));
        // Set back by an hour.
        assert_eq!(told.wait(-3_591_400), Some(Duration::from_millis(400)));
        assert_eq!(told.wait(-3_591_000), None);
    }

    #[test]
    fn only_the_first_has_the_length_of_the_head() {
        let mut tick = Tick { now: 7, seq: 1, up: Some(80) };
        assert_eq!(tick.json(), r#"{"now":7,"seq":1,"up":80}"#);
        tick.up = None;
        assert_eq!(tick.json(), r#"{"now":7,"seq":1}"#);
    }

    proptest! {
        #[test]
        fn whoever_waits_as_told_wakes_on_the_second(
            begin in 0_i64..4_000_000_000_000,
            late in proptest::collection::vec(0_i64..3_000, 1..20),
        ) {
            let mut told = Told(None);
            prop_assert_eq!(told.wait(begin), None);
            let mut now = begin;
            for late in late {
                let wait = i64::try_from(told.wait(now).unwrap().as_millis()).unwrap();
                prop_assert!((1..=1_000).contains(&wait));
                prop_assert_eq!((now + wait) % 1_000, 0);
                now += wait + late;
                prop_assert_eq!(told.wait(now), None);
            }
        }
    }
}
