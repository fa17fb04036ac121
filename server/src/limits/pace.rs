//! The pace of the frames of one user: many at once are handled over some time, so that others do not wait for all of them.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Frames of a user that are handled without delay.
const BURST: u32 = 500;

/// Time between two frames after that: 4,000 a second. Far more than [`super::FRAMES_PER_SECOND`], so that who keeps sending is
/// disconnected.
const INTERVAL: Duration = Duration::from_micros(250);

/// Gives each frame of a user a turn, over all connections (generic cell rate algorithm).
#[derive(Debug, Default)]
pub struct Pace {
    /// When the last frame would have had its turn without a burst.
    last: Mutex<Option<Instant>>,
}

impl Pace {
    /// Takes the next turn, and returns the time until it.
    pub fn take(&self, now: Instant) -> Duration {
        let mut last = self.last.lock();
        let turn = last.map_or(now, |last| last.max(now));
        *last = Some(turn + INTERVAL);
        turn.duration_since(now).saturating_sub(INTERVAL * BURST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_spread_over_time_and_forgotten_when_it_is_over() {
        let (pace, now) = (Pace::default(), Instant::now());
        let delays: Vec<_> = (0..2_000).map(|_| pace.take(now)).collect();
        assert!(delays[..=500].iter().all(Duration::is_zero), "{:?}", delays[500]);
        assert_eq!((delays[501], delays[1_500]), (INTERVAL, INTERVAL * 1_000));
        // When the last one has its turn, a few more may follow at once.
        let later = now + INTERVAL * 1_999;
        assert!(pace.take(later).is_zero());
        let idle = later + INTERVAL * BURST;
        assert!((0..=500).all(|_| pace.take(idle).is_zero()), "a new burst");
    }
}
