//! Leases: the right of this tab to send a room's messages.

use parlor_protocol::RoomId;

use super::{Delivery, Lease, Outbox, StoredMessage};

impl Outbox {
    /// Rooms that have messages to send and whose lease has not been requested. Counts them as requested.
    pub fn missing_leases(&mut self) -> Vec<RoomId> {
        let mut missing: Vec<RoomId> = Vec::new();
        for item in self.items.iter().filter(|item| item.persisted && item.is_sendable()) {
            if !self.has_lease(&item.room) && !missing.contains(&item.room) {
                missing.push(item.room.clone());
            }
        }
        self.leases.extend(missing.iter().map(|room| (room.clone(), Lease::Requested)));
        missing
    }

    /// This tab holds a room's lease: until it is released, no other tab sends the room's messages, and what was read from
    /// the storage under it is current. Returns what has to be stored before it may be sent.
    pub fn lease_acquired(&mut self, room: &RoomId, connected: bool) -> Vec<StoredMessage> {
        self.leases.retain(|(other, _)| other != room);
        self.leases.push((room.clone(), Lease::Held));
        let mut to_store = Vec::new();
        if !connected {
            return to_store;
        }
        for item in self.items.iter_mut().filter(|item| item.room == *room && item.is_sendable() && !item.attempted) {
            item.attempted = true;
            item.persisted = false;
            to_store.push(item.to_stored());
        }
        to_store
    }

    /// Takes the leases that are held and not needed: all of them without a connection.
    pub fn release_idle_leases(&mut self, connected: bool) -> Vec<RoomId> {
        let Self { items, leases, .. } = self;
        let busy = |room: &RoomId| {
            connected
                && items
                    .iter()
                    .any(|item| item.room == *room && (item.is_sendable() || item.delivery == Delivery::Sent))
        };
        let idle: Vec<_> = leases
            .iter()
            .filter(|(room, lease)| *lease == Lease::Held && !busy(room))
            .map(|(room, _)| room.clone())
            .collect();
        leases.retain(|(room, _)| !idle.contains(room));
        idle
    }

    /// Requests a room's lease. False if it is held or was requested before.
    pub(super) fn request_lease(&mut self, room: &RoomId) -> bool {
        let missing = !self.has_lease(room);
        if missing {
            self.leases.push((room.clone(), Lease::Requested));
        }
        missing
    }

    fn has_lease(&self, room: &RoomId) -> bool {
        self.leases.iter().any(|(other, _)| other == room)
    }
}

pub(super) fn is_held(leases: &[(RoomId, Lease)], room: &RoomId) -> bool {
    leases.iter().any(|(other, lease)| other == room && *lease == Lease::Held)
}
