//! All live rooms and all connections: where events come in and are handed to their room.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{Millis, RoomId, RoomKind, ServerFrame, ServerRole, UserId};

use super::{DirtyRooms, Room, names::Names};
use crate::{
    connection::{Connection, Encoded},
    domain::RoomRecord,
    limits::Bucket,
    policy::Standing,
};

mod arrivals;
mod members;
mod person;

use person::Person;

/// Buckets kept. Beyond, those of people who have gone are forgotten.
const MAX_BUCKETS: usize = 100_000;

/// See the module.
pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<Room>>>,
    people: Mutex<HashMap<UserId, Person>>,
    names: Names,
    /// Who has gone since when, and is to be noted so.
    departed: Mutex<HashMap<UserId, Millis>>,
    sends: Mutex<HashMap<UserId, Bucket>>,
    agenda: Arc<DirtyRooms>,
    leave_grace: Duration,
    workers: usize,
}

impl Hub {
    /// The rooms that there are. `leave_grace`: an absence shorter than this is not announced. `workers`: how many serve
    /// connections.
    #[must_use]
    pub fn new(records: Vec<RoomRecord>, leave_grace: Duration, workers: usize) -> Self {
        let hub = Self {
            rooms: RwLock::default(),
            people: Mutex::default(),
            names: Names::default(),
            departed: Mutex::default(),
            sends: Mutex::default(),
            agenda: Arc::new(DirtyRooms::default()),
            leave_grace,
            workers,
        };
        for record in records {
            hub.add_room(record);
        }
        hub
    }

    /// A room that was just made, or is there already.
    pub fn add_room(&self, record: RoomRecord) -> Arc<Room> {
        let mut rooms = self.rooms.write();
        let room = rooms.entry(record.id.clone());
        room.or_insert_with(|| Arc::new(Room::new(record, self.agenda.clone(), self.workers))).clone()
    }

    /// The room with this id.
    pub fn room(&self, room: &RoomId) -> Option<Arc<Room>> {
        self.rooms.read().get(room).cloned()
    }

    /// The public rooms.
    pub fn public_rooms(&self) -> Vec<Arc<Room>> {
        self.rooms.read().values().filter(|room| room.kind == RoomKind::Public).cloned().collect()
    }

    /// How fast this person may send, over all their connections.
    pub fn sends_of(&self, user: UserId, new: impl FnOnce() -> Bucket) -> Bucket {
        let mut sends = self.sends.lock();
        // A bucket that nobody uses any more is full again in seconds: it is forgotten when there are many.
        if sends.len() > MAX_BUCKETS && !sends.contains_key(&user) {
            sends.retain(|_, bucket| bucket.is_shared());
        }
        sends.entry(user).or_insert_with(new).clone()
    }

    /// What a connected person may do on the whole server, and how they stand to a room; none for who is no member.
    pub fn stance(&self, user: UserId, room: &RoomId) -> (ServerRole, Option<Standing>) {
        self.people.lock().get(&user).map_or((ServerRole::Guest, None), |person| (person.role, person.standing(room)))
    }

    /// Someone may do something else on the whole server from now on.
    pub fn set_role(&self, user: UserId, role: ServerRole) {
        if let Some(person) = self.people.lock().get_mut(&user) {
            person.role = role;
        }
    }

    /// Whether someone who is connected, other than this person, uses the name with this key.
    pub fn is_name_used(&self, key: &str, except: Option<UserId>) -> bool {
        self.names.is_used(key, except)
    }

    /// The members of a room who are connected by names with these keys.
    pub fn members_by_name(&self, room: &RoomId, keys: &[String]) -> HashMap<String, UserId> {
        let mut found = HashMap::new();
        for key in keys {
            let users = self.names.users(key);
            let member = users.into_iter().find(|user| self.stance(*user, room).1.is_some());
            found.extend(member.map(|user| (key.clone(), user)));
        }
        found
    }

    /// All connections of one person.
    pub fn connections_of(&self, user: UserId) -> Vec<Arc<Connection>> {
        self.people.lock().get(&user).map(|person| person.connections.clone()).unwrap_or_default()
    }

    /// Every connection.
    pub fn everyone(&self) -> Vec<Arc<Connection>> {
        self.people.lock().values().flat_map(|person| &person.connections).cloned().collect()
    }

    /// Tells everyone but its maker that there is a new public room.
    pub fn tell_new_room(&self, maker: UserId, room: &Room) {
        let frame = Encoded::from(&ServerFrame::Room { room: room.summary_for_others() });
        for connection in self.everyone().iter().filter(|connection| connection.user.id != maker) {
            connection.queue.push_droppable(frame.clone());
        }
    }

    /// What is due once a second.
    pub fn tick(&self) {
        let due = std::mem::take(&mut *self.agenda.0.lock());
        for room in due.iter().filter_map(|id| self.room(id)) {
            room.tick(self.leave_grace);
        }
    }
}
