//! What is shown of a room: opened, loaded page by page, and kept where the reader is when it cannot be continued.

use parlor_protocol::{ClientFrame, CommandId, Cursor, RoomId, Seq, http::MessagePage};

use super::{PAGE, Phase, Room, State, Todo, sending::forget};
use crate::live::timeline::Timeline;

impl State {
    /// Opens a room.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn open(&mut self, id: &RoomId) -> Vec<Todo> {
        self.changed.insert(id.clone());
        self.discarded = None;
        let known = self.open.get(id).is_some();
        if !known {
            self.open.add(id.clone(), Room::default());
        }
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        room.at_end = true;
        room.unseen = 0;
        room.marked = false;
        if known && !matches!(room.phase, Phase::Failed(_)) {
            let unread = self.rooms.iter().find(|summary| summary.id == *id).filter(|summary| summary.unread > 0);
            room.timeline.mark_unread(unread.map(|summary| summary.read));
            // Someone who comes back to a room wants to see its end, and at once.
            if room.timeline.is_detached() {
                return vec![Todo::LoadNewest(id.clone())];
            }
            room.timeline.shorten(PAGE);
            return Vec::new();
        }
        room.phase = Phase::Loading;
        if known { vec![Todo::LoadNewest(id.clone())] } else { vec![Todo::Recall(id.clone())] }
    }

    /// What the browser has kept of a room: shown at once, and brought up to date by the server from there.
    #[must_use = "a to-do that is dropped is never done"]
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
    #[must_use = "a to-do that is dropped is never done"]
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
        todos.push(Todo::Send(ClientFrame::Join(room.timeline.cursor(id))));
        self.recount(id);
        self.changed.insert(id.clone());
        todos
    }

    /// The page around the reader's place has come, after the history had changed.
    #[must_use = "a to-do that is dropped is never done"]
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
        if let Some(after) = room.seeking.take() {
            room.timeline.mark_unread(Some(after));
            room.to_line += 1;
        }
        todos
    }

    /// The end of what is there is near, and there is more: the page after it is to be loaded.
    #[must_use = "a to-do that is dropped is never done"]
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
    #[must_use = "a to-do that is dropped is never done"]
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
    #[must_use = "a to-do that is dropped is never done"]
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
    #[must_use = "a to-do that is dropped is never done"]
    pub fn to_newest(&mut self, id: &RoomId) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id).filter(|room| room.timeline.is_detached()) else { return Vec::new() };
        room.at_end = true;
        room.unseen = 0;
        self.changed.insert(id.clone());
        vec![Todo::LoadNewest(id.clone())]
    }

    /// Messages that a page shows are on their way no longer.
    #[must_use = "a to-do that is dropped is never done"]
    fn settle_page(&mut self, id: &RoomId, page: &MessagePage) -> Vec<Todo> {
        let ids = page.messages.iter().map(|message| message.id);
        ids.filter(|message| self.outbox.settle(*message)).map(|message| forget(message, id)).collect()
    }

    /// The newest page has not come. While there is a connection it is asked for again: without it, the room would stand
    /// still.
    #[must_use = "a to-do that is dropped is never done"]
    pub fn not_loaded(&mut self, id: &RoomId, phase: Phase) -> Vec<Todo> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let again = self.connected && phase != Phase::Missing;
        if room.phase != Phase::Ready {
            room.phase = phase;
            self.changed.insert(id.clone());
        }
        if again { vec![Todo::LoadNewest(id.clone())] } else { Vec::new() }
    }

    /// A cursor cannot be continued. A reader at the end gets the newest page; one who is further up stays there, and what
    /// came meanwhile follows when they come down.
    #[must_use = "a to-do that is dropped is never done"]
    pub(super) fn gap(&mut self, id: RoomId) -> Vec<Todo> {
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
}

/// Live events alone: how far the room has grown, while the reader is elsewhere in it.
fn live_only(room: &RoomId) -> Cursor {
    Cursor { room: room.clone(), after: None, tail: None }
}
