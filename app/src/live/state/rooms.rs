//! The list of rooms: the server's summaries, merged with what the client knows better.

use parlor_protocol::{RoomId, RoomKind, RoomSummary, limits};

use super::{Effect, LoadState, OpenRoom, State};
use crate::text::sort_key;

impl State {
    pub fn set_rooms(&mut self, rooms: Vec<RoomSummary>) {
        let old = std::mem::replace(&mut self.rooms, rooms);
        for room in &old {
            self.merge_progress(room);
        }
        self.sort_rooms();
    }

    /// The user may not see a room any more: nothing of it stays.
    pub(super) fn room_removed(&mut self, id: RoomId) -> Vec<Effect> {
        self.rooms.retain(|room| room.id != id);
        self.list_changed = true;
        if let Some(open) = self.open.get_mut(&id) {
            *open = OpenRoom { load_state: LoadState::Missing, ..OpenRoom::default() };
            self.changed.insert(id.clone());
        }
        vec![Effect::DeleteHistory(id)]
    }

    /// Takes a room's summary. A room that the user could not see before is loaded.
    pub(super) fn room_changed(&mut self, room: RoomSummary) -> Vec<Effect> {
        let id = room.id.clone();
        if room.gone {
            return self.room_removed(id);
        }
        self.upsert_room(room);
        match self.open.get_mut(&id).filter(|open| open.load_state == LoadState::Missing) {
            Some(open) => {
                open.load_state = LoadState::Loading;
                self.changed.insert(id.clone());
                vec![Effect::LoadNewest(id)]
            }
            None => Vec::new(),
        }
    }

    pub(super) fn upsert_room(&mut self, room: RoomSummary) {
        let old = self.rooms.iter().position(|known| known.id == room.id).map(|at| self.rooms.remove(at));
        self.rooms.push(room);
        if let Some(old) = old {
            self.merge_progress(&old);
        }
        self.sort_rooms();
    }

    /// The server may have made a summary before it had what was read here, or before an event that has arrived here.
    fn merge_progress(&mut self, old: &RoomSummary) {
        let Some(new) = self.rooms.iter_mut().find(|room| room.id == old.id) else { return };
        if old.read > new.read && !new.marked {
            new.read = old.read;
            new.unread = new.head.saturating_sub(old.read).min(new.unread);
            new.mentions = new.mentions.min(new.unread);
        }
        if old.head > new.head {
            let since = new.head.max(new.read);
            new.head = old.head;
            if let (Some(me), Some(room)) = (&self.me, self.open.get(&old.id)) {
                let (unread, mentions) = room.timeline.unread(since, me.id);
                new.unread = limits::MAX_UNREAD_COUNTED.min(new.unread + unread);
                new.mentions += if new.kind == RoomKind::Direct { unread } else { mentions };
            }
        }
        self.recount(&old.id);
    }

    fn sort_rooms(&mut self) {
        self.rooms.sort_by_cached_key(|room| sort_key(u8::from(room.id.as_str() != RoomId::LOBBY), &room.name));
        self.list_changed = true;
    }

    pub(super) fn summary_mut(&mut self, id: &RoomId) -> Option<&mut RoomSummary> {
        self.rooms.iter_mut().find(|summary| summary.id == *id)
    }
}
