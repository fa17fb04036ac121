//! All live rooms and all connections: where events come in and are handed to their room.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{RoomId, RoomSummary, Seq, ServerFrame, UserId};

use super::{Agenda, Room, names::Names};
use crate::{
    connection::{Connection, Encoded},
    limits::Bucket,
    store::RoomRecord,
};

/// Buckets kept. Beyond, those of people who have gone are forgotten.
const MAX_BUCKETS: usize = 100_000;

/// See the module.
pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<Room>>>,
    people: Mutex<HashMap<UserId, Person>>,
    names: Names,
    sends: Mutex<HashMap<UserId, Bucket>>,
    agenda: Arc<Agenda>,
    leave_grace: Duration,
    workers: usize,
}

/// Someone with at least one connection.
#[derive(Default)]
struct Person {
    connections: Vec<Arc<Connection>>,
    /// The rooms that they are a member of.
    rooms: Vec<Arc<Room>>,
}

impl Person {
    fn is_member(&self, room: &RoomId) -> bool {
        self.rooms.iter().any(|mine| mine.record.id == *room)
    }
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
            sends: Mutex::default(),
            agenda: Arc::new(Agenda::default()),
            leave_grace,
            workers,
        };
        for record in records {
            hub.add_room(record);
        }
        hub
    }

    /// A room that was just made.
    pub fn add_room(&self, record: RoomRecord) -> Arc<Room> {
        let room = Arc::new(Room::new(record.clone(), self.agenda.clone(), self.workers));
        self.rooms.write().insert(record.id, room.clone());
        room
    }

    /// The room with this id.
    pub fn room(&self, room: &RoomId) -> Option<Arc<Room>> {
        self.rooms.read().get(room).cloned()
    }

    /// A connection was told how its rooms stand, and hears of their growth from now on.
    pub fn connect(&self, connection: &Arc<Connection>, told: &[RoomSummary]) {
        let mut people = self.people.lock();
        let person = people.entry(connection.user.id).or_default();
        person.connections.push(connection.clone());
        self.names.came(connection);
        for told in told {
            let Some(room) = self.room(&told.id) else { continue };
            let now = room.watch(connection, told.read);
            if now.head > told.head {
                connection.push(&ServerFrame::Room { room: now });
            }
            if !person.is_member(&told.id) {
                person.rooms.push(room);
            }
        }
    }

    /// A connection has gone.
    pub fn disconnect(&self, connection: &Connection) {
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(&connection.user.id) else { return };
        person.connections.retain(|other| other.id != connection.id);
        self.names.went(connection);
        person.rooms.iter().for_each(|room| room.unwatch(connection));
        if person.connections.is_empty() {
            people.remove(&connection.user.id);
        }
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

    /// Whether a connected person is a member of this room.
    pub fn is_member(&self, user: UserId, room: &RoomId) -> bool {
        self.people.lock().get(&user).is_some_and(|person| person.is_member(room))
    }

    /// Someone has become a member: their connections hear of the room's growth from now on, and all but the one that
    /// knows are told at once.
    pub fn became_member(&self, user: UserId, room: &Arc<Room>, read: Seq, knows: Option<&Connection>) {
        {
            let mut people = self.people.lock();
            let Some(person) = people.get_mut(&user) else { return };
            if !person.is_member(&room.record.id) {
                person.rooms.push(room.clone());
            }
            for connection in &person.connections {
                room.watch(connection, read);
            }
        }
        self.tell_person(user, knows, room.record.summary(room.head(), read));
    }

    /// Whether someone who is connected, other than this person, uses the name with this key.
    pub fn is_name_used(&self, key: &str, except: Option<UserId>) -> bool {
        self.names.is_used(key, except)
    }

    /// All connections of one person.
    pub fn connections_of(&self, user: UserId) -> Vec<Arc<Connection>> {
        self.people.lock().get(&user).map(|person| person.connections.clone()).unwrap_or_default()
    }

    /// Every connection.
    pub fn everyone(&self) -> Vec<Arc<Connection>> {
        self.people.lock().values().flat_map(|person| &person.connections).cloned().collect()
    }

    /// Tells a person's other connections about a room of theirs.
    pub fn tell_person(&self, user: UserId, except: Option<&Connection>, room: RoomSummary) {
        let connections = self.connections_of(user);
        let mut others = connections.iter().filter(|other| except.is_none_or(|me| me.id != other.id)).peekable();
        if others.peek().is_some() {
            let frame = Encoded::from(&ServerFrame::Room { room });
            others.for_each(|other| other.queue.push_droppable(frame.clone()));
        }
    }

    /// Tells everyone but its maker that there is a new public room.
    pub fn tell_new_room(&self, maker: UserId, summary: &RoomSummary) {
        let room = RoomSummary { joined: false, read: summary.head, unread: 0, ..summary.clone() };
        let frame = Encoded::from(&ServerFrame::Room { room });
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
