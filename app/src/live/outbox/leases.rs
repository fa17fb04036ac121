//! The right of this tab to send a room's messages.

use parlor_protocol::RoomId;

use super::{Delivery, Kept, Lease, Outbox};

impl Outbox {
    /// Rooms that have something to send and whose lease is yet to be asked for.
    pub fn wanted(&mut self) -> Vec<RoomId> {
        let mut wanted = Vec::new();
        for item in self.items.iter().filter(|item| item.kept && item.may_go()) {
            if !wanted.contains(&item.room) && self.lease(&item.room).is_none() {
                wanted.push(item.room.clone());
            }
        }
        self.leases.extend(wanted.iter().map(|room| (room.clone(), Lease::Wanted)));
        wanted
    }

    /// The lease of a room is ours: until it is given back, nobody else sends its messages. What was read from the disk
    /// under it was the truth, and was reconciled. Returns what has to be written before it may go.
    pub fn leased(&mut self, room: &RoomId, connected: bool) -> Vec<Kept> {
        self.leases.retain(|(id, _)| id != room);
        self.leases.push((room.clone(), Lease::Held));
        let mut to_keep = Vec::new();
        if !connected {
            return to_keep;
        }
        for item in self.items.iter_mut().filter(|item| item.room == *room && item.may_go() && !item.tried) {
            item.tried = true;
            item.kept = false;
            to_keep.push(item.to_keep());
        }
        to_keep
    }

    /// Rooms whose lease is ours and of no more use, and those that are to be given back at once because the
    /// connection is gone. They count as given back from now on.
    pub fn releasable(&mut self, connected: bool) -> Vec<RoomId> {
        let Self { items, leases, .. } = self;
        let busy = |room: &RoomId| {
            connected
                && items.iter().any(|item| item.room == *room && (item.may_go() || item.delivery == Delivery::Sent))
        };
        let mut idle = Vec::new();
        leases.retain(|(room, lease)| {
            let keep = *lease != Lease::Held || busy(room);
            if !keep {
                idle.push(room.clone());
            }
            keep
        });
        idle
    }

    /// Whether the lease is asked for or ours.
    pub(super) fn lease(&self, room: &RoomId) -> Option<Lease> {
        self.leases.iter().find(|(id, _)| id == room).map(|(_, lease)| *lease)
    }

    /// Whether the lease of a room, which is needed, has to be asked for.
    pub(super) fn ask(&mut self, room: &RoomId) -> bool {
        let ask = self.lease(room).is_none();
        if ask {
            self.leases.push((room.clone(), Lease::Wanted));
        }
        ask
    }
}
