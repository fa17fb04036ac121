//! Detects that the user is away: no input for a while, or the page is hidden.

use parlor_protocol::{ClientFrame, Millis, limits};

use super::state::{Effect, State};

/// Time without input after which the user counts as away.
#[allow(clippy::cast_possible_truncation)]
const AWAY_AFTER: Millis = limits::AWAY_AFTER.as_millis() as Millis;

#[derive(Debug, Default)]
pub(super) struct IdleTracker {
    last_active_at: Millis,
    /// The user is away, as the server was told or will be after the next hello.
    away: bool,
}

impl State {
    /// The user was active, or the page was hidden.
    #[must_use = "effects have to be run"]
    pub fn set_active(&mut self, active: bool, now: Millis) -> Vec<Effect> {
        if active {
            self.idle.last_active_at = now;
        }
        if self.idle.away != active {
            return Vec::new();
        }
        self.idle.away = !active;
        if self.connected { vec![self.away_frame()] } else { Vec::new() }
    }

    /// Checks the time since the last input.
    #[must_use = "effects have to be run"]
    pub fn check_idle(&mut self, now: Millis) -> Vec<Effect> {
        if now - self.idle.last_active_at < AWAY_AFTER {
            return Vec::new();
        }
        self.set_active(false, now)
    }

    /// The server assumes that a new connection's user is active, so it has to be told if they are away.
    pub(super) fn away_effect(&self) -> Option<Effect> {
        self.idle.away.then(|| self.away_frame())
    }

    fn away_frame(&self) -> Effect {
        Effect::Send(ClientFrame::Away { on: self.idle.away })
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_is_sent_once_after_the_idle_timeout() {
        let mut state = State { connected: true, ..State::default() };
        let away = |on| vec![Effect::Send(ClientFrame::Away { on })];
        assert_eq!(state.set_active(true, 1_000), [], "a new connection counts as active");
        assert_eq!(state.check_idle(AWAY_AFTER + 999), []);
        assert_eq!(state.check_idle(AWAY_AFTER + 1_000), away(true));
        assert_eq!(state.check_idle(AWAY_AFTER + 9_000), []);
        assert_eq!(state.set_active(true, AWAY_AFTER + 10_000), away(false));
        assert_eq!(state.set_active(false, AWAY_AFTER + 10_001), away(true), "the page is hidden");
        state.connected = false;
        assert_eq!(state.set_active(true, AWAY_AFTER + 10_002), []);
        assert_eq!(state.away_effect(), None);
        assert_eq!(state.set_active(false, AWAY_AFTER + 10_003), []);
        assert_eq!(state.away_effect(), away(true).pop());
    }
}
