//! Messages on their way: typed, stored, sent under the room's lease, withdrawn.

use parlor_protocol::{ClientFrame, CommandId, Millis, RoomId};

use super::{
    Effect, State,
    reading::{TYPING_INTERVAL, TYPING_MIN_INTERVAL},
};
use crate::{
    clock::Now,
    live::outbox::{OutgoingMessage, StoredMessage, Unsent},
};

impl State {
    /// Queues a new message under a fresh id. It is sent once it is stored.
    #[must_use = "effects have to be run"]
    pub fn send(&mut self, room: &RoomId, body: String, id: CommandId, now: impl Into<Now>) -> Vec<Effect> {
        let now = now.into();
        let Some(me) = self.me.clone() else { return Vec::new() };
        let id = self.outbox.monotonic_id(room, id);
        if let Some(open) = self.open.get_mut(room) {
            open.timeline.mark_unread(None);
            // A user who answers has read.
            open.marked = false;
        }
        // Typing after this message is reported soon.
        self.typing_sent_at = now.monotonic - TYPING_INTERVAL + TYPING_MIN_INTERVAL;
        self.discarded = None;
        self.changed.insert(room.clone());
        vec![Effect::Store(self.outbox.push(room.clone(), id, body, me, now.wall, self.connected))]
    }

    /// A message is in the browser's storage.
    pub fn persisted(&mut self, id: CommandId) {
        self.outbox.persisted(id);
    }

    /// A message was removed from the browser's storage.
    pub fn removed(&mut self, id: CommandId) {
        self.outbox.removed(id);
    }

    /// What may be sent now, and what has to be done so that more may be.
    pub fn take_sendable(&mut self, now: Millis) -> (Vec<ClientFrame>, Vec<Effect>) {
        if !self.connected {
            return (Vec::new(), Vec::new());
        }
        let frames = self.outbox.take_sendable(now);
        self.changed.extend(frames.iter().map(|(room, _)| room.clone()));
        let mut effects: Vec<_> = self.outbox.missing_leases().into_iter().map(Effect::AcquireLease).collect();
        effects.extend(self.release_leases());
        (frames.into_iter().map(|(_, frame)| frame).collect(), effects)
    }

    /// This tab holds a room's lease. `stored` is what the browser stores of it; none if it stores nothing at all.
    #[must_use = "effects have to be run"]
    pub fn lease_acquired(&mut self, room: &RoomId, stored: Option<&[StoredMessage]>) -> Vec<Effect> {
        let mut effects = self.reconcile(room, stored);
        let to_store = self.outbox.lease_acquired(room, self.connected);
        while let Some(message) = self.outbox.take_withdrawn(room) {
            effects.extend(self.finish_withdrawal(message));
        }
        effects.extend(to_store.into_iter().chain(self.outbox.take_retried(room)).map(Effect::Store));
        effects.extend(self.release_leases());
        effects
    }

    /// The stored messages of a room have changed, here or in another tab.
    #[must_use = "effects have to be run"]
    pub fn reconcile(&mut self, room: &RoomId, stored: Option<&[StoredMessage]>) -> Vec<Effect> {
        let (Some(stored), Some(me)) = (stored, &self.me) else { return Vec::new() };
        let timeline = self.open.get(room).map(|room| &room.timeline);
        let known = |id| timeline.is_some_and(|timeline| timeline.has(id));
        let delivered = self.outbox.reconcile(room, stored, me, known);
        self.changed.insert(room.clone());
        delivered.into_iter().map(|id| remove(id, room)).collect()
    }

    /// [`State::reconcile`] for all rooms that have stored messages.
    #[must_use = "effects have to be run"]
    pub fn reconcile_all(&mut self, stored: &[StoredMessage]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for (at, message) in stored.iter().enumerate() {
            if !stored[..at].iter().any(|earlier| earlier.room == message.room) {
                effects.extend(self.reconcile(&message.room, Some(stored)));
            }
        }
        effects
    }

    /// Another tab has withdrawn a message.
    pub fn withdrawn_elsewhere(&mut self, id: CommandId) {
        let room = self.outbox.withdrawn_elsewhere(id);
        self.changed.extend(room);
    }

    /// Sends a failed message again.
    #[must_use = "effects have to be run"]
    pub fn retry(&mut self, id: CommandId) -> Vec<Effect> {
        let Some((room, needs_lease)) = self.outbox.retry(id) else { return Vec::new() };
        self.changed.insert(room.clone());
        if needs_lease {
            return vec![Effect::AcquireLease(room)];
        }
        self.outbox.take_retried(&room).into_iter().map(Effect::Store).collect()
    }

    /// Withdraws a message that has failed or was never sent.
    #[must_use = "effects have to be run"]
    pub fn withdraw(&mut self, id: CommandId, to_edit: bool) -> Vec<Effect> {
        if to_edit {
            self.to_edit.push(id);
        }
        let Some((room, needs_lease)) = self.outbox.withdraw(id) else { return Vec::new() };
        self.changed.insert(room.clone());
        if needs_lease {
            return vec![Effect::AcquireLease(room)];
        }
        let mut effects = Vec::new();
        while let Some(message) = self.outbox.take_withdrawn(&room) {
            effects.extend(self.finish_withdrawal(message));
        }
        effects
    }

    #[must_use = "effects have to be run"]
    fn finish_withdrawal(&mut self, message: OutgoingMessage) -> Vec<Effect> {
        let (id, room) = (message.message.id, message.room.clone());
        self.changed.insert(room.clone());
        let mut effects = vec![Effect::Remove { id, room: room.clone(), withdrawn: true }];
        if let Some(at) = self.to_edit.iter().position(|other| *other == id) {
            self.to_edit.remove(at);
            effects.push(Effect::ReturnDraft(room, message.message.body.clone(), message.edits));
        } else {
            self.discarded = Some(message);
        }
        effects
    }

    /// Counts the unsent messages, seen from a room.
    pub fn unsent(&self, room: Option<&RoomId>) -> Unsent {
        let discarded = self.discarded.as_ref().is_some_and(|message| Some(&message.room) == room);
        Unsent { discarded, ..self.outbox.unsent(room) }
    }

    /// Restores the message that was discarded last.
    #[must_use = "effects have to be run"]
    pub fn undo_discard(&mut self) -> Vec<Effect> {
        let Some(message) = self.discarded.take() else { return Vec::new() };
        self.changed.insert(message.room.clone());
        vec![Effect::Store(self.outbox.restore(message))]
    }

    #[must_use = "effects have to be run"]
    pub(super) fn release_leases(&mut self) -> Vec<Effect> {
        self.outbox.release_idle_leases(self.connected).into_iter().map(Effect::ReleaseLease).collect()
    }
}

/// The server has a message, so the browser need not store it.
pub(super) fn remove(id: CommandId, room: &RoomId) -> Effect {
    Effect::Remove { id, room: room.clone(), withdrawn: false }
}
