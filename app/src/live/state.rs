//! Everything that this page knows: rooms, timelines, who is there, what is on its way. Every frame goes through
//! [`State::apply`], one after the other; signals are made from it afterwards, so that none is lost on the way.

use std::collections::BTreeMap;

use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, GapReason, Millis, PROTOCOL_VERSION, PresenceState, RoomId, RoomSummary,
    Seq, ServerFrame, User, http::MessagePage,
};

use super::{
    outbox::{Kept, Outbox},
    timeline::{Applied, Timeline},
};
use crate::small::{self, RoomSet};

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
}

/// Everything that this page knows.
#[derive(Debug, Default)]
pub struct State {
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

    /// Opens a room.
    pub fn open(&mut self, id: &RoomId) -> Vec<Todo> {
        self.changed.insert(id.clone());
        let known = self.open.contains_key(id);
        let room = self.open.entry(id.clone()).or_insert_with(|| Room { at_end: true, ..Room::default() });
        room.at_end = true;
        room.unseen = 0;
        if known && !matches!(room.phase, Phase::Failed(_)) {
            let unread = self.rooms.iter().find(|summary| summary.id == *id).filter(|summary| summary.unread > 0);
            room.timeline.mark_unread(unread.map(|summary| summary.read));
            // Someone who comes back to a room wants to see its end.
            return if room.timeline.is_detached() { vec![Todo::LoadNewest(id.clone())] } else { Vec::new() };
        }
        room.phase = Phase::Loading;
        if known { vec![Todo::LoadNewest(id.clone())] } else { vec![Todo::Recall(id.clone())] }
    }

    /// What the browser has kept of a room: shown at once, and brought up to date by the server from there.
    pub fn recalled(&mut self, id: &RoomId, kept: Option<Timeline>) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id).filter(|room| room.phase == Phase::Loading) else { return Vec::new() };
        let Some(kept) = kept else { return vec![Todo::LoadNewest(id.clone())] };
        room.timeline = kept;
        room.phase = Phase::Ready;
        room.recalled = true;
        self.changed.insert(id.clone());
        vec![Todo::Send(ClientFrame::Join(room.timeline.cursor(id)))]
    }

    /// The newest page has come.
    pub fn loaded(&mut self, id: &RoomId, page: MessagePage) -> Vec<Todo> {
        let mut todos = self.settle_page(id, &page);
        let Some(room) = self.open.get_mut(id) else { return todos };
        let first = room.phase != Phase::Ready;
        if room.timeline.is_detached() {
            room.jumps += 1;
        }
        room.timeline.reload(page, PAGE, std::mem::take(&mut room.history_changed));
        room.phase = Phase::Ready;
        room.recalled = false;
        room.rejoining = false;
        let head = room.timeline.head();
        self.outbox.settle_until(id, head);
        if let Some(summary) = self.rooms.iter().find(|summary| summary.id == *id)
            && first
            && summary.unread > 0
        {
            room.timeline.mark_unread(Some(summary.read));
        }
        self.changed.insert(id.clone());
        todos.push(Todo::Send(ClientFrame::Join(room.timeline.cursor(id))));
        todos
    }

    /// The page around the reader's place has come, after the history had changed.
    pub fn loaded_around(&mut self, id: &RoomId, page: MessagePage) -> Vec<Todo> {
        let todos = self.settle_page(id, &page);
        let Some(room) = self.open.get_mut(id) else { return todos };
        room.loading_newer = false;
        self.changed.insert(id.clone());
        if page.messages.is_empty() {
            // There is nothing any more where they were.
            return todos.into_iter().chain(self.to_newest(id)).collect();
        }
        room.history_changed = false;
        room.timeline.replace(page);
        todos
    }

    /// The end of what is there is near, and there is more: the page after it is to be loaded.
    fn near_the_end(&mut self, id: &RoomId) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let Some(last) = room.timeline.last().filter(|_| room.timeline.is_detached() && !room.loading_newer) else {
            return Vec::new();
        };
        room.loading_newer = true;
        // From the last message on: that it is there again shows that the history is the same.
        vec![Todo::LoadNewer(id.clone(), last - 1)]
    }

    /// That page has come, or could not be had.
    pub fn loaded_newer(&mut self, id: &RoomId, after: Seq, page: Option<MessagePage>) -> Vec<Todo> {
        let todos = page.as_ref().map(|page| self.settle_page(id, page)).unwrap_or_default();
        let Some(room) = self.open.get_mut(id) else { return todos };
        room.loading_newer = false;
        let Some(page) = page.filter(|_| room.timeline.last() == Some(after + 1)) else { return todos };
        self.changed.insert(id.clone());
        let mut todos = todos;
        match room.timeline.append(page, PAGE) {
            // The end is reached: live events follow from here.
            Some(true) => todos.push(Todo::Send(ClientFrame::Join(room.timeline.cursor(id)))),
            Some(false) => {}
            None => {
                room.loading_newer = true;
                todos.push(Todo::LoadAround(id.clone(), after + 1));
            }
        }
        todos
    }

    /// The reader has scrolled: is the end of what is there in sight or near, and which message is the first in sight?
    pub fn scrolled(&mut self, id: &RoomId, at_end: bool, near_end: bool, reading: Option<CommandId>) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        room.reading = reading;
        if room.timeline.is_detached() {
            room.at_end = false;
            return if near_end { self.near_the_end(id) } else { Vec::new() };
        }
        if room.at_end != at_end || (at_end && room.unseen > 0) {
            room.at_end = at_end;
            if at_end {
                room.unseen = 0;
            }
            self.changed.insert(id.clone());
        }
        Vec::new()
    }

    /// The reader wants to see the newest messages.
    pub fn to_newest(&mut self, id: &RoomId) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id).filter(|room| room.timeline.is_detached()) else { return Vec::new() };
        room.at_end = true;
        room.unseen = 0;
        self.changed.insert(id.clone());
        vec![Todo::LoadNewest(id.clone())]
    }

    /// Messages that a page shows are on their way no longer.
    fn settle_page(&mut self, id: &RoomId, page: &MessagePage) -> Vec<Todo> {
        let ids = page.messages.iter().map(|message| message.id);
        ids.filter(|message| self.outbox.settle(*message)).map(|message| forget(message, id)).collect()
    }

    /// The newest page has not come. While there is a connection it is asked for again: without it, the room would stand
    /// still.
    pub fn not_loaded(&mut self, id: &RoomId, phase: Phase) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let again = self.connected && phase != Phase::Missing;
        if room.phase != Phase::Ready {
            room.phase = phase;
            self.changed.insert(id.clone());
        }
        if again { vec![Todo::LoadNewest(id.clone())] } else { Vec::new() }
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
    pub fn apply(&mut self, frame: ServerFrame, now: Millis) -> Vec<Todo> {
        match frame {
            ServerFrame::Welcome { you, server, rooms, .. } => {
                // Servers that do not name their build, and pages that were not told theirs, have nothing to compare.
                let known = !server.build.is_empty() && !self.build.is_empty();
                self.newer = (known && server.build != self.build).then_some(server.build);
                self.welcome(you, rooms)
            }
            ServerFrame::Joined { room: id, head, online, online_count } => {
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
            ServerFrame::Refused { id, code, message, retry_after_ms, .. } => {
                let id = id.and_then(|id| uuid::Uuid::parse_str(&id).ok()).map(CommandId);
                let refused = id.and_then(|id| self.outbox.refused(id, &code, &message, retry_after_ms, now));
                let Some((room, to_keep)) = refused else { return Vec::new() };
                self.changed.insert(room);
                to_keep.map(Todo::Keep).into_iter().collect()
            }
            ServerFrame::Room { room } => {
                self.upsert(room);
                Vec::new()
            }
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

    /// A cursor cannot be continued. A reader at the end gets the newest page; one who is further up stays there, and what
    /// came meanwhile follows when they come down.
    fn gap(&mut self, id: RoomId) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(&id) else { return Vec::new() };
        let away = self.current.as_ref() == Some(&id) && !room.at_end && room.phase == Phase::Ready;
        let reading = room.reading.filter(|_| away && !room.recalled).and_then(|id| room.timeline.seq_of(id));
        let Some(reading) = reading else { return vec![Todo::LoadNewest(id)] };
        room.timeline.detach();
        room.rejoining = false;
        self.changed.insert(id.clone());
        if room.history_changed {
            room.loading_newer = true;
            return vec![Todo::LoadAround(id.clone(), reading), Todo::Send(ClientFrame::Join(live_only(&id)))];
        }
        vec![Todo::Send(ClientFrame::Join(live_only(&id)))]
    }

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
    pub fn disconnected(&mut self) -> Vec<Todo> {
        self.connected = false;
        self.changed.extend(self.outbox.disconnected());
        for room in self.open.values_mut() {
            room.rejoining = false;
        }
        self.release()
    }

    /// Takes what was typed, under an id that was made just now. It goes once it is kept.
    pub fn send(&mut self, room: &RoomId, body: String, id: CommandId, now: Millis) -> Vec<Todo> {
        let Some(me) = self.me.clone() else { return Vec::new() };
        let id = self.outbox.after_all(room, id);
        if let Some(open) = self.open.get_mut(room) {
            open.timeline.mark_unread(None);
        }
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
    pub fn leased(&mut self, room: &RoomId, kept: Option<&[Kept]>) -> Vec<Todo> {
        let mut todos = self.reconcile(room, kept);
        let to_keep = self.outbox.leased(room, self.connected);
        while let Some(taken) = self.outbox.take_withdrawn(room) {
            todos.extend(self.give_back(taken.message.id, room, &taken.message.body));
        }
        todos.extend(to_keep.into_iter().map(Todo::Keep));
        todos.extend(self.release());
        todos
    }

    /// What the browser keeps of a room was changed, here or by another tab.
    pub fn reconcile(&mut self, room: &RoomId, kept: Option<&[Kept]>) -> Vec<Todo> {
        let (Some(kept), Some(me)) = (kept, &self.me) else { return Vec::new() };
        let timeline = self.open.get(room).map(|room| &room.timeline);
        let known = |id| timeline.is_some_and(|timeline| timeline.has(id));
        let stored = self.outbox.reconcile(room, kept, me, known);
        self.changed.insert(room.clone());
        stored.into_iter().map(|id| forget(id, room)).collect()
    }

    /// The same for all rooms of which something is kept.
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
    pub fn retry(&mut self, id: CommandId) -> Vec<Todo> {
        let Some(kept) = self.outbox.retry(id) else { return Vec::new() };
        self.changed.insert(kept.room.clone());
        vec![Todo::Keep(kept)]
    }

    /// The writer wants a message back that is not on its way: a failed one, or one that was never on the wire.
    pub fn take_back(&mut self, id: CommandId, to_edit: bool) -> Vec<Todo> {
        if to_edit {
            self.to_edit.push(id);
        }
        if let Some(taken) = self.outbox.discard(id) {
            return self.give_back(id, &taken.room, &taken.message.body);
        }
        let Some((room, lease)) = self.outbox.withdraw(id) else { return Vec::new() };
        self.changed.insert(room.clone());
        if lease {
            return vec![Todo::Lease(room)];
        }
        let mut todos = Vec::new();
        while let Some(taken) = self.outbox.take_withdrawn(&room) {
            todos.extend(self.give_back(taken.message.id, &room, &taken.message.body));
        }
        todos
    }

    fn give_back(&mut self, id: CommandId, room: &RoomId, body: &str) -> Vec<Todo> {
        self.changed.insert(room.clone());
        let mut todos = vec![Todo::Forget { id, room: room.clone(), taken_back: true }];
        if let Some(at) = self.to_edit.iter().position(|other| *other == id) {
            self.to_edit.remove(at);
            todos.push(Todo::Return(room.clone(), body.to_owned()));
        }
        todos
    }

    fn release(&mut self) -> Vec<Todo> {
        self.outbox.releasable(self.connected).into_iter().map(Todo::Release).collect()
    }

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

    fn upsert(&mut self, room: RoomSummary) {
        let old = self.rooms.iter().position(|known| known.id == room.id).map(|at| self.rooms.remove(at));
        if !room.gone {
            self.rooms.push(room);
            if let Some(old) = old {
                self.keep_read(&old);
            }
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

/// The server has it.
fn forget(id: CommandId, room: &RoomId) -> Todo {
    Todo::Forget { id, room: room.clone(), taken_back: false }
}

/// Live events alone: how far the room has grown, while the reader is elsewhere in it.
fn live_only(room: &RoomId) -> Cursor {
    Cursor { room: room.clone(), after: None, tail: None }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
