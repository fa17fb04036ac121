//! Time in nanoseconds since the generator started.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};

/// A clock that starts at 0.
#[derive(Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Time until then, `None` if it has passed.
    pub(super) fn until(self, at: u64) -> Duration {
        Duration::from_nanos(at.saturating_sub(self.now()))
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Wakes an epoll at a given time. epoll's own timeout has a resolution of a millisecond.
pub(super) struct Alarm(TimerFd);

impl Alarm {
    pub(super) fn new() -> anyhow::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        Ok(Self(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?))
    }

    /// Replaces an earlier alarm.
    pub(super) fn set(&self, after: Duration) -> anyhow::Result<()> {
        // Zero would disable it.
        let after = after.max(Duration::from_nanos(1));
        Ok(self.0.set(Expiration::OneShot(TimeSpec::from_duration(after)), TimerSetTimeFlags::empty())?)
    }

    /// Acknowledges the wake-up; otherwise epoll would report it again.
    pub(super) fn received(&self) {
        // Fails if the alarm was set again in the meantime, which is fine.
        let _ = self.0.wait();
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
