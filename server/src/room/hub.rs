//! All live rooms and all connections: where events come in and are handed to their room.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{Event, RoomId, RoomSummary, ServerFrame, UserId};

use super::{Agenda, Room};
use crate::{
    connection::{Connection, Text},
    store::RoomRecord,
};

/// See the module.
pub struct Hub {
    rooms: RwLock<HashMap<RoomId, Arc<Room>>>,
    people: Mutex<HashMap<UserId, Vec<Arc<Connection>>>>,
    agenda: Arc<Agenda>,
    leave_grace: Duration,
}

impl Hub {
    /// The rooms that there are. `leave_grace`: an absence shorter than this is not announced.
    #[must_use]
    pub fn new(records: Vec<RoomRecord>, leave_grace: Duration) -> Self {
        let hub = Self {
            rooms: RwLock::default(),
            people: Mutex::default(),
            agenda: Arc::new(Agenda::default()),
            leave_grace,
        };
        for record in records {
            hub.add_room(record);
        }
        hub
    }

    /// A room that was just made.
    pub fn add_room(&self, record: RoomRecord) -> Arc<Room> {
        let room = Arc::new(Room::new(record.clone(), self.agenda.clone()));
        self.rooms.write().insert(record.id, room.clone());
        room
    }

    /// The room with this id.
    pub fn room(&self, room: &RoomId) -> Option<Arc<Room>> {
        self.rooms.read().get(room).cloned()
    }

    /// Delivers events that are stored.
    pub fn deliver(&self, events: &[Event]) {
        for event in events {
            match self.room(&event.room) {
                Some(room) => room.publish(event),
                None => tracing::error!(room = %event.room, "an event for a room that is not live"),
            }
        }
    }

    /// A connection has said hello.
    pub fn connect(&self, connection: &Arc<Connection>) {
        self.people.lock().entry(connection.user.id).or_default().push(connection.clone());
    }

    /// A connection has gone.
    pub fn disconnect(&self, connection: &Connection) {
        let mut people = self.people.lock();
        if let Some(connections) = people.get_mut(&connection.user.id) {
            connections.retain(|other| other.id != connection.id);
            if connections.is_empty() {
                people.remove(&connection.user.id);
            }
        }
    }

    /// All connections of one person.
    pub fn connections_of(&self, user: UserId) -> Vec<Arc<Connection>> {
        self.people.lock().get(&user).cloned().unwrap_or_default()
    }

    /// Every connection.
    pub fn everyone(&self) -> Vec<Arc<Connection>> {
        self.people.lock().values().flatten().cloned().collect()
    }

    /// Tells a person's other connections about a room of theirs.
    pub fn tell_person(&self, user: UserId, except: Option<&Connection>, room: RoomSummary) {
        let connections = self.connections_of(user);
        let mut others = connections.iter().filter(|other| except.is_none_or(|me| me.id != other.id)).peekable();
        if others.peek().is_some() {
            let text: Text = ServerFrame::Room { room }.encode().into();
            others.for_each(|other| other.queue.push_droppable(text.clone()));
        }
    }

    /// Tells everyone but its maker that there is a new public room.
    pub fn tell_new_room(&self, maker: UserId, summary: &RoomSummary) {
        let room = RoomSummary { joined: false, read: summary.head, unread: 0, ..summary.clone() };
        let text: Text = ServerFrame::Room { room }.encode().into();
        for connection in self.everyone().iter().filter(|connection| connection.user.id != maker) {
            connection.queue.push_droppable(text.clone());
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
