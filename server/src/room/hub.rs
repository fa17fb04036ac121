//! All live rooms and all connections: where events come in and are handed to their room.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{Event, EventKind, RoomId, RoomKind, RoomSummary, Seq, ServerFrame, ServerRole, UserId};

use super::{Agenda, Mine, Room, names::Names};
use crate::{
    connection::{Connection, Encoded},
    limits::Bucket,
    policy::Standing,
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
struct Person {
    connections: Vec<Arc<Connection>>,
    /// What they may do on the whole server.
    role: ServerRole,
    rooms: Vec<Membership>,
}

/// A room that someone is a member of.
struct Membership {
    room: Arc<Room>,
    mine: Mine,
}

impl Person {
    fn standing(&self, room: &RoomId) -> Option<Standing> {
        let membership = self.rooms.iter().find(|membership| membership.room.id == *room)?;
        Some(Standing { moderator: membership.mine.moderator, muted: false })
    }

    fn mine(&mut self, room: &RoomId) -> Option<&mut Mine> {
        self.rooms.iter_mut().find(|membership| membership.room.id == *room).map(|membership| &mut membership.mine)
    }

    /// Notes that they are a member. True when that was not known.
    fn joins(&mut self, room: &Arc<Room>, mine: Mine) -> bool {
        let new = self.mine(&room.id).is_none();
        if new {
            self.rooms.push(Membership { room: room.clone(), mine });
        }
        new
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

    /// A connection was told how its rooms stand, and hears of their growth from now on.
    pub fn connect(&self, connection: &Arc<Connection>, told: &[RoomSummary]) {
        let mut people = self.people.lock();
        let person = people.entry(connection.user.id).or_insert_with(|| Person {
            connections: Vec::new(),
            role: connection.role,
            rooms: Vec::new(),
        });
        // The newest one knows best; whoever comes with what is no longer so is told when it has greeted.
        person.role = connection.role;
        person.connections.push(connection.clone());
        self.names.came(connection);
        for told in told {
            let mine = Mine { read: told.read, moderator: told.moderator };
            // What was told may be older than an event by which they are no longer a member.
            let Some(room) = self.room(&told.id).filter(|room| room.admit(connection.user.id, mine)) else { continue };
            let now = room.watch(connection, mine);
            if now.head > told.head {
                connection.push(&ServerFrame::Room { room: now });
            }
            person.joins(&room, mine);
        }
    }

    /// A connection has gone.
    pub fn disconnect(&self, connection: &Connection) {
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(&connection.user.id) else { return };
        person.connections.retain(|other| other.id != connection.id);
        self.names.went(connection);
        person.rooms.iter().for_each(|membership| membership.room.unwatch(connection));
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

    /// Someone has become a member: their connections hear of the room's growth from now on, and all but the one that knows
    /// are told at once.
    pub fn became_member(&self, user: UserId, room: &Arc<Room>, mine: Mine, knows: Option<&Connection>) {
        {
            let mut people = self.people.lock();
            if !room.admit(user, mine) {
                return;
            }
            let Some(person) = people.get_mut(&user) else { return };
            if !person.joins(room, mine) {
                return;
            }
            for connection in &person.connections {
                room.watch(connection, mine);
            }
        }
        self.tell_person(user, knows, room.summary(user, mine));
    }

    /// Someone is in a direct room. They are told of it once something is said there.
    pub fn is_in_direct(&self, user: UserId, room: &Arc<Room>) {
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(&user) else { return };
        if person.joins(room, Mine::default()) {
            person.connections.iter().for_each(|connection| drop(room.watch(connection, Mine::default())));
        }
    }

    /// Someone is no longer a member since the event at `seq`. Nothing of the room reaches them from now on but this.
    pub fn was_removed(&self, user: UserId, room: &Arc<Room>, seq: Seq) {
        {
            let mut people = self.people.lock();
            room.evict(user, seq);
            let Some(person) = people.get_mut(&user) else { return };
            person.rooms.retain(|membership| membership.room.id != room.id);
        }
        // To whom it is public, it is still there to be joined.
        let summary = if room.kind == RoomKind::Public {
            room.summary_for_others()
        } else {
            let nothing = RoomSummary { topic: None, head: 0, read: 0, unread: 0, ..room.summary_for_others() };
            RoomSummary { name: String::new(), gone: true, people: Vec::new(), ..nothing }
        };
        let frame = Encoded::from(&ServerFrame::Room { room: summary });
        self.connections_of(user).iter().for_each(|connection| connection.queue.push(frame.clone()));
    }

    /// Follows what a committed event changes of rooms and memberships, before it is shown to anyone.
    pub fn follow(&self, room: &Arc<Room>, event: &Event) {
        match &event.event {
            EventKind::MemberAdded { user } => {
                self.became_member(user.id, room, Mine { read: event.seq, moderator: false }, None);
            }
            EventKind::MemberRemoved { user } => self.was_removed(user.id, room, event.seq),
            EventKind::Appointed { user, moderator } => {
                self.change_mine(user.id, room, None, |mine| mine.moderator = *moderator);
            }
            change if room.change(change) => self.tell_changed(room),
            _ => {}
        }
    }

    /// Someone has read up to here, on one of their devices: the others are told.
    pub fn has_read(&self, user: UserId, room: &Arc<Room>, seq: Seq, knows: &Connection) {
        self.change_mine(user, room, Some(knows), |mine| mine.read = mine.read.max(seq));
    }

    /// Changes how someone stands to a room of theirs, and tells their connections.
    fn change_mine(&self, user: UserId, room: &Room, knows: Option<&Connection>, change: impl FnOnce(&mut Mine)) {
        let mine = {
            let mut people = self.people.lock();
            let Some(mine) = people.get_mut(&user).and_then(|person| person.mine(&room.id)) else { return };
            change(mine);
            room.set_mine(user, *mine);
            *mine
        };
        self.tell_person(user, knows, room.summary(user, mine));
    }

    /// Tells whoever may see it how a room stands now.
    fn tell_changed(&self, room: &Room) {
        let for_others = (room.kind == RoomKind::Public)
            .then(|| Encoded::from(&ServerFrame::Room { room: room.summary_for_others() }));
        for (user, person) in &mut *self.people.lock() {
            let frame = match person.mine(&room.id) {
                Some(mine) => Some(Encoded::from(&ServerFrame::Room { room: room.summary(*user, *mine) })),
                None => for_others.clone(),
            };
            if let Some(frame) = frame {
                person.connections.iter().for_each(|connection| connection.queue.push_droppable(frame.clone()));
            }
        }
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
