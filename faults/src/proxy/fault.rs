//! Faults of a connection, and how they are chosen.

use std::{ops::Range, time::Duration};

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

/// Kinds of faults. A [`Plan`] lists the possible ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Pass,
    /// Every piece is delayed.
    Delay,
    /// Bytes are forwarded in small pieces.
    Slice,
    /// Closed at some point.
    Cut,
    /// One direction is closed at some point, the other stays open.
    HalfClose,
    /// Stops forwarding for a time without closing.
    Stall,
    /// The client's bytes arrive late, after those of later connections.
    HoldBack,
    /// Closed between the commit of a message and its ack.
    LoseAck,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fault {
    Pass,
    Delay { most: Duration },
    Slice { most: usize },
    Cut { after: Duration, end: End },
    HalfClose { after: Duration, upward: bool },
    Stall { after: Duration, lasts: Duration },
    HoldBack { after: Duration, lasts: Duration, newer: u64 },
    LoseAck { sends: u32, grace: Duration },
}

/// How a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// RST: bytes in flight are lost.
    Reset,
    /// FIN on both sides.
    Finish,
}

/// Faults of new connections, chosen uniformly; a kind that is listed twice has twice the probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(pub Vec<Kind>);

impl Kind {
    pub const ALL: [Self; 8] =
        [Self::Pass, Self::Delay, Self::Slice, Self::Cut, Self::HalfClose, Self::Stall, Self::HoldBack, Self::LoseAck];
}

impl Plan {
    pub fn calm() -> Self {
        Self(vec![Kind::Pass])
    }

    /// All kinds of faults.
    pub fn rough() -> Self {
        Self(Kind::ALL.into())
    }

    pub(super) fn draw(&self, rng: &mut StdRng) -> Fault {
        match self.0.choose(rng).copied().unwrap_or(Kind::Pass) {
            Kind::Pass => Fault::Pass,
            Kind::Delay => Fault::Delay { most: moment(rng, 1..60) },
            Kind::Slice => Fault::Slice { most: rng.random_range(1..40) },
            Kind::Cut => {
                let end = if rng.random() { End::Reset } else { End::Finish };
                Fault::Cut { after: moment(rng, 1..2_500), end }
            }
            Kind::HalfClose => Fault::HalfClose { after: moment(rng, 1..2_500), upward: rng.random() },
            Kind::Stall => Fault::Stall { after: moment(rng, 1..2_000), lasts: moment(rng, 200..6_000) },
            Kind::HoldBack => {
                let newer = rng.random_range(1..4);
                Fault::HoldBack { after: moment(rng, 5..1_500), lasts: moment(rng, 500..5_000), newer }
            }
            Kind::LoseAck => Fault::LoseAck { sends: rng.random_range(1..12), grace: moment(rng, 1..40) },
        }
    }
}

/// A random duration in milliseconds, log-uniform over the range.
fn moment(rng: &mut StdRng, range: Range<u32>) -> Duration {
    let (low, high) = (f64::from(range.start).log2(), f64::from(range.end).log2());
    Duration::from_secs_f64(rng.random_range(low..high).exp2() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn same_seed_gives_the_same_faults() {
        let draw = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..50).map(|_| Plan::rough().draw(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn calm_plan_has_no_faults() {
        let mut rng = StdRng::seed_from_u64(1);
        assert!((0..50).all(|_| Plan::calm().draw(&mut rng) == Fault::Pass));
    }

    #[test]
    fn durations_stay_in_range() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..1_000 {
            let moment = moment(&mut rng, 5..1_500);
            assert!((5..=1_500).contains(&moment.as_millis()), "{moment:?}");
        }
    }
}
