//! Edits of one's own messages, and reactions.

use parlor_protocol::{
    ClientFrame, CommandId, RoomId, RoomSummary, Seq, ServerRole,
    policy::{Actor, RoomAction},
};

use super::{Effect, LoadState, State};
use crate::{
    clock::Now,
    live::outbox::{Delivery, StoredMessage},
};

/// The message that the composer is editing.
#[derive(Clone, Debug)]
pub(in crate::live) struct EditInProgress {
    room: RoomId,
    pub(super) message: CommandId,
    seq: Seq,
    /// The text that the server had when the edit began.
    pub(super) original: String,
}

/// What has happened to a message while it is being edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EditConflict {
    /// It has another text now.
    Edited,
    Deleted,
}

/// What the composer is to do for an edit of the last message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LastMessage {
    /// There is no message to edit.
    #[default]
    None,
    Stored(CommandId),
    /// It is still in the outbox, under this id.
    Unsent(CommandId),
}

impl State {
    /// Whether the user may write in a room, edit their messages there and react.
    fn can_write(&self, room: &RoomId) -> bool {
        let is_room = |summary: &&RoomSummary| summary.id == *room;
        let actor = Actor::with_role(self.role.unwrap_or(ServerRole::Guest));
        self.rooms.iter().find(is_room).is_some_and(|room| actor.check(RoomAction::Write, room.into()).is_allowed())
    }

    /// Whether the server would take reactions of the user in the open room.
    pub fn can_react(&self) -> bool {
        self.current.as_ref().is_some_and(|room| self.can_write(room))
    }

    /// Whether the server would take an edit of this message of the open room.
    pub fn can_edit(&self, id: CommandId) -> bool {
        let me = self.me.as_ref().map(|me| me.id);
        self.can_react() && self.message(id).is_some_and(|message| Some(message.by.id) == me)
    }

    /// The user's last message in the open room.
    pub fn last_message(&self) -> LastMessage {
        let (Some(room), Some(me)) = (&self.current, &self.me) else { return LastMessage::None };
        let unsent = self.outbox.of(room).filter(|item| item.is_visible() && item.edits.is_none()).last();
        if let Some(item) = unsent.filter(|item| item.delivery != Delivery::Stored) {
            return LastMessage::Unsent(item.message.id);
        }
        let messages = self.open.get(room).map(|open| open.timeline.messages().rev());
        let own = messages.and_then(|mut messages| messages.find(|message| message.by.id == me.id));
        match own.map(|message| message.id) {
            Some(id) if self.can_edit(id) => match self.outbox.edit_of(id) {
                Some(edit) if edit.delivery != Delivery::Stored => LastMessage::Unsent(edit.message.id),
                _ => LastMessage::Stored(id),
            },
            _ => LastMessage::None,
        }
    }

    /// The composer begins to edit a message of a room. Returns the text; none if it cannot be edited.
    pub fn begin_edit(&mut self, room: &RoomId, id: CommandId) -> Option<String> {
        let me = self.me.as_ref()?.id;
        let message = self.open.get(room)?.timeline.message(id)?.clone();
        if message.by.id != me || !self.can_write(room) {
            return None;
        }
        let (room, seq, original) = (room.clone(), message.seq, message.body.clone());
        self.editing = Some(EditInProgress { room, message: id, seq, original });
        let pending = self.outbox.edit_of(id).map(|edit| edit.message.body.clone());
        Some(pending.unwrap_or_else(|| message.body.clone()))
    }

    /// The edit that begins is the continuation of one that began with this text.
    pub fn resume_edit(&mut self, original: String) {
        if let Some(editing) = &mut self.editing {
            editing.original = original;
        }
    }

    pub fn end_edit(&mut self) {
        self.editing = None;
    }

    /// What has happened to the message that is being edited.
    pub fn edit_conflict(&self) -> Option<EditConflict> {
        let EditInProgress { room, message, seq, original } = self.editing.as_ref()?;
        let room = self.open.get(room).filter(|room| room.load_state == LoadState::Ready)?;
        match room.timeline.message(*message) {
            Some(message) => (message.body != *original).then_some(EditConflict::Edited),
            // A message that is not loaded any more is still there.
            None => {
                let loaded = room.timeline.reaches(seq.saturating_sub(1)) && room.timeline.last() >= Some(*seq);
                (loaded || room.timeline.deletes(*message)).then_some(EditConflict::Deleted)
            }
        }
    }

    /// Queues an edit under a fresh id. It is sent once it is stored.
    #[must_use = "effects have to be run"]
    pub fn edit(
        &mut self,
        room: &RoomId,
        message: CommandId,
        body: String,
        id: CommandId,
        now: impl Into<Now>,
    ) -> Vec<Effect> {
        let Some(me) = self.me.clone() else { return Vec::new() };
        let id = self.outbox.monotonic_id(room, id);
        let (at, attempted, edits) = (now.into().wall, self.connected, Some(message));
        self.discarded = None;
        self.changed.insert(room.clone());
        let stored = StoredMessage { id, room: room.clone(), body, edits, at, attempted, failed: None };
        vec![Effect::Store(self.outbox.queue(stored, me))]
    }

    /// Adds or removes a reaction to a message of the open room. Needs a connection: until the server has it, nobody sees it.
    #[must_use = "effects have to be run"]
    pub fn react(&mut self, message: CommandId, emoji: String, on: bool, id: CommandId) -> Vec<Effect> {
        let Some(room) = self.current.clone().filter(|_| self.connected) else { return vec![self.needs_connection()] };
        self.pending_commands.add(id, None);
        vec![Effect::Send(ClientFrame::React { id, room, message, emoji, on })]
    }
}

#[cfg(test)]
#[path = "editing_tests.rs"]
mod tests;
