//! The direct rooms of each person: they are named after their people, who never change.

use std::{collections::HashMap, sync::Arc};

use parking_lot::RwLock;
use parlor_protocol::{RoomKind, UserId};

use crate::room::Room;

#[derive(Default)]
pub(super) struct DirectRooms(RwLock<HashMap<UserId, Vec<Arc<Room>>>>);

impl DirectRooms {
    pub(super) fn insert(&self, room: &Arc<Room>) {
        if room.kind == RoomKind::Direct {
            let mut all = self.0.write();
            for person in &*room.people() {
                all.entry(person.id).or_default().push(room.clone());
            }
        }
    }

    pub(super) fn of(&self, user: UserId) -> Vec<Arc<Room>> {
        self.0.read().get(&user).cloned().unwrap_or_default()
    }
}
