//! When to come back after a connection has ended: full jitter, so that a restart is not followed by a stampede.

use parlor_protocol::close;

/// The longest that one waits, in milliseconds.
const CEILING: u64 = 30_000;
/// The ceiling of the first wait, in milliseconds. It doubles with each try.
const BASE: u64 = 500;
/// A connection that lasted this long was a good one: the next wait is a first one again.
const GOOD_MS: i64 = 5_000;

/// What the server said in `bye`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bye {
    /// Its close code.
    pub code: u16,
    /// Why, in words.
    pub reason: String,
    /// Whether to come back.
    pub reconnect: bool,
    /// How long to wait before that.
    pub after_ms: Option<u64>,
}

/// What to do after a connection has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Try again after so many milliseconds.
    Wait(u32),
    /// Stay away: the server does not want this client back.
    Never,
}

/// Counts the tries since the last good connection.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The number of the coming try: 1 for the first.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.tries
    }

    /// Somebody does not want to wait: if this try fails too, the next one comes soon.
    pub fn hurry(&mut self) {
        self.tries = self.tries.min(2);
    }

    /// A connection ended with `code` after `lasted` milliseconds (0 when it never was one). `random` is from 0 to 1.
    pub fn ended(&mut self, code: u16, bye: Option<&Bye>, lasted: i64, random: f64) -> Next {
        if !close::may_reconnect(code) || bye.is_some_and(|bye| !bye.reconnect || !close::may_reconnect(bye.code)) {
            return Next::Never;
        }
        if lasted >= GOOD_MS {
            self.tries = 0;
        }
        let jitter = jitter(self.tries, random);
        self.tries = self.tries.saturating_add(1);
        // The server spreads the returns itself when it knows better; a second try is on its own again.
        let wait = bye.and_then(|bye| bye.after_ms).map_or(jitter, |after| after.min(CEILING * 4));
        Next::Wait(u32::try_from(wait).unwrap_or(u32::MAX))
    }
}

/// `random(0, min(30 s, 0.5 s * 2^n))`
fn jitter(tries: u32, random: f64) -> u64 {
    let ceiling = BASE.saturating_mul(1 << tries.min(20)).min(CEILING);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let wait = (ceiling as f64 * random.clamp(0.0, 1.0)) as u64;
    wait
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::CloseCode;
    use proptest::prelude::*;

    #[test]
    fn waits_grow_to_the_ceiling_and_start_anew() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.ended(1006, None, 0, 1.0)).collect();
        let expected = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000].map(Next::Wait);
        assert_eq!(waits, expected);
        assert_eq!(backoff.attempt(), 9);
        assert_eq!(backoff.ended(1006, None, 60_000, 1.0), Next::Wait(500));
        assert_eq!(backoff.attempt(), 1);
    }

    #[test]
    fn the_servers_word_counts() {
        let bye = |code, reconnect, after_ms| Bye { code, reason: String::new(), reconnect, after_ms };
        let restarting = bye(4001, true, Some(2_345));
        assert_eq!(Backoff::default().ended(4001, Some(&restarting), 60_000, 0.1), Next::Wait(2_345));
        assert_eq!(Backoff::default().ended(1006, Some(&bye(4503, true, None)), 0, 0.1), Next::Never);
        assert_eq!(Backoff::default().ended(4001, Some(&bye(4001, false, None)), 0, 0.1), Next::Never);
    }

    #[test]
    fn codes_say_whether_to_come_back() {
        for code in CloseCode::ALL {
            let next = Backoff::default().ended(code.code(), None, 0, 0.0);
            assert_eq!(next == Next::Never, code.code() >= 4500, "{code:?}");
        }
    }

    #[test]
    fn who_asks_for_a_try_does_not_wait_longer_for_the_next() {
        let mut backoff = Backoff::default();
        for _ in 0..9 {
            backoff.ended(1006, None, 0, 1.0);
        }
        backoff.hurry();
        assert_eq!(backoff.ended(1006, None, 0, 1.0), Next::Wait(2_000));
    }

    proptest! {
        #[test]
        fn never_over_the_ceiling(tries in 0_u32..1_000, random in 0.0_f64..1.0) {
            prop_assert!(jitter(tries, random) <= CEILING);
            prop_assert!(jitter(tries, random) <= BASE.saturating_mul(1 << tries.min(20)));
        }
    }
}
