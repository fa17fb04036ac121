//! Everything that this page knows: rooms, timelines, who is there, what is on its way. Every frame goes through
//! [`State::apply`], one after the other; signals are made from it afterwards, so that none is lost on the way.

use std::collections::BTreeMap;

use parlor_protocol::{
    ClientFrame, CommandId, Event, GapReason, Millis, PROTOCOL_VERSION, PresenceState, RoomId, RoomSummary, Seq,
    ServerFrame, User, refusal,
};

use self::sending::forget;
use super::{
    outbox::{Kept, Outbox},
    timeline::{Applied, Timeline},
};
use crate::{
    small::{self, RoomSet},
    words::Words,
};

mod history;
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
}

/// Everything that this page knows.
#[derive(Debug, Default)]
pub struct State {
    /// In which words the page says what the server has refused.
    pub words: Words,
    /// Who is reading.
    pub me: Option<User>,
    /// My rooms and public ones: the lobby first, then by name.
    pub rooms: Vec<RoomSummary>,
    /// Rooms that were opened in this page.
    pub open: BTreeMap<RoomId, Room>,
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

    /// The list of rooms has come.
    pub fn listed(&mut self, rooms: Vec<RoomSummary>) {
        let mine = std::mem::take(&mut self.rooms);
        self.rooms = rooms;
        for old in &mine {
            self.keep_read(old);
        }
        self.sort_rooms();
    }

    /// Takes one frame.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn apply(&mut self, frame: ServerFrame, now: Millis) -> Vec<Todo> {
        match frame {
            ServerFrame::Welcome { you, server, rooms, .. } => {
                // Servers that do not name their build, and pages that were not told theirs, have nothing to compare.
                let known = !server.build.is_empty() && !self.build.is_empty();
                self.newer = (known && server.build != self.build).then_some(server.build);
                self.welcome(you, rooms)
            }
            ServerFrame::Joined { room: id, head, online, online_count, .. } => {
                if let Some(room) = self.open.get_mut(&id) {
                    room.rejoining = false;
                    room.online_count = Some(online_count.max(online.len() as u64));
                    room.online = online;
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
                self.acked(id, seq, at);
                vec![forget(id, &room)]
            }
            ServerFrame::Refused { id: None, room: Some(room), code, .. } if code == refusal::NOT_FOUND => {
                self.lost(room)
            }
            ServerFrame::Refused { id, code, message, retry_after_ms, .. } => {
                let id = id.and_then(|id| uuid::Uuid::parse_str(&id).ok()).map(CommandId);
                let why = self.words.code(&code).unwrap_or(&message);
                let refused = id.and_then(|id| self.outbox.refused(id, &code, why, retry_after_ms, now));
                let Some((room, to_keep)) = refused else { return Vec::new() };
                self.changed.insert(room);
                to_keep.map(Todo::Keep).into_iter().collect()
            }
            ServerFrame::Room { room } => self.told(room),
            ServerFrame::Presence { room, user, state, online_count } => {
                self.presence(&room, &user, state, online_count);
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
            ServerFrame::Typing { .. } | ServerFrame::Pong { .. } | ServerFrame::Bye { .. } | ServerFrame::Unknown => {
                Vec::new()
            }
        }
    }

    /// The reader sees the end of the current room: everything in it is read.
    pub fn see(&mut self) -> Option<ClientFrame> {
        let id = self.current.clone()?;
        let room = self.open.get_mut(&id).filter(|room| room.phase == Phase::Ready)?;
        if !self.attentive || !room.at_end {
            return None;
        }
        let head = room.timeline.head();
        let summary = self.rooms.iter_mut().find(|summary| summary.id == id)?;
        if summary.read >= head || !summary.joined {
            return None;
        }
        summary.read = head;
        summary.unread = 0;
        self.list_changed = true;
        Some(ClientFrame::Read { room: id, seq: head })
    }

    /// Unread events of all my rooms.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.rooms.iter().filter(|room| room.joined).map(|room| room.unread).sum()
    }

    #[must_use = "a to-do that is dropped is never done"]
    fn welcome(&mut self, you: User, rooms: Vec<RoomSummary>) -> Vec<Todo> {
        self.connected = true;
        if self.me.as_ref() != Some(&you) {
            // Whose messages are one's own was not known before.
            self.changed.extend(self.open.keys().cloned());
            self.me = Some(you);
        }
        for room in rooms {
            self.upsert(room);
        }
        let lost = self.open.iter().filter(|(_, room)| matches!(room.phase, Phase::Failed(_)));
        let mut todos: Vec<_> = lost.map(|(id, _)| Todo::LoadNewest(id.clone())).collect();
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
        }
        self.release()
    }

    #[must_use = "a to-do that is dropped is never done"]
    fn event(&mut self, event: Event) -> Vec<Todo> {
        let (id, seq, by) = (event.room.clone(), event.seq, event.by.id);
        let own = self.me.as_ref().is_some_and(|me| me.id == by);
        let Some(room) = self.open.get_mut(&id).filter(|room| room.phase == Phase::Ready) else { return Vec::new() };
        let event_id = event.id;
        room.recalled = false;
        match room.timeline.apply(event) {
            Applied::Beyond => {}
            Applied::Hole if room.rejoining => return Vec::new(),
            Applied::Hole => {
                room.rejoining = true;
                return vec![Todo::Send(ClientFrame::Join(room.timeline.cursor(&id)))];
            }
            Applied::Duplicate => return Vec::new(),
            Applied::New => {}
        }
        // What lies beyond the end is not shown yet, so what is on its way stays in sight.
        let settled = !room.timeline.is_detached() && self.outbox.settle(event_id);
        let seen = room.at_end && self.attentive && self.current.as_ref() == Some(&id);
        if !own && !seen && room.timeline.unread_after().is_none() {
            room.timeline.mark_unread(Some(seq - 1));
        }
        if !own && !room.at_end {
            room.unseen += 1;
        }
        if room.at_end {
            room.timeline.trim();
        }
        if let Some(summary) = self.summary(&id)
            && seq > summary.head
        {
            summary.head = seq;
            summary.unread += u64::from(!seen && !own);
            self.list_changed = true;
        }
        self.changed.insert(id.clone());
        // An event is of what is stored: it says as much as the ack.
        if settled { vec![forget(event_id, &id)] } else { Vec::new() }
    }

    fn acked(&mut self, id: CommandId, seq: Seq, at: Millis) {
        let Some(room) = self.outbox.ack(id, seq, at) else { return };
        // A second ack, after a reload: the event is far back in the history and will not come again.
        if let Some(head) =
            self.open.get(&room).filter(|room| room.phase == Phase::Ready).map(|room| room.timeline.head())
        {
            self.outbox.settle_until(&room, head);
        }
        self.changed.insert(room);
    }

    fn presence(&mut self, id: &RoomId, user: &User, state: PresenceState, online_count: u64) {
        let own = self.me.as_ref().is_some_and(|me| me.id == user.id);
        let Some(room) = self.open.get_mut(id) else { return };
        let was_there = room.online.iter().any(|other| other.id == user.id);
        room.online.retain(|other| other.id != user.id);
        if state == PresenceState::Online {
            room.online.push(user.clone());
        }
        room.online_count = Some(online_count.max(room.online.len() as u64));
        // A repeated word about the same state is no news.
        if !own && was_there != (state == PresenceState::Online) {
            room.timeline.notice(user, state);
        }
        self.changed.insert(id.clone());
    }

    /// A room is not the reader's to see, or no longer: nothing of it stays.
    fn lost(&mut self, id: RoomId) -> Vec<Todo> {
        self.rooms.retain(|room| room.id != id);
        self.list_changed = true;
        if let Some(open) = self.open.get_mut(&id) {
            *open = Room { phase: Phase::Missing, ..Room::default() };
            self.changed.insert(id.clone());
        }
        vec![Todo::ForgetHistory(id)]
    }

    /// Takes a room's summary. One that was not to be seen before is read anew.
    fn told(&mut self, room: RoomSummary) -> Vec<Todo> {
        let id = room.id.clone();
        if room.gone {
            return self.lost(id);
        }
        self.upsert(room);
        match self.open.get_mut(&id).filter(|open| open.phase == Phase::Missing) {
            Some(open) => {
                open.phase = Phase::Loading;
                self.changed.insert(id.clone());
                vec![Todo::LoadNewest(id)]
            }
            None => Vec::new(),
        }
    }

    fn upsert(&mut self, room: RoomSummary) {
        let old = self.rooms.iter().position(|known| known.id == room.id).map(|at| self.rooms.remove(at));
        self.rooms.push(room);
        if let Some(old) = old {
            self.keep_read(&old);
        }
        self.sort_rooms();
    }

    /// What was read here may not have reached the server when it made its summary.
    fn keep_read(&mut self, old: &RoomSummary) {
        if let Some(new) = self.rooms.iter_mut().find(|room| room.id == old.id) {
            new.head = new.head.max(old.head);
            if old.read > new.read {
                new.read = old.read;
                new.unread = new.head.saturating_sub(old.read).min(new.unread);
            }
        }
    }

    fn sort_rooms(&mut self) {
        small::sort_by_key(&mut self.rooms, |room| (room.id.as_str() != RoomId::LOBBY, room.name.to_ascii_lowercase()));
        self.list_changed = true;
    }

    fn summary(&mut self, id: &RoomId) -> Option<&mut RoomSummary> {
        self.rooms.iter_mut().find(|summary| summary.id == *id)
    }
}

#[cfg(test)]
mod tests;
