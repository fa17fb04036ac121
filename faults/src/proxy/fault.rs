//! What can befall a connection, and how it is drawn.

use std::{ops::Range, time::Duration};

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

/// Kinds of faults. A [`Plan`] names those that may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Everything goes through.
    Pass,
    /// Every piece waits a while.
    Delay,
    /// Everything goes through in pieces of a few bytes.
    Slice,
    /// Broken off at some moment.
    Cut,
    /// One direction ends at some moment, the other stays.
    HalfClose,
    /// At some moment nothing goes through any more, and nobody is told.
    Stall,
    /// What the client says arrives late, after what later connections said.
    HoldBack,
    /// Broken off between the commit of a message and its ack.
    LoseAck,
}

/// One connection's fault, with all that chance decides about it.
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

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a reset: what is on the way is lost.
    Reset,
    /// With a FIN on both sides.
    Finish,
}

/// Which faults new connections get: each is drawn with the same chance; a kind that stands twice, with twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan(pub Vec<Kind>);

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Pass, Self::Delay, Self::Slice, Self::Cut, Self::HalfClose, Self::Stall, Self::HoldBack, Self::LoseAck];
}

impl Plan {
    /// Nothing happens.
    #[must_use]
    pub fn calm() -> Self {
        Self(vec![Kind::Pass])
    }

    /// Everything happens.
    #[must_use]
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

/// Short moments as often as long ones: evenly over the powers of two of the range, in milliseconds.
fn moment(rng: &mut StdRng, range: Range<u32>) -> Duration {
    let (low, high) = (f64::from(range.start).log2(), f64::from(range.end).log2());
    Duration::from_secs_f64(rng.random_range(low..high).exp2() / 1_000.0)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let draw = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..50).map(|_| Plan::rough().draw(&mut rng)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_calm_plan_has_none() {
        let mut rng = StdRng::seed_from_u64(1);
        assert!((0..50).all(|_| Plan::calm().draw(&mut rng) == Fault::Pass));
    }

    #[test]
    fn moments_stay_in_their_range() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..1_000 {
            let moment = moment(&mut rng, 5..1_500);
            assert!((5..=1_500).contains(&moment.as_millis()), "{moment:?}");
        }
    }
}
