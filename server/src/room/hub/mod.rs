//! The hub: all live rooms and all connected users.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{Millis, RoomId, RoomKind, RoomRole, ServerFrame, ServerRole, UserId};

use super::{DirtyRooms, Room, name_index::NameIndex};
use crate::{
    connection::{Connection, Encoded},
    domain::RoomRecord,
};

mod connected_user;
mod connections;
mod direct_rooms;
mod marks;
mod members;
mod other_nodes;
mod public_rooms;
mod users;

use connected_user::ConnectedUser;
use direct_rooms::DirectRooms;
use marks::RecentMarks;
pub use other_nodes::{Absence, Typing};
use other_nodes::{LocalChanges, TypingListener};
use public_rooms::PublicRooms;
use users::Users;

pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<Room>>>,
    public_rooms: PublicRooms,
    direct_rooms: DirectRooms,
    users: Users,
    marks: RecentMarks,
    names: NameIndex,
    local_changes: LocalChanges,
    /// Is told who types here.
    typing_listener: OnceLock<TypingListener>,
    /// Users who have disconnected, with the time to be stored.
    departed: Mutex<HashMap<UserId, Millis>>,
    dirty_rooms: Arc<DirtyRooms>,
    leave_grace: Duration,
    workers: usize,
}

impl Hub {
    /// `leave_grace`: shorter absences are not announced. `workers`: number of workers that serve connections.
    pub fn new(records: Vec<RoomRecord>, leave_grace: Duration, workers: usize) -> Self {
        let hub = Self {
            rooms: RwLock::default(),
            public_rooms: PublicRooms::default(),
            direct_rooms: DirectRooms::default(),
            users: Users::default(),
            marks: RecentMarks::default(),
            names: NameIndex::default(),
            local_changes: LocalChanges::default(),
            typing_listener: OnceLock::new(),
            departed: Mutex::default(),
            dirty_rooms: Arc::new(DirtyRooms::default()),
            leave_grace,
            workers,
        };
        for record in records {
            hub.add_room(record);
        }
        hub
    }

    /// Adds a room unless it is there already.
    fn add_room(&self, record: RoomRecord) -> Arc<Room> {
        let mut rooms = self.rooms.write();
        let entry = rooms.entry(record.id.clone()).or_insert_with(|| {
            let room = Arc::new(Room::new(record, self.dirty_rooms.clone(), self.workers));
            self.public_rooms.insert(&room);
            self.direct_rooms.insert(&room);
            room
        });
        entry.clone()
    }

    pub fn room(&self, room: &RoomId) -> Option<Arc<Room>> {
        self.rooms.read().get(room).cloned()
    }

    /// A connected user's role on the server, and in a room; `None` when they are not a member.
    pub fn roles_of(&self, user: UserId, room: &RoomId) -> (ServerRole, Option<RoomRole>) {
        self.users
            .with(user, |connected| (connected.role, connected.room_role(room)))
            .unwrap_or((ServerRole::Guest, None))
    }

    pub fn set_role(&self, user: UserId, role: ServerRole) {
        self.users.with(user, |connected| connected.role = role);
    }

    /// Whether a connected user other than `except` has a name with this key.
    pub fn is_name_used(&self, key: &str, except: Option<UserId>) -> bool {
        self.names.is_used(key, except)
    }

    /// Whether a user other than `except` who is connected to another node has a name with this key. They may be about to leave.
    pub fn is_name_used_elsewhere(&self, key: &str, except: Option<UserId>) -> bool {
        self.names.is_used_elsewhere(key, except)
    }

    /// The connected members of a room whose names have these keys.
    pub fn members_by_name(&self, room: &RoomId, keys: &[String]) -> HashMap<String, UserId> {
        let mut found = HashMap::new();
        for key in keys {
            let users = self.names.users(key);
            let member = users.into_iter().find(|user| self.roles_of(*user, room).1.is_some());
            found.extend(member.map(|user| (key.clone(), user)));
        }
        found
    }

    pub fn connections_of(&self, user: UserId) -> Vec<Arc<Connection>> {
        self.users.with(user, |connected| connected.connections.clone()).unwrap_or_default()
    }

    /// The connections that have sent hello.
    pub fn connections(&self) -> Vec<Arc<Connection>> {
        self.users.all().iter().flat_map(|(_, user)| user.lock().connections.clone()).collect()
    }

    /// Adds a room that was just created. Everyone but the creator, who becomes a member, is told of a public one.
    pub fn create_room(&self, record: RoomRecord) {
        let room = self.add_room(record);
        if room.kind == RoomKind::Public {
            let frame = Encoded::from(&ServerFrame::Room { room: room.summary_for_others() });
            for connection in self.connections().iter().filter(|connection| !room.is_made_by(connection.user.id)) {
                connection.queue.push_droppable(frame.clone());
            }
        }
    }

    /// Called once a second.
    pub fn tick(&self) {
        self.send_pending_marks();
        let due = std::mem::take(&mut *self.dirty_rooms.0.lock());
        for room in due.iter().filter_map(|id| self.room(id)) {
            room.tick(self.leave_grace);
        }
    }
}
