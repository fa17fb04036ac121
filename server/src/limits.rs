//! How fast one may speak: a bucket of sends for each person, a bucket of frames for each connection.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

/// Messages that a person may send at once, after a pause. People never get there; a script that posts a backlog does.
const SEND_BURST: NonZeroU32 = nonzero(500);
/// Messages a second in the long run.
const SENDS_PER_SECOND: NonZeroU32 = nonzero(50);
/// Frames of any kind that a connection may send at once. Beyond, it is flooding and closed with 4029.
const FRAME_BURST: NonZeroU32 = nonzero(20_000);
/// Frames a second in the long run.
const FRAMES_PER_SECOND: NonZeroU32 = nonzero(1_000);

const fn nonzero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// A bucket; without one, there is no limit.
#[derive(Clone)]
pub struct Bucket(Option<Arc<DefaultDirectRateLimiter>>);

impl Bucket {
    /// For the messages of one person, over all their connections.
    #[must_use]
    pub fn sends(on: bool) -> Self {
        Self::new(on, Quota::per_second(SENDS_PER_SECOND).allow_burst(SEND_BURST))
    }

    /// For the frames of one connection.
    #[must_use]
    pub fn frames(on: bool) -> Self {
        Self::new(on, Quota::per_second(FRAMES_PER_SECOND).allow_burst(FRAME_BURST))
    }

    /// Whether someone else uses it too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.as_ref().is_some_and(|limiter| Arc::strong_count(limiter) > 1)
    }

    fn new(on: bool, quota: Quota) -> Self {
        Self(on.then(|| Arc::new(RateLimiter::direct(quota))))
    }

    /// Takes one.
    ///
    /// # Errors
    /// The bucket is empty; in this time there is one again.
    pub fn take(&self) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check().map_err(|until| until.wait_time_from(DefaultClock::default().now()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_it_takes_time() {
        let bucket = Bucket::sends(true);
        let shared = bucket.clone();
        for _ in 0..SEND_BURST.get() / 2 {
            bucket.take().unwrap();
            shared.take().unwrap();
        }
        // The clock goes on meanwhile and gives a few back.
        let wait = (0..100).find_map(|_| bucket.take().err()).unwrap();
        assert!(wait <= Duration::from_secs(1));
    }

    #[test]
    fn switched_off_there_is_no_limit() {
        let bucket = Bucket::frames(false);
        assert!((0..100_000).all(|_| bucket.take().is_ok()));
    }
}
