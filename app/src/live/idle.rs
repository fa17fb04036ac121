//! Whether somebody is at this device: nobody is after a while without a key or a touch, and while the page is out of sight.

use parlor_protocol::{ClientFrame, Millis, limits};

use super::state::{State, Todo};

/// Time without input after which nobody is taken to be there.
#[allow(clippy::cast_possible_truncation)]
const AWAY_AFTER: Millis = limits::AWAY_AFTER.as_millis() as Millis;

/// What is known of who is at the device.
#[derive(Debug, Default)]
pub(super) struct IdleTracker {
    /// When somebody was last seen to be there.
    seen_at: Millis,
    /// Nobody is, as the server was told or will be by the next connection.
    away: bool,
}

impl State {
    /// Somebody is here, or the page has gone out of sight.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn attend(&mut self, here: bool, now: Millis) -> Vec<Todo> {
        if here {
            self.attendance.seen_at = now;
        }
        if self.attendance.away != here {
            return Vec::new();
        }
        self.attendance.away = !here;
        if self.connected { vec![self.tell_attendance()] } else { Vec::new() }
    }

    /// Time goes by.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn idle(&mut self, now: Millis) -> Vec<Todo> {
        if now - self.attendance.seen_at < AWAY_AFTER {
            return Vec::new();
        }
        self.attend(false, now)
    }

    /// A new connection counts as attended: it is told if it is not.
    pub(super) fn absent(&self) -> Option<Todo> {
        self.attendance.away.then(|| self.tell_attendance())
    }

    fn tell_attendance(&self) -> Todo {
        Todo::Send(ClientFrame::Away { on: self.attendance.away })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_there_after_a_while_and_the_server_hears_it_once() {
        let mut state = State { connected: true, ..State::default() };
        let away = |on| vec![Todo::Send(ClientFrame::Away { on })];
        assert_eq!(state.attend(true, 1_000), [], "as a new connection is taken to be");
        assert_eq!(state.idle(AWAY_AFTER + 999), []);
        assert_eq!(state.idle(AWAY_AFTER + 1_000), away(true));
        assert_eq!(state.idle(AWAY_AFTER + 9_000), []);
        assert_eq!(state.attend(true, AWAY_AFTER + 10_000), away(false));
        assert_eq!(state.attend(false, AWAY_AFTER + 10_001), away(true), "out of sight");
        state.connected = false;
        assert_eq!(state.attend(true, AWAY_AFTER + 10_002), []);
        assert_eq!(state.absent(), None);
        assert_eq!(state.attend(false, AWAY_AFTER + 10_003), []);
        assert_eq!(state.absent(), away(true).pop());
    }
}
