//! Heartbeats of all connections from one timing wheel: no timer per connection, and evenly spread over the interval.
//!
//! A connection is closed after an interval and a grace without a sign of life. Each is checked three times per interval,
//! so that this happens within two intervals of its last sign of life.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::CloseCode;
use rand::Rng;

use super::{Connection, Disconnect};

/// Slots of the wheel, one per tick. A connection gets a random slot.
const SLOTS: usize = 24;

/// Checks of a connection per interval, evenly spread from its heartbeat.
const CHECKS: usize = 3;

pub struct HeartbeatWheel {
    interval: Duration,
    grace: Duration,
    slots: Vec<Mutex<Vec<Weak<Connection>>>>,
    position: Mutex<Position>,
}

struct Position {
    next: usize,
    last_tick: Instant,
    /// Idle time counts from here at the earliest. Reset when the process itself was suspended.
    listening_since: Instant,
}

impl HeartbeatWheel {
    /// Sends a heartbeat every `interval`, and closes a connection that shows no sign of life `grace` after one was due. The
    /// grace is limited to half an interval.
    pub fn new(interval: Duration, grace: Duration) -> Self {
        let slots = (0..SLOTS).map(|_| Mutex::default()).collect();
        let now = Instant::now();
        let position = Mutex::new(Position { next: 0, last_tick: now, listening_since: now });
        Self { interval, grace: grace.min(interval / 2), slots, position }
    }

    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How often [`HeartbeatWheel::tick`] must be called.
    pub fn tick_interval(&self) -> Duration {
        (self.interval / u32::try_from(SLOTS).unwrap_or(1)).max(Duration::from_millis(5))
    }

    /// Adds a connection. It is removed when it is dropped.
    pub fn add(&self, connection: &Arc<Connection>) {
        let slot = rand::rng().random_range(0..self.slots.len());
        self.slots[slot].lock().push(Arc::downgrade(connection));
    }

    /// All connections, including those that have not sent hello.
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.slots.iter().flat_map(|slot| slot.lock().iter().filter_map(Weak::upgrade).collect::<Vec<_>>()).collect()
    }

    /// Serves the next slot: sends heartbeats, closes idle connections and removes dropped ones.
    ///
    /// A tick that is much too late means that the process or the machine was suspended. Data that arrived meanwhile may not
    /// have been read and no heartbeats were sent, so all connections get a new interval.
    pub fn tick(&self, now: Instant) {
        let (slot, listening_since) = {
            let mut position = self.position.lock();
            let late = now.saturating_duration_since(position.last_tick).saturating_sub(self.tick_interval());
            if late > self.grace / 2 {
                tracing::warn!(?late, "the process was suspended; heartbeats restart");
                position.listening_since = now;
            }
            position.last_tick = now;
            let slot = position.next;
            position.next = (slot + 1) % SLOTS;
            (slot, position.listening_since)
        };
        let listening = now.saturating_duration_since(listening_since);
        let is_alive = |connection: &Connection| {
            let alive = connection.idle_time(now).min(listening) <= self.interval + self.grace;
            if !alive {
                connection.queue.close(Disconnect { code: CloseCode::HeartbeatMissed, reconnect_after: None });
            }
            alive
        };
        for check in 0..CHECKS {
            self.slots[(slot + check * SLOTS / CHECKS) % SLOTS].lock().retain(|connection| {
                let Some(connection) = connection.upgrade() else { return false };
                let alive = is_alive(&connection);
                if alive && check == 0 {
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

    fn got_heartbeat(connection: &Connection) -> bool {
        let mut outgoing = Outgoing::default();
        connection.queue.next(&mut outgoing).now_or_never().is_some() && outgoing.ping
    }

    /// Turns the wheel from one time to another and calls `each` after every tick.
    fn turn(wheel: &HeartbeatWheel, from: Instant, to: Instant, mut each: impl FnMut(Instant)) {
        let mut now = from;
        while now < to {
            now += wheel.tick_interval();
            wheel.tick(now);
            each(now);
        }
    }

    #[test]
    fn idle_connections_are_closed_within_two_intervals() {
        for grace in [Duration::from_secs(10), Duration::from_secs(100)] {
            for last_activity in 0..48 {
                let wheel = HeartbeatWheel::new(INTERVAL, grace);
                let silent = connection();
                wheel.add(&silent);
                let begun = Instant::now();
                let heard = begun + INTERVAL * last_activity / 48;
                let mut found = None;
                turn(&wheel, begun, begun + INTERVAL * 4, |now| {
                    if now <= heard {
                        silent.record_activity(now);
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
    fn connections_that_answer_stay_open() {
        let wheel = HeartbeatWheel::new(INTERVAL, Duration::from_secs(10));
        let alive: Vec<_> = (0..100).map(|_| connection()).collect();
        alive.iter().for_each(|connection| wheel.add(connection));
        let begun = Instant::now();
        turn(&wheel, begun, begun + INTERVAL * 10, |now| {
            for connection in &alive {
                if got_heartbeat(connection) {
                    connection.record_activity(now);
                }
            }
        });
        assert!(alive.iter().all(|connection| !connection.queue.is_ending()));
    }

    #[test]
    fn all_connections_get_a_new_interval_after_a_suspension() {
        let wheel = HeartbeatWheel::new(INTERVAL, Duration::from_secs(10));
        let (answering, silent) = (connection(), connection());
        wheel.add(&answering);
        wheel.add(&silent);
        let begun = Instant::now();
        turn(&wheel, begun, begun + INTERVAL, |_| {});
        // An hour later, the first ticks come before received data has been read.
        let woken = begun + Duration::from_secs(3_600);
        let mut found = None;
        turn(&wheel, woken, woken + INTERVAL * 3, |now| {
            if got_heartbeat(&answering) {
                answering.record_activity(now);
            }
            if found.is_none() && silent.queue.is_ending() {
                found = Some(now.saturating_duration_since(woken));
            }
        });
        assert!(!answering.queue.is_ending());
        assert!(found.is_some_and(|found| found > INTERVAL && found <= INTERVAL * 2), "{found:?}");
    }

    #[test]
    fn dropped_connections_are_removed() {
        let wheel = HeartbeatWheel::new(INTERVAL, Duration::from_secs(10));
        wheel.add(&connection());
        let begun = Instant::now();
        turn(&wheel, begun, begun + INTERVAL, |_| {});
        assert!(wheel.slots.iter().all(|slot| slot.lock().is_empty()));
    }
}
