//! Heartbeats of all connections from one wheel: no timer per connection, and spread evenly over the interval.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use parlor_protocol::CloseCode;
use rand::Rng;

use crate::connection::{Bye, Connection};

/// Slots of the wheel. One is served a tick; a connection's first heartbeat comes at a random part of the interval.
const SLOTS: usize = 25;

/// See the module.
pub struct Wheel {
    interval: Duration,
    grace: Duration,
    slots: Vec<Mutex<Vec<Weak<Connection>>>>,
    next: Mutex<usize>,
}

impl Wheel {
    /// A wheel that asks for a sign of life every `interval`, and gives up `grace` after one was due.
    #[must_use]
    pub fn new(interval: Duration, grace: Duration) -> Self {
        let slots = (0..SLOTS).map(|_| Mutex::default()).collect();
        Self { interval, grace, slots, next: Mutex::new(0) }
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
    pub fn tick(&self) {
        let slot = {
            let mut next = self.next.lock();
            let slot = *next;
            *next = (slot + 1) % self.slots.len();
            slot
        };
        self.slots[slot].lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            if connection.silence() > self.interval + self.grace {
                connection.queue.close(Bye { code: CloseCode::HeartbeatMissed, after: None });
                return false;
            }
            connection.queue.ping();
            true
        });
    }
}
