//! Withdraws and retries messages. Both need the room's lease, because another tab may be doing the other at the same time.

use parlor_protocol::{CommandId, RoomId};

use super::{Delivery, Outbox, OutgoingMessage, StoredMessage, leases};

impl Outbox {
    /// Restores a message that was discarded. Returns what has to be stored.
    pub fn restore(&mut self, message: OutgoingMessage) -> StoredMessage {
        let item = OutgoingMessage { persisted: false, withdrawn: false, ..message };
        let stored = item.to_stored();
        self.insert(item);
        stored
    }

    /// Another tab has withdrawn a message.
    pub fn withdrawn_elsewhere(&mut self, id: CommandId) -> Option<RoomId> {
        let at = self.items.iter().position(|item| item.message.id == id && item.delivery != Delivery::Sent)?;
        Some(self.items.remove(at).room)
    }

    /// Sends a failed message again, under the same id. Returns the room, and whether its lease has to be acquired.
    pub fn retry(&mut self, id: CommandId) -> Option<(RoomId, bool)> {
        let item = self.find_mut(id).filter(|item| matches!(item.delivery, Delivery::Failed(_)) && !item.withdrawn)?;
        item.delivery = Delivery::Queued;
        item.persisted = false;
        item.retried = true;
        let room = item.room.clone();
        let needs_lease = self.request_lease(&room);
        Some((room, needs_lease))
    }

    /// Under the lease: the messages to send again, which have to be stored as such first.
    pub fn take_retried(&mut self, room: &RoomId) -> Vec<StoredMessage> {
        if !leases::is_held(&self.leases, room) {
            return Vec::new();
        }
        let mut to_store = Vec::new();
        for item in self.items.iter_mut().filter(|item| item.room == *room) {
            if std::mem::take(&mut item.retried) && item.delivery == Delivery::Queued {
                to_store.push(item.to_stored());
            }
        }
        to_store
    }

    /// Withdraws a message that has failed or was never sent. It is not sent any more; whether it was sent by another tab is
    /// only known under the lease. Returns the room, and whether its lease has to be acquired.
    pub fn withdraw(&mut self, id: CommandId) -> Option<(RoomId, bool)> {
        let item = self.find_mut(id).filter(|item| match item.delivery {
            Delivery::Queued => !item.attempted,
            Delivery::Failed(_) => true,
            Delivery::Sent | Delivery::Stored => false,
        })?;
        item.withdrawn = true;
        let room = item.room.clone();
        let needs_lease = self.request_lease(&room);
        Some((room, needs_lease))
    }

    /// Under the lease: takes a withdrawn message out. One that another tab has tried to send meanwhile stays.
    pub fn take_withdrawn(&mut self, room: &RoomId) -> Option<OutgoingMessage> {
        if !leases::is_held(&self.leases, room) {
            return None;
        }
        let was_attempted = |item: &OutgoingMessage| item.attempted && !matches!(item.delivery, Delivery::Failed(_));
        for item in self.items.iter_mut().filter(|item| item.room == *room && was_attempted(item)) {
            item.withdrawn = false;
        }
        let can_take = |item: &OutgoingMessage| {
            item.room == *room && item.withdrawn && matches!(item.delivery, Delivery::Queued | Delivery::Failed(_))
        };
        let at = self.items.iter().position(can_take)?;
        let taken = self.items.remove(at);
        self.removing.push(taken.message.id);
        Some(taken)
    }
}
