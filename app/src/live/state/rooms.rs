//! The list of rooms: what is told of each, and what of it is known better here.

use parlor_protocol::{RoomId, RoomKind, RoomSummary, limits};

use super::{Phase, Room, State, Todo};
use crate::small;

impl State {
    /// The list of rooms has come.
    pub fn listed(&mut self, rooms: Vec<RoomSummary>) {
        let mine = std::mem::take(&mut self.rooms);
        self.rooms = rooms;
        for old in &mine {
            self.keep_read(old);
        }
        self.sort_rooms();
    }

    /// A room is not the reader's to see, or no longer: nothing of it stays.
    pub(super) fn lost(&mut self, id: RoomId) -> Vec<Todo> {
        self.rooms.retain(|room| room.id != id);
        self.list_changed = true;
        if let Some(open) = self.open.get_mut(&id) {
            *open = Room { phase: Phase::Missing, ..Room::default() };
            self.changed.insert(id.clone());
        }
        vec![Todo::ForgetHistory(id)]
    }

    /// Takes a room's summary. One that was not to be seen before is read anew.
    pub(super) fn told(&mut self, room: RoomSummary) -> Vec<Todo> {
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

    pub(super) fn upsert(&mut self, room: RoomSummary) {
        let old = self.rooms.iter().position(|known| known.id == room.id).map(|at| self.rooms.remove(at));
        self.rooms.push(room);
        if let Some(old) = old {
            self.keep_read(&old);
        }
        self.sort_rooms();
    }

    /// What was read and what has come here may not have reached the server when it made its summary.
    pub(super) fn keep_read(&mut self, old: &RoomSummary) {
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

    pub(super) fn sort_rooms(&mut self) {
        small::sort_by_key(&mut self.rooms, |room| (room.id.as_str() != RoomId::LOBBY, room.name.to_ascii_lowercase()));
        self.list_changed = true;
    }

    pub(super) fn summary(&mut self, id: &RoomId) -> Option<&mut RoomSummary> {
        self.rooms.iter_mut().find(|summary| summary.id == *id)
    }
}
