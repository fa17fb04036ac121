//! Heartbeats of all connections from one wheel: no timer per connection, and spread evenly over the interval.
//!
//! A peer is given up after an interval and a grace of silence. Each connection is looked at three times a turn, so that
//! this is noticed within two intervals of its last sign of life.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::CloseCode;
use rand::Rng;

use crate::connection::{Bye, Connection};

/// Slots of the wheel. One is served a tick; a connection's first heartbeat comes at a random part of the interval.
const SLOTS: usize = 24;

/// Looks at a connection in one turn: at its heartbeat, and evenly between this one and the next.
const LOOKS: usize = 3;

/// See the module.
pub struct Wheel {
    interval: Duration,
    grace: Duration,
    slots: Vec<Mutex<Vec<Weak<Connection>>>>,
    turn: Mutex<Turn>,
}

struct Turn {
    next: usize,
    /// The last tick.
    last: Instant,
    /// Silence counts from here. Moved when the process itself was frozen: nobody is to blame for what nobody could hear.
    listening_since: Instant,
}

impl Wheel {
    /// A wheel that asks for a sign of life every `interval`, and gives up when `grace` after one was due there was
    /// none. More grace than half an interval is not given.
    #[must_use]
    pub fn new(interval: Duration, grace: Duration) -> Self {
        let slots = (0..SLOTS).map(|_| Mutex::default()).collect();
        let now = Instant::now();
        let turn = Mutex::new(Turn { next: 0, last: now, listening_since: now });
        Self { interval, grace: grace.min(interval / 2), slots, turn }
    }

    /// How often a connection is asked.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How often [`Wheel::tick`] is to be called.
    #[must_use]
    pub fn tick_interval(&self) -> Duration {
        (self.interval / u32::try_from(SLOTS).unwrap_or(1)).max(Duration::from_millis(5))
    }

    /// Watches over a connection until it is dropped.
    pub fn add(&self, connection: &Arc<Connection>) {
        let slot = rand::rng().random_range(0..self.slots.len());
        self.slots[slot].lock().push(Arc::downgrade(connection));
    }

    /// Every connection, also those that have not said hello.
    #[must_use]
    pub fn everyone(&self) -> Vec<Arc<Connection>> {
        self.slots.iter().flat_map(|slot| slot.lock().iter().filter_map(Weak::upgrade).collect::<Vec<_>>()).collect()
    }

    /// Serves the next slot: asks the living, ends the silent, forgets the gone.
    ///
    /// A tick that comes much too late says that the process was stopped, or the machine asleep. What was sent meanwhile
    /// may not have been read yet, and nobody was asked: everyone gets a whole new round to answer.
    pub fn tick(&self, now: Instant) {
        let (slot, listening_since) = {
            let mut turn = self.turn.lock();
            let late = now.saturating_duration_since(turn.last).saturating_sub(self.tick_interval());
            if late > self.grace / 2 {
                tracing::warn!(?late, "the process stood still; heartbeats begin anew");
                turn.listening_since = now;
            }
            turn.last = now;
            let slot = turn.next;
            turn.next = (slot + 1) % SLOTS;
            (slot, turn.listening_since)
        };
        let listening = now.saturating_duration_since(listening_since);
        let is_alive = |connection: &Connection| {
            let alive = connection.silence(now).min(listening) <= self.interval + self.grace;
            if !alive {
                connection.queue.close(Bye { code: CloseCode::HeartbeatMissed, after: None });
            }
            alive
        };
        for look in 0..LOOKS {
            self.slots[(slot + look * SLOTS / LOOKS) % SLOTS].lock().retain(|connection| {
                let Some(connection) = connection.upgrade() else { return false };
                let alive = is_alive(&connection);
                if alive && look == 0 {
                    connection.queue.ping();
                }
                alive
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use parlor_protocol::{ServerRole, User, UserId, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::{
        connection::Outgoing,
        domain::{AuthenticatedUser, TokenHash},
    };

    const INTERVAL: Duration = Duration::from_secs(24);

    fn connection() -> Arc<Connection> {
        let user = Arc::new(User { id: UserId(Uuid::nil()), name: "ann".into(), kind: UserKind::Guest, colour: None });
        Connection::new(AuthenticatedUser { user, role: ServerRole::Guest }, TokenHash([0; 32]))
    }

    fn was_asked(connection: &Connection) -> bool {
        let mut outgoing = Outgoing::default();
        connection.queue.next(&mut outgoing).now_or_never().is_some() && outgoing.ping
    }

    /// KeyedMutex the wheel from one time to another; calls `each` after every tick.
    fn turn(wheel: &Wheel, from: Instant, to: Instant, mut each: impl FnMut(Instant)) {
        let mut now = from;
        while now < to {
            now += wheel.tick_interval();
            wheel.tick(now);
            each(now);
        }
    }

    #[test]
    fn the_silent_are_found_within_two_intervals_whenever_they_were_last_heard() {
        for grace in [Duration::from_secs(10), Duration::from_secs(100)] {
            for last_word in 0..48 {
                let wheel = Wheel::new(INTERVAL, grace);
                let silent = connection();
                wheel.add(&silent);
                let begun = Instant::now();
                let heard = begun + INTERVAL * last_word / 48;
                let mut found = None;
                turn(&wheel, begun, begun + INTERVAL * 4, |now| {
                    if now <= heard {
                        silent.hear(now);
                    }
                    if found.is_none() && silent.queue.is_ending() {
                        found = Some(now.saturating_duration_since(heard));
                    }
                });
                let found = found.unwrap_or(INTERVAL * 9);
                let given = INTERVAL + grace.min(INTERVAL / 2);
                assert!(found + wheel.tick_interval() > given, "too early: {found:?}");
                assert!(found <= INTERVAL * 2, "too late: {found:?}");
            }
        }
    }

    #[test]
    fn who_answers_each_heartbeat_stays() {
        let wheel = Wheel::new(INTERVAL, Duration::from_secs(10));
        let alive: Vec<_> = (0..100).map(|_| connection()).collect();
        alive.iter().for_each(|connection| wheel.add(connection));
        let begun = Instant::now();
        turn(&wheel, begun, begun + INTERVAL * 10, |now| {
            for connection in &alive {
                if was_asked(connection) {
                    connection.hear(now);
                }
            }
        });
        assert!(alive.iter().all(|connection| !connection.queue.is_ending()));
    }

    #[test]
    fn a_process_that_stood_still_gives_everyone_a_new_round() {
        let wheel = Wheel::new(INTERVAL, Duration::from_secs(10));
        let (answering, silent) = (connection(), connection());
        wheel.add(&answering);
        wheel.add(&silent);
        let begun = Instant::now();
        turn(&wheel, begun, begun + INTERVAL, |_| {});
        // An hour later, the first ticks come before anything that was sent has been read.
        let woken = begun + Duration::from_secs(3_600);
        let mut found = None;
        turn(&wheel, woken, woken + INTERVAL * 3, |now| {
            if was_asked(&answering) {
                answering.hear(now);
            }
            if found.is_none() && silent.queue.is_ending() {
                found = Some(now.saturating_duration_since(woken));
            }
        });
        assert!(!answering.queue.is_ending());
        assert!(found.is_some_and(|found| found > INTERVAL && found <= INTERVAL * 2), "{found:?}");
    }

    #[test]
    fn the_gone_are_forgotten() {
        let wheel = Wheel::new(INTERVAL, Duration::from_secs(10));
        wheel.add(&connection());
        let begun = Instant::now();
        turn(&wheel, begun, begun + INTERVAL, |_| {});
        assert!(wheel.slots.iter().all(|slot| slot.lock().is_empty()));
    }
}
