//! The part of a room's history that is shown: opened, loaded page by page, and kept around the reading position when the
//! live events cannot be continued.

use parlor_protocol::{ClientFrame, CommandId, Cursor, RoomId, Seq, http::MessagePage};

use super::{Effect, LoadState, PAGE, State, sending::remove};
use crate::live::timeline::Timeline;

impl State {
    #[must_use = "effects have to be run"]
    pub fn open(&mut self, id: &RoomId) -> Vec<Effect> {
        self.changed.insert(id.clone());
        self.discarded = None;
        let known = self.open.contains_key(id);
        let room = self.open.entry(id.clone()).or_default();
        room.at_end = true;
        room.unseen = 0;
        room.marked = false;
        if known && !matches!(room.load_state, LoadState::Failed(_)) {
            let unread = self.rooms.iter().find(|summary| summary.id == *id).filter(|summary| summary.unread > 0);
            room.timeline.mark_unread(unread.map(|summary| summary.read));
            // A user who comes back to a room wants to see its end at once.
            if room.timeline.is_detached() {
                return vec![Effect::LoadNewest(id.clone())];
            }
            room.timeline.shorten(PAGE);
            return Vec::new();
        }
        room.load_state = LoadState::Loading;
        if known { vec![Effect::LoadNewest(id.clone())] } else { vec![Effect::RestoreHistory(id.clone())] }
    }

    /// Shows a room's stored history at once; the server continues from there.
    #[must_use = "effects have to be run"]
    pub fn history_restored(&mut self, id: &RoomId, stored: Option<Timeline>) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(id).filter(|room| room.load_state == LoadState::Loading) else {
            return Vec::new();
        };
        let Some(timeline) = stored else { return vec![Effect::LoadNewest(id.clone())] };
        room.timeline = timeline;
        room.load_state = LoadState::Ready;
        room.restored = true;
        self.changed.insert(id.clone());
        vec![Effect::Send(ClientFrame::Join(room.timeline.cursor(id)))]
    }

    #[must_use = "effects have to be run"]
    pub fn loaded(&mut self, id: &RoomId, page: MessagePage) -> Vec<Effect> {
        let mut effects = self.remove_delivered_page(id, &page);
        let Some(room) = self.open.get_mut(id) else { return effects };
        let first = room.load_state != LoadState::Ready;
        if room.timeline.is_detached() {
            room.end_jumps += 1;
        }
        room.timeline.reload(page, PAGE, std::mem::take(&mut room.history_changed));
        room.load_state = LoadState::Ready;
        room.restored = false;
        room.rejoining = false;
        let head = room.timeline.head();
        self.outbox.remove_delivered_until(id, head);
        if let Some(summary) = self.rooms.iter().find(|summary| summary.id == *id)
            && first
            && summary.unread > 0
        {
            room.timeline.mark_unread(Some(summary.read));
        }
        effects.push(Effect::Send(ClientFrame::Join(room.timeline.cursor(id))));
        self.recount(id);
        self.changed.insert(id.clone());
        effects
    }

    /// The page around the reading position or the first unread message was loaded.
    #[must_use = "effects have to be run"]
    pub fn loaded_around(&mut self, id: &RoomId, page: MessagePage) -> Vec<Effect> {
        let mut effects = self.remove_delivered_page(id, &page);
        let Some(room) = self.open.get_mut(id) else { return effects };
        let middle = page.messages.get(page.messages.len() / 2).map(|message| message.seq);
        if let Some(middle) = middle.filter(|_| !room.timeline.accepts(&page)) {
            effects.push(Effect::LoadAround(id.clone(), room.unread_target.unwrap_or(middle)));
            return effects;
        }
        room.loading_newer = false;
        self.changed.insert(id.clone());
        if page.messages.is_empty() {
            // Nothing is left at the reading position.
            return effects.into_iter().chain(self.jump_to_newest(id)).collect();
        }
        room.history_changed = false;
        room.timeline.replace(page);
        if let Some(after) = room.unread_target.take() {
            room.timeline.mark_unread(Some(after));
            room.unread_jumps += 1;
        }
        effects
    }

    /// The end of the loaded messages is near and there are more: loads the next page.
    #[must_use = "effects have to be run"]
    fn load_newer_if_needed(&mut self, id: &RoomId) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let Some(last) = room.timeline.last().filter(|_| room.timeline.is_detached() && !room.loading_newer) else {
            return Vec::new();
        };
        room.loading_newer = true;
        // From the last message on: its being in the page shows that the history is the same.
        vec![Effect::LoadNewer(id.clone(), last - 1)]
    }

    /// The next page was loaded, or loading failed.
    #[must_use = "effects have to be run"]
    pub fn loaded_newer(&mut self, id: &RoomId, after: Seq, page: Option<MessagePage>) -> Vec<Effect> {
        let effects = page.as_ref().map(|page| self.remove_delivered_page(id, page)).unwrap_or_default();
        let Some(room) = self.open.get_mut(id) else { return effects };
        room.loading_newer = false;
        let Some(page) = page.filter(|_| room.timeline.last() == Some(after + 1)) else { return effects };
        self.changed.insert(id.clone());
        let mut effects = effects;
        if !room.timeline.accepts(&page) {
            room.loading_newer = true;
            effects.push(Effect::LoadNewer(id.clone(), after));
            return effects;
        }
        match room.timeline.append(page, PAGE) {
            // The end is reached, so live events follow.
            Some(true) => {
                effects.push(Effect::Send(ClientFrame::Join(room.timeline.cursor(id))));
                let head = room.timeline.head();
                self.outbox.remove_delivered_until(id, head);
            }
            Some(false) => {}
            None => {
                room.loading_newer = true;
                effects.push(Effect::LoadAround(id.clone(), after + 1));
            }
        }
        effects
    }

    /// The user has scrolled. `reading` is the first message in sight.
    #[must_use = "effects have to be run"]
    pub fn scrolled(&mut self, id: &RoomId, at_end: bool, near_end: bool, reading: Option<CommandId>) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        room.reading = reading;
        if room.timeline.is_detached() {
            room.at_end = false;
            return if near_end { self.load_newer_if_needed(id) } else { Vec::new() };
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

    /// Shows the newest messages.
    #[must_use = "effects have to be run"]
    pub fn jump_to_newest(&mut self, id: &RoomId) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(id).filter(|room| room.timeline.is_detached()) else { return Vec::new() };
        room.at_end = true;
        room.unseen = 0;
        self.changed.insert(id.clone());
        vec![Effect::LoadNewest(id.clone())]
    }

    /// Messages that a page shows are delivered.
    #[must_use = "effects have to be run"]
    fn remove_delivered_page(&mut self, id: &RoomId, page: &MessagePage) -> Vec<Effect> {
        let ids = page.messages.iter().map(|message| message.id);
        ids.filter(|message| self.outbox.remove_delivered(*message)).map(|message| remove(message, id)).collect()
    }

    /// Loading the newest page failed. While there is a connection it is loaded again, because the room is not joined
    /// without it.
    #[must_use = "effects have to be run"]
    pub fn load_failed(&mut self, id: &RoomId, load_state: LoadState) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(id) else { return Vec::new() };
        let again = self.connected && load_state != LoadState::Missing;
        if room.load_state != LoadState::Ready {
            room.load_state = load_state;
            self.changed.insert(id.clone());
        }
        if again { vec![Effect::LoadNewest(id.clone())] } else { Vec::new() }
    }

    /// The server cannot continue from the cursor. At the end of the room the newest page is loaded. A user who is scrolled up
    /// stays there, and the missing messages are loaded when they scroll down.
    #[must_use = "effects have to be run"]
    pub(super) fn gap(&mut self, id: RoomId) -> Vec<Effect> {
        let Some(room) = self.open.get_mut(&id) else { return Vec::new() };
        let scrolled_up = self.current.as_ref() == Some(&id) && !room.at_end && room.load_state == LoadState::Ready;
        let reading = room.reading.filter(|_| scrolled_up && !room.restored).and_then(|id| room.timeline.seq_of(id));
        let Some(reading) = reading else { return vec![Effect::LoadNewest(id)] };
        room.timeline.detach();
        room.rejoining = false;
        self.changed.insert(id.clone());
        if room.history_changed {
            room.timeline.forget_changes();
            room.loading_newer = true;
            return vec![Effect::LoadAround(id.clone(), reading), Effect::Send(ClientFrame::Join(live_only(&id)))];
        }
        vec![Effect::Send(ClientFrame::Join(live_only(&id)))]
    }
}

/// Subscribes to new events only: they tell how far the room has grown while the user reads elsewhere in it.
fn live_only(room: &RoomId) -> Cursor {
    Cursor { room: room.clone(), after: None, tail: None }
}
