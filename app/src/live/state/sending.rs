//! What is on its way: typed, kept, sent under the room's lease, taken back.

use parlor_protocol::{ClientFrame, CommandId, Millis, RoomId};

use super::{
    State, Todo,
    reading::{TYPING_LEAST, TYPING_PAUSE},
};
use crate::{
    live::outbox::{Kept, Outgoing, Unsent},
    small::RoomSet,
};

impl State {
    /// Takes what was typed, under an id that was made just now. It goes once it is kept.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn send(&mut self, room: &RoomId, body: String, id: CommandId, now: Millis) -> Vec<Todo> {
        let Some(me) = self.me.clone() else { return Vec::new() };
        let id = self.outbox.after_all(room, id);
        if let Some(open) = self.open.get_mut(room) {
            open.timeline.mark_unread(None);
            // Who answers has read.
            open.marked = false;
        }
        // What is typed next is told soon.
        self.typed_at = now - TYPING_PAUSE + TYPING_LEAST;
        self.discarded = None;
        self.changed.insert(room.clone());
        vec![Todo::Keep(self.outbox.push(room.clone(), id, body, me, now, self.connected))]
    }

    /// A message is on the browser's disk.
    pub fn kept(&mut self, id: CommandId) {
        self.outbox.kept(id);
    }

    /// A message was taken from the browser's disk.
    pub fn forgotten(&mut self, id: CommandId) {
        self.outbox.left(id);
    }

    /// What may go on the wire now, and what has to be done so that more may.
    pub fn take_ready(&mut self, now: Millis) -> (Vec<ClientFrame>, Vec<Todo>) {
        if !self.connected {
            return (Vec::new(), Vec::new());
        }
        let frames = self.outbox.take_ready(now);
        self.changed.extend(frames.iter().map(|(room, _)| room.clone()));
        let mut todos: Vec<_> = self.outbox.wanted().into_iter().map(Todo::Lease).collect();
        todos.extend(self.release());
        (frames.into_iter().map(|(_, frame)| frame).collect(), todos)
    }

    /// The lease of a room is ours, and this is what the browser keeps of it; none if it keeps nothing at all.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn leased(&mut self, room: &RoomId, kept: Option<&[Kept]>) -> Vec<Todo> {
        let mut todos = self.reconcile(room, kept);
        let to_keep = self.outbox.leased(room, self.connected);
        while let Some(taken) = self.outbox.take_withdrawn(room) {
            todos.extend(self.give_back(taken));
        }
        todos.extend(to_keep.into_iter().chain(self.outbox.take_retried(room)).map(Todo::Keep));
        todos.extend(self.release());
        todos
    }

    /// What the browser keeps of a room was changed, here or by another tab.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn reconcile(&mut self, room: &RoomId, kept: Option<&[Kept]>) -> Vec<Todo> {
        let (Some(kept), Some(me)) = (kept, &self.me) else { return Vec::new() };
        let timeline = self.open.get(room).map(|room| &room.timeline);
        let known = |id| timeline.is_some_and(|timeline| timeline.has(id));
        let stored = self.outbox.reconcile(room, kept, me, known);
        self.changed.insert(room.clone());
        stored.into_iter().map(|id| forget(id, room)).collect()
    }

    /// The same for all rooms of which something is kept.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn reconcile_all(&mut self, kept: &[Kept]) -> Vec<Todo> {
        let mut rooms = RoomSet::default();
        rooms.extend(kept.iter().map(|message| message.room.clone()));
        rooms.take().iter().flat_map(|room| self.reconcile(room, Some(kept))).collect()
    }

    /// Another tab has given a message back to its writer.
    pub fn gone(&mut self, id: CommandId) {
        let room = self.outbox.gone(id);
        self.changed.extend(room);
    }

    /// Sends a failed message again.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn retry(&mut self, id: CommandId) -> Vec<Todo> {
        let Some((room, lease)) = self.outbox.retry(id) else { return Vec::new() };
        self.changed.insert(room.clone());
        if lease {
            return vec![Todo::Lease(room)];
        }
        self.outbox.take_retried(&room).into_iter().map(Todo::Keep).collect()
    }

    /// The writer wants a message back that is not on its way: a failed one, or one that was never on the wire.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn take_back(&mut self, id: CommandId, to_edit: bool) -> Vec<Todo> {
        if to_edit {
            self.to_edit.push(id);
        }
        let Some((room, lease)) = self.outbox.withdraw(id) else { return Vec::new() };
        self.changed.insert(room.clone());
        if lease {
            return vec![Todo::Lease(room)];
        }
        let mut todos = Vec::new();
        while let Some(taken) = self.outbox.take_withdrawn(&room) {
            todos.extend(self.give_back(taken));
        }
        todos
    }

    #[must_use = "a to-do that is dropped is never done"]
    fn give_back(&mut self, taken: Outgoing) -> Vec<Todo> {
        let (id, room) = (taken.message.id, taken.room.clone());
        self.changed.insert(room.clone());
        let mut todos = vec![Todo::Forget { id, room: room.clone(), taken_back: true }];
        if let Some(at) = self.to_edit.iter().position(|other| *other == id) {
            self.to_edit.remove(at);
            todos.push(Todo::Return(room, taken.message.body.clone()));
        } else {
            self.discarded = Some(taken);
        }
        todos
    }

    /// What is not sent, as seen from a room.
    #[must_use]
    pub fn unsent(&self, here: Option<&RoomId>) -> Unsent {
        let discarded = self.discarded.as_ref().is_some_and(|message| Some(&message.room) == here);
        Unsent { discarded, ..self.outbox.unsent(here) }
    }

    /// The writer did not mean to discard the last message: it is as it was.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn undo_discard(&mut self) -> Vec<Todo> {
        let Some(message) = self.discarded.take() else { return Vec::new() };
        self.changed.insert(message.room.clone());
        vec![Todo::Keep(self.outbox.restore(message))]
    }

    #[must_use = "a to-do that is dropped is never done"]
    pub(super) fn release(&mut self) -> Vec<Todo> {
        self.outbox.releasable(self.connected).into_iter().map(Todo::Release).collect()
    }
}

/// The server has it.
pub(super) fn forget(id: CommandId, room: &RoomId) -> Todo {
    Todo::Forget { id, room: room.clone(), taken_back: false }
}
