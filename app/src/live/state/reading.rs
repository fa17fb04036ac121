//! Read and unread messages, and typing notifications.

use parlor_protocol::{
    ClientFrame, CommandId, Message, Millis, RoomId, RoomKind, ServerRole, User,
    policy::{Actor, RoomAction},
};

use super::{Effect, LoadState, State};
use crate::i18n::Key;

/// How long a user counts as typing after their last notification, in milliseconds.
pub(in crate::live) const TYPING_TIMEOUT: Millis = 6_000;
/// Time between two typing notifications to the server, in milliseconds.
pub(super) const TYPING_INTERVAL: Millis = 3_000;
/// The server drops notifications that come sooner than this after the last, in milliseconds.
pub(super) const TYPING_MIN_INTERVAL: Millis = 1_000;

/// Deletions and reactions that were sent and not answered: their ids, and the messages of deletions. The user is told if
/// one is refused. They are forgotten when the connection is lost: the room shows whether they took effect.
#[derive(Debug, Default)]
pub(in crate::live) struct PendingCommands(Vec<(CommandId, Option<CommandId>)>);

impl PendingCommands {
    pub(super) fn add(&mut self, id: CommandId, deletes: Option<CommandId>) {
        self.0.push((id, deletes));
    }

    /// The server has answered a command. False if it was not pending.
    pub(super) fn take(&mut self, id: CommandId) -> bool {
        let known = self.0.iter().position(|(other, _)| *other == id);
        known.map(|at| self.0.remove(at)).is_some()
    }

    /// The messages that are being deleted.
    pub(in crate::live) fn deletions(&self) -> Vec<CommandId> {
        self.0.iter().filter_map(|(_, message)| *message).collect()
    }
}

impl State {
    /// Counts a room's unread messages again from its timeline, if that covers everything after what was read. Otherwise
    /// the server's count and what has arrived since stand.
    pub(super) fn recount(&mut self, id: &RoomId) {
        let Some(me) = self.me.as_ref().map(|me| me.id) else { return };
        let Some(room) = self.open.get(id).filter(|room| room.load_state == LoadState::Ready) else { return };
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

    /// A message of the current room.
    pub fn message(&self, id: CommandId) -> Option<&Message> {
        let room = self.open.get(self.current.as_ref()?)?;
        room.timeline.message(id).map(|message| &**message)
    }

    /// Whether the server would delete this message of the open room for the user.
    pub fn can_delete(&self, id: CommandId) -> bool {
        let Some(room) = self.rooms.iter().find(|room| Some(&room.id) == self.current.as_ref()) else { return false };
        let actor = Actor::with_role(self.role.unwrap_or(ServerRole::Guest));
        let is_own = || self.message(id).is_some_and(|message| Some(message.by.id) == self.me.as_ref().map(|me| me.id));
        actor.check(RoomAction::DeleteOthers, room.into()).is_allowed()
            || actor.check(RoomAction::DeleteOwn, room.into()).is_allowed() && is_own()
    }

    /// Deletes a message of the current room, by a command with this id, unless that is under way.
    #[must_use = "effects have to be run"]
    pub fn delete(&mut self, message: CommandId, id: CommandId) -> Vec<Effect> {
        match self.current.clone() {
            _ if self.pending_commands.deletions().contains(&message) => Vec::new(),
            Some(room) if self.connected => {
                self.pending_commands.add(id, Some(message));
                vec![Effect::Send(ClientFrame::Delete { id, room, message })]
            }
            _ => vec![self.needs_connection()],
        }
    }

    pub(super) fn needs_connection(&self) -> Effect {
        Effect::ShowHint(self.i18n.t(Key::ConnectionRequired).to_owned())
    }

    /// Marks a message of the current room and all after it as unread. Needs a connection, or the user's other devices would
    /// show something else.
    #[must_use = "effects have to be run"]
    pub fn mark_unread(&mut self, message: CommandId) -> Vec<Effect> {
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
        vec![Effect::Send(ClientFrame::MarkUnread { room: id, seq })]
    }

    /// Scrolls to the first unread message, which may have to be loaded.
    #[must_use = "effects have to be run"]
    pub fn jump_to_unread(&mut self, id: &RoomId) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let Some(after) = room.timeline.unread_after() else { return Vec::new() };
        self.changed.insert(id.clone());
        if room.timeline.reaches(after) {
            room.unread_jumps += 1;
            return Vec::new();
        }
        if room.loading_newer {
            return Vec::new();
        }
        // What arrives meanwhile must not move the page that will be shown.
        room.timeline.detach();
        room.at_end = false;
        room.loading_newer = true;
        room.unread_target = Some(after);
        vec![Effect::LoadAround(id.clone(), after + 1)]
    }

    #[must_use = "effects have to be run"]
    pub(super) fn user_typing(&mut self, id: RoomId, user: User, now: Millis) -> Vec<Effect> {
        let own = self.me.as_ref().is_some_and(|me| me.id == user.id);
        let Some(room) = self.open.get_mut(&id).filter(|_| !own) else { return Vec::new() };
        room.typing.retain(|(other, ..)| *other != user.id);
        room.typing.push((user.id, user.name, now + TYPING_TIMEOUT));
        self.changed.insert(id.clone());
        vec![Effect::ExpireTyping(id)]
    }

    /// Drops the users who have not typed for a while.
    pub fn expire_typing(&mut self, id: &RoomId, now: Millis) {
        if let Some(room) = self.open.get_mut(id) {
            room.typing.retain(|(_, _, until)| *until > now);
            self.changed.insert(id.clone());
        }
    }

    /// The user is typing: tells the server, but not too often.
    #[must_use = "effects have to be run"]
    pub fn notify_typing(&mut self, room: &RoomId, now: Millis) -> Vec<Effect> {
        let soon = self.typing_sent_at..self.typing_sent_at + TYPING_INTERVAL;
        if !self.connected || soon.contains(&now) {
            return Vec::new();
        }
        self.typing_sent_at = now;
        vec![Effect::Send(ClientFrame::Typing { room: room.clone() })]
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
