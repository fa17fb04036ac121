//! What is read and unread, and who is typing.

use parlor_protocol::{ClientFrame, CommandId, Message, Millis, RoomId, RoomKind, User};

use super::{Phase, State, Todo};
use crate::i18n::Key;

/// How long somebody is taken to be typing after they last said so, in milliseconds.
pub(in crate::live) const TYPING: Millis = 6_000;
/// Between two words to the server that the reader is typing, in milliseconds.
pub(super) const TYPING_PAUSE: Millis = 3_000;
/// The server leaves out what comes sooner than this after the last, in milliseconds.
pub(super) const TYPING_LEAST: Millis = 1_000;

/// Commands on the wire whose refusal is to be told. Those that were on it when a connection was lost may have been done or
/// not; what the room looks like tells.
#[derive(Debug, Default)]
pub(in crate::live) struct Asked(Vec<CommandId>);

impl Asked {
    /// The server has answered. False if it was not asked.
    pub(super) fn take(&mut self, id: CommandId) -> bool {
        let known = self.0.iter().position(|other| *other == id);
        known.map(|at| self.0.remove(at)).is_some()
    }
}

impl State {
    /// Counts anew what is unread of a room, from its messages, if they go back to what was read and on to its end. Where
    /// they do not, the server's count and what came since stand.
    pub(super) fn recount(&mut self, id: &RoomId) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let Some(room) = self.open.get(id).filter(|room| room.phase == Phase::Ready) else { return };
        let Some(summary) = self.rooms.iter_mut().find(|summary| summary.id == *id && summary.joined) else { return };
        if !room.timeline.covers(summary.read, summary.head) {
            return;
        }
        let (unread, mentions) = room.timeline.unread(summary.read, me);
        let mentions = if summary.kind == RoomKind::Direct { unread } else { mentions };
        if (summary.unread, summary.mentions) != (unread, mentions) {
            (summary.unread, summary.mentions) = (unread, mentions);
            self.list_changed = true;
        }
    }

    /// A message of the room on the screen.
    #[must_use]
    pub fn message(&self, id: CommandId) -> Option<&Message> {
        let room = self.open.get(self.current.as_ref()?)?;
        room.timeline.messages().rev().find(|message| message.id == id).map(|message| &**message)
    }

    /// The reader wants a message of the room on the screen deleted, by a command with this id.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn delete(&mut self, message: CommandId, id: CommandId) -> Vec<Todo> {
        match self.current.clone() {
            Some(room) if self.connected => {
                self.asked.0.push(id);
                vec![Todo::Send(ClientFrame::Delete { id, room, message })]
            }
            _ => vec![self.needs_connection()],
        }
    }

    fn needs_connection(&self) -> Todo {
        Todo::Tell(self.i18n.t(Key::ConnectionRequired).to_owned())
    }

    /// The reader wants to see a message of the room on the screen, and what follows it, as unread. Not without a
    /// connection: their other devices would show something else.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn mark_unread(&mut self, message: CommandId) -> Vec<Todo> {
        let Some(id) = self.current.clone().filter(|_| self.connected) else { return vec![self.needs_connection()] };
        let Some(room) = self.open.get_mut(&id) else { return Vec::new() };
        let Some(seq) = room.timeline.seq_of(message) else { return Vec::new() };
        room.marked = true;
        room.timeline.mark_unread(Some(seq - 1));
        if let Some(summary) = self.rooms.iter_mut().find(|summary| summary.id == id) {
            summary.read = summary.read.min(seq - 1);
            summary.marked = true;
        }
        self.recount(&id);
        self.list_changed = true;
        self.changed.insert(id.clone());
        vec![Todo::Send(ClientFrame::MarkUnread { room: id, seq })]
    }

    /// The reader wants to go to the first message that is new to them.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn to_unread(&mut self, id: &RoomId) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let Some(after) = room.timeline.unread_after() else { return Vec::new() };
        self.changed.insert(id.clone());
        if room.timeline.reaches(after) {
            room.to_line += 1;
            return Vec::new();
        }
        if room.loading_newer {
            return Vec::new();
        }
        // Nothing that comes meanwhile moves the page that is to be shown.
        room.timeline.detach();
        room.at_end = false;
        room.loading_newer = true;
        room.seeking = Some(after);
        vec![Todo::LoadAround(id.clone(), after + 1)]
    }

    /// Someone is typing.
    #[must_use = "a to-do that is dropped is never done"]
    pub(super) fn types(&mut self, id: RoomId, user: User, now: Millis) -> Vec<Todo> {
        let own = self.me.as_ref().is_some_and(|me| me.id == user.id);
        let Some(room) = self.open.get_mut(&id).filter(|_| !own) else { return Vec::new() };
        room.typing.retain(|(other, ..)| *other != user.id);
        room.typing.push((user.id, user.name, now + TYPING));
        self.changed.insert(id.clone());
        vec![Todo::AwaitTyping(id)]
    }

    /// Some time has gone by: who has not typed since is not typing any more.
    pub fn typed(&mut self, id: &RoomId, now: Millis) {
        if let Some(room) = self.open.get_mut(id) {
            room.typing.retain(|(_, _, until)| *until > now);
            self.changed.insert(id.clone());
        }
    }

    /// The reader is typing.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn typing(&mut self, room: &RoomId, now: Millis) -> Vec<Todo> {
        let soon = self.typed_at..self.typed_at + TYPING_PAUSE;
        if !self.connected || soon.contains(&now) {
            return Vec::new();
        }
        self.typed_at = now;
        vec![Todo::Send(ClientFrame::Typing { room: room.clone() })]
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
