//! Exponential backoff with full jitter, so that not all clients reconnect at once after a restart.

use parlor_protocol::close;

/// The longest wait, in milliseconds.
const MAX_WAIT: u64 = 30_000;
/// The longest first wait, in milliseconds. It doubles with each attempt.
const BASE_WAIT: u64 = 500;
/// A connection that lasted this long resets the backoff.
const STABLE_MS: i64 = 5_000;

/// The server's `bye` frame.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bye {
    pub code: u16,
    pub reason: String,
    pub reconnect: bool,
    /// How long to wait before reconnecting.
    pub after_ms: Option<u64>,
}

/// What to do after a connection has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Reconnect after this many milliseconds.
    Wait(u32),
    /// Do not reconnect.
    Never,
}

/// Counts the attempts since the last stable connection.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The number of the next attempt, from 1; 0 before the first connection has ended.
    pub const fn attempt(&self) -> u32 {
        self.attempts
    }

    /// The user does not want to wait: if the next attempt fails too, the one after it comes soon.
    pub fn hurry(&mut self) {
        self.attempts = self.attempts.min(2);
    }

    /// A connection was closed with `code` after `lasted` milliseconds (0 if it was never established). `random` is from 0
    /// to 1.
    pub fn next_attempt(&mut self, code: u16, bye: Option<&Bye>, lasted: i64, random: f64) -> Next {
        if !close::may_reconnect(code) || bye.is_some_and(|bye| !bye.reconnect || !close::may_reconnect(bye.code)) {
            return Next::Never;
        }
        if lasted >= STABLE_MS {
            self.attempts = 0;
        }
        let jitter = jitter(self.attempts, random);
        self.attempts = self.attempts.saturating_add(1);
        // The server can spread the clients itself. After a further failure the client's own backoff applies.
        let wait = bye.and_then(|bye| bye.after_ms).map_or(jitter, |after| after.min(MAX_WAIT * 4));
        Next::Wait(u32::try_from(wait).unwrap_or(u32::MAX))
    }
}

/// `random(0, min(30 s, 0.5 s * 2^n))`
fn jitter(attempts: u32, random: f64) -> u64 {
    let longest = BASE_WAIT.saturating_mul(1 << attempts.min(20)).min(MAX_WAIT);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let wait = (longest as f64 * random.clamp(0.0, 1.0)) as u64;
    wait
}

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::CloseCode;
    use proptest::prelude::*;

    #[test]
    fn waits_grow_to_the_maximum_and_are_reset() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..9).map(|_| backoff.next_attempt(1006, None, 0, 1.0)).collect();
        let expected = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000].map(Next::Wait);
        assert_eq!(waits, expected);
        assert_eq!(backoff.attempt(), 9);
        assert_eq!(backoff.next_attempt(1006, None, 60_000, 1.0), Next::Wait(500));
        assert_eq!(backoff.attempt(), 1);
    }

    #[test]
    fn the_server_can_set_the_wait_and_forbid_reconnecting() {
        let bye = |code, reconnect, after_ms| Bye { code, reason: String::new(), reconnect, after_ms };
        let restarting = bye(4001, true, Some(2_345));
        assert_eq!(Backoff::default().next_attempt(4001, Some(&restarting), 60_000, 0.1), Next::Wait(2_345));
        assert_eq!(Backoff::default().next_attempt(1006, Some(&bye(4503, true, None)), 0, 0.1), Next::Never);
        assert_eq!(Backoff::default().next_attempt(4001, Some(&bye(4001, false, None)), 0, 0.1), Next::Never);
    }

    #[test]
    fn close_codes_decide_whether_to_reconnect() {
        for code in CloseCode::ALL {
            let next = Backoff::default().next_attempt(code.code(), None, 0, 0.0);
            assert_eq!(next == Next::Never, code.code() >= 4500, "{code:?}");
        }
    }

    #[test]
    fn a_manual_retry_does_not_lengthen_the_next_wait() {
        let mut backoff = Backoff::default();
        for _ in 0..9 {
            backoff.next_attempt(1006, None, 0, 1.0);
        }
        backoff.hurry();
        assert_eq!(backoff.next_attempt(1006, None, 0, 1.0), Next::Wait(2_000));
    }

    proptest! {
        #[test]
        fn waits_never_exceed_the_maximum(attempts in 0_u32..1_000, random in 0.0_f64..1.0) {
            prop_assert!(jitter(attempts, random) <= MAX_WAIT);
            prop_assert!(jitter(attempts, random) <= BASE_WAIT.saturating_mul(1 << attempts.min(20)));
        }
    }
}
