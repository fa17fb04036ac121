//! Time in nanoseconds since the generator began.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::{Duration, Instant},
};

use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};

/// Counts from its making.
#[derive(Clone, Copy)]
pub(super) struct Clock(Instant);

impl Clock {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    pub(super) fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// How long it is until then; nothing when it was already.
    pub(super) fn until(self, at: u64) -> Duration {
        Duration::from_nanos(at.saturating_sub(self.now()))
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Wakes an epoll at a time: epoll's own timeout is only good to a millisecond.
pub(super) struct Alarm(TimerFd);

impl Alarm {
    pub(super) fn new() -> anyhow::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        Ok(Self(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?))
    }

    /// Takes the place of what was set before.
    pub(super) fn set(&self, after: Duration) -> anyhow::Result<()> {
        // Zero would switch it off.
        let after = after.max(Duration::from_nanos(1));
        Ok(self.0.set(Expiration::OneShot(TimeSpec::from_duration(after)), TimerSetTimeFlags::empty())?)
    }

    /// After it has woken; else it would at once again.
    pub(super) fn heard(&self) {
        // It fails when it has been set anew meanwhile, which is as well.
        let _ = self.0.wait();
    }
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
