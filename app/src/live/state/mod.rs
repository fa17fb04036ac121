//! Everything that this page knows: rooms, timelines, who is there, what is on its way. Every frame goes through
//! [`State::apply`], one after the other; signals are made from it afterwards, so that none is lost on the way.

use parlor_protocol::{
    ClientFrame, CommandId, GapReason, Millis, PROTOCOL_VERSION, RoomId, RoomSummary, Seq, ServerFrame, ServerRole,
    User, UserId, error_code,
};

use self::{reading::Asked, sending::forget};
use super::{
    idle::IdleTracker,
    outbox::{Kept, Outbox, Outgoing},
    timeline::Timeline,
};
use crate::{
    i18n::I18n,
    small::{RoomMap, RoomSet},
};

mod events;
mod history;
pub(super) mod reading;
mod rooms;
mod sending;

/// Messages in a page.
pub const PAGE: usize = 50;

/// How far a room's first page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Being loaded.
    #[default]
    Loading,
    /// There.
    Ready,
    /// There is no such room, or none that one may see.
    Missing,
    /// It could not be loaded; the words say why. The next connection tries again.
    Failed(String),
}

/// A room that was opened in this page.
#[derive(Debug, Default)]
pub struct Room {
    /// Its messages.
    pub timeline: Timeline,
    /// How far its first page is.
    pub phase: Phase,
    /// Who is in it, as far as the server lists them.
    pub online: Vec<User>,
    /// Those of them who are away.
    pub away: Vec<UserId>,
    /// Who is typing, by name, and until when that is to be believed.
    pub typing: Vec<(UserId, String, Millis)>,
    /// How many are in it; none before the server has said so.
    pub online_count: Option<u64>,
    /// An older page is on its way.
    pub loading_older: bool,
    /// Messages that came while the reader was further up.
    pub unseen: u32,
    /// The reader sees the newest message.
    pub at_end: bool,
    /// The first message in the reader's sight, while they are further up.
    reading: Option<CommandId>,
    /// Counts the moments at which the page has to go to the end by itself.
    pub jumps: u32,
    /// `join` was sent after a hole, and its replay has not begun.
    rejoining: bool,
    /// The history that it shows is not the server's.
    history_changed: bool,
    /// It was taken from what the browser has kept, and the server has not confirmed it yet.
    recalled: bool,
    /// A page around the reader's place, or the one after the last message, is on its way.
    pub loading_newer: bool,
    /// The reader has marked messages as unread and is still here: that they are in sight does not make them read.
    marked: bool,
    /// Counts the moments at which the page has to go to the line above what is new.
    pub to_line: u32,
    /// The page around the first unread message is on its way, which comes after this event.
    seeking: Option<Seq>,
}

/// What a change asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Say this.
    Send(ClientFrame),
    /// Load the room's newest page by HTTP, then call [`State::loaded`].
    LoadNewest(RoomId),
    /// Load the page around an event by HTTP, then call [`State::loaded_around`].
    LoadAround(RoomId, Seq),
    /// Load the page after an event by HTTP, then call [`State::loaded_newer`].
    LoadNewer(RoomId, Seq),
    /// Load the list of rooms by HTTP, then call [`State::listed`].
    LoadRooms,
    /// Look whether the browser has kept something of the room, then call [`State::recalled`].
    Recall(RoomId),
    /// Keep a message, then call [`State::kept`]. What is to be kept, forgotten and released is done in this order, one
    /// after the other.
    Keep(Kept),
    /// Forget a kept message, then call [`State::forgotten`]. `taken_back`: its writer has it again, so other tabs drop it
    /// too.
    Forget {
        /// Which.
        id: CommandId,
        /// Its room.
        room: RoomId,
        /// Not because the server has it.
        taken_back: bool,
    },
    /// Ask for the lease of a room, then read what is kept of it and call [`State::leased`].
    Lease(RoomId),
    /// Give the lease of a room back.
    Release(RoomId),
    /// Give a text back to its writer.
    Return(RoomId, String),
    /// Forget what the browser has kept of a room's history.
    ForgetHistory(RoomId),
    /// Call [`State::typed`] when nobody types in the room any more, as far as one knows now.
    AwaitTyping(RoomId),
    /// Tell the reader, beside the message box.
    Tell(String),
}

/// Everything that this page knows.
#[derive(Debug, Default)]
pub struct State {
    /// In which words the page says what the server has refused.
    pub i18n: I18n,
    /// Who is reading.
    pub me: Option<User>,
    /// The reader looks after the whole server.
    pub(super) moderates: bool,
    /// My rooms and public ones: the lobby first, then by name.
    pub rooms: Vec<RoomSummary>,
    /// Rooms that were opened in this page.
    pub open: RoomMap<Room>,
    /// The one on the screen.
    pub current: Option<RoomId>,
    /// The window is visible and has the focus.
    pub attentive: bool,
    /// What is on its way.
    pub outbox: Outbox,
    /// Rooms whose rows or people have changed since the last look.
    pub changed: RoomSet,
    /// The list of rooms has changed since the last look.
    pub list_changed: bool,
    /// The build that this page is of.
    pub build: String,
    /// The build that the server is of, when it is another.
    pub newer: Option<String>,
    /// There was a connection before, or the page brought no list of rooms.
    pub(super) welcomed: bool,
    /// There is one now.
    pub(super) connected: bool,
    /// Taken back to be edited, not dropped.
    pub(super) to_edit: Vec<CommandId>,
    /// The message that was discarded last, until something else is done.
    pub discarded: Option<Outgoing>,
    /// When the server was last told that the reader is typing.
    pub(super) typed_at: Millis,
    /// Deletions that the server has not answered.
    pub(super) asked: Asked,
    /// Whether somebody is at this device.
    pub(super) attendance: IdleTracker,
}

impl State {
    /// The first frame of a connection: every opened room goes on where it was.
    #[must_use]
    pub fn hello(&self) -> ClientFrame {
        let resume = self.open.iter().filter(|(_, room)| room.phase == Phase::Ready);
        ClientFrame::Hello {
            protocol: PROTOCOL_VERSION,
            resume: resume.map(|(id, room)| room.timeline.live_cursor(id)).collect(),
        }
    }

    /// Takes one frame.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn apply(&mut self, frame: ServerFrame, now: Millis) -> Vec<Todo> {
        match frame {
            ServerFrame::Welcome { you, role, server, rooms, .. } => {
                self.moderates = role >= ServerRole::Moderator;
                // Servers that do not name their build, and pages that were not told theirs, have nothing to compare.
                let known = !server.build.is_empty() && !self.build.is_empty();
                self.newer = (known && server.build != self.build).then_some(server.build);
                self.welcome(you, rooms)
            }
            ServerFrame::Joined { room: id, head, online, away, online_count } => {
                if let Some(room) = self.open.get_mut(&id) {
                    room.rejoining = false;
                    room.online_count = Some(online_count.max(online.len() as u64));
                    (room.online, room.away) = (online, away);
                    self.changed.insert(id.clone());
                }
                // Joining a public room makes one its member.
                if let Some(summary) = self.summary(&id)
                    && !summary.joined
                {
                    summary.joined = true;
                    summary.head = summary.head.max(head);
                    self.list_changed = true;
                }
                Vec::new()
            }
            ServerFrame::Event(event) => self.event(event),
            ServerFrame::Ack { id, room, seq, at } => {
                self.asked.take(id);
                self.acked(id, seq, at);
                vec![forget(id, &room)]
            }
            ServerFrame::Refused { id: None, room: Some(room), code, .. } if code == error_code::NOT_FOUND => {
                self.lost(room)
            }
            ServerFrame::Refused { id, code, message, retry_after_ms, .. } => {
                let id = id.and_then(|id| uuid::Uuid::try_parse(&id).ok()).map(CommandId);
                let why = self.i18n.error(&code).unwrap_or(&message);
                let refused = id.and_then(|id| self.outbox.refused(id, &code, why, retry_after_ms, now));
                let Some((room, to_keep)) = refused else {
                    let asked = id.is_some_and(|id| self.asked.take(id));
                    return if asked { vec![Todo::Tell(why.to_owned())] } else { Vec::new() };
                };
                self.changed.insert(room);
                to_keep.map(Todo::Keep).into_iter().collect()
            }
            ServerFrame::Room { room } => self.told(room),
            ServerFrame::Presence { room, user, state, online_count } => {
                self.presence(&room, &user, state, online_count, now);
                Vec::new()
            }
            ServerFrame::Gap { room: id, reason, .. } => {
                let Some(room) = self.open.get_mut(&id) else { return Vec::new() };
                room.history_changed |= reason == GapReason::HistoryChanged;
                if reason == GapReason::Overflow {
                    // Acks went with the queue as well: what is on the wire goes again, under its id.
                    self.changed.extend(self.outbox.unanswered());
                }
                self.gap(id)
            }
            ServerFrame::Typing { room, user } => self.types(room, user, now),
            ServerFrame::Pong { .. } | ServerFrame::Bye { .. } | ServerFrame::Unknown => Vec::new(),
        }
    }

    /// The reader sees the end of the current room: everything in it is read.
    pub fn see(&mut self) -> Option<ClientFrame> {
        let id = self.current.clone()?;
        let room = self.open.get_mut(&id).filter(|room| room.phase == Phase::Ready)?;
        if !self.attentive || !room.at_end || room.marked {
            return None;
        }
        let head = room.timeline.head();
        let summary = self.rooms.iter_mut().find(|summary| summary.id == id)?;
        if (summary.read >= head && !summary.marked) || !summary.joined {
            return None;
        }
        summary.read = head;
        (summary.unread, summary.mentions, summary.marked) = (0, 0, false);
        self.list_changed = true;
        Some(ClientFrame::Read { room: id, seq: head })
    }

    #[must_use = "a to-do that is dropped is never done"]
    fn welcome(&mut self, you: User, rooms: Vec<RoomSummary>) -> Vec<Todo> {
        self.connected = true;
        if self.me.as_ref() != Some(&you) {
            // Whose messages are one's own was not known before.
            self.changed.extend(self.open.keys().cloned());
            self.me = Some(you);
        }
        let lost = self.open.iter().filter(|(_, room)| matches!(room.phase, Phase::Failed(_)));
        let mut todos: Vec<_> = lost.map(|(id, _)| Todo::LoadNewest(id.clone())).collect();
        for room in rooms {
            let (id, told) = (room.id.clone(), room.read);
            self.upsert(room);
            // What was read may not have reached the server before the last connection was lost.
            let read = self.summary(&id).map_or(0, |room| room.read);
            if read > told {
                todos.push(Todo::Send(ClientFrame::Read { room: id, seq: read }));
            }
        }
        todos.extend(self.absent());
        // The page brought the list; public rooms that were made while the connection was away it cannot know.
        if std::mem::replace(&mut self.welcomed, true) {
            todos.push(Todo::LoadRooms);
        }
        todos
    }

    /// The connection is gone.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn disconnected(&mut self) -> Vec<Todo> {
        self.connected = false;
        self.changed.extend(self.outbox.disconnected());
        for room in self.open.values_mut() {
            room.rejoining = false;
            room.typing.clear();
        }
        self.asked = Asked::default();
        self.release()
    }
}

#[cfg(test)]
mod tests;
