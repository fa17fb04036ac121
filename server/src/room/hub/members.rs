//! Whose rooms are whose: what follows from the log and from what people say of their own.

use std::sync::Arc;

use parlor_protocol::{Event, EventKind, NotificationLevel, RoomKind, RoomSummary, Seq, ServerFrame, User, UserId};

use super::Hub;
use crate::{
    connection::{Connection, Encoded},
    domain::RoomMembership,
    room::Room,
};

impl Hub {
    /// Someone has become a member: their connections hear of the room's growth from now on, and all but the one that knows
    /// are told at once.
    pub fn became_member(&self, user: UserId, room: &Arc<Room>, mine: RoomMembership, knows: Option<&Connection>) {
        let mut people = self.people.lock();
        if !room.admit(user, mine) {
            return;
        }
        let Some(person) = people.get_mut(&user) else { return };
        if !person.joins(room, mine) {
            return;
        }
        person.watches(room, mine);
        person.tell(knows, || room.summary(user, mine));
    }

    /// Someone is in a direct room. They are told of it once something is said there.
    pub fn is_in_direct(&self, user: UserId, room: &Arc<Room>) {
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(&user) else { return };
        if person.joins(room, RoomMembership::default()) {
            person.watches(room, RoomMembership::default());
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
            let nothing = RoomSummary { topic: None, head: 0, read: 0, ..room.summary_for_others() };
            RoomSummary { name: String::new(), gone: true, people: Vec::new(), ..nothing }
        };
        let frame = Encoded::from(&ServerFrame::Room { room: summary });
        self.connections_of(user).iter().for_each(|connection| connection.queue.push(frame.clone()));
    }

    /// Follows what a committed event changes of rooms and memberships, before it is shown to anyone.
    pub fn follow(&self, room: &Arc<Room>, event: &Event) {
        match &event.event {
            EventKind::MemberAdded { user } => {
                self.became_member(user.id, room, RoomMembership::since(event.seq), None);
            }
            EventKind::MemberRemoved { user } => self.was_removed(user.id, room, event.seq),
            EventKind::Appointed { user, moderator } => {
                self.change_mine(user.id, room, None, |mine| mine.moderator = *moderator);
            }
            EventKind::Deleted { message_seq, .. } => room.forget(*message_seq),
            change if room.change(change) => self.tell_changed(room),
            _ => {}
        }
    }

    /// Someone has read up to here, on one of their devices: the others are told.
    pub fn has_read(&self, user: UserId, room: &Room, seq: Seq, knows: &Connection) {
        self.change_mine(user, room, Some(knows), |mine| {
            mine.read = mine.read.max(seq);
            mine.unread_from = None;
        });
    }

    /// Someone has marked what begins here as unread, on one of their devices: the others are told.
    pub fn has_marked(&self, user: UserId, room: &Room, seq: Seq, knows: &Connection) {
        self.change_mine(user, room, Some(knows), |mine| mine.unread_from = Some(seq));
    }

    /// Someone wants to hear more or less of a room: all their devices are told.
    pub fn has_level(&self, user: UserId, room: &Room, level: NotificationLevel) {
        self.change_mine(user, room, None, |mine| mine.level = level);
    }

    /// Changes how someone stands to a room of theirs, and tells their connections.
    fn change_mine(
        &self,
        user: UserId,
        room: &Room,
        knows: Option<&Connection>,
        change: impl FnOnce(&mut RoomMembership),
    ) {
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(&user) else { return };
        let Some(mine) = person.mine(&room.id) else { return };
        let before = *mine;
        change(mine);
        let now = *mine;
        if now != before {
            room.set_mine(user, now);
            // Under the lock: what they are told last is how it is.
            person.tell(knows, || room.summary(user, now));
        }
    }

    /// Someone has another name or colour: direct rooms are named after their people.
    pub fn renamed(&self, user: &User) {
        let rooms: Vec<_> = self.rooms.read().values().filter(|room| room.kind == RoomKind::Direct).cloned().collect();
        for room in rooms.iter().filter(|room| room.rename_person(user)) {
            self.tell_changed(room);
        }
    }

    /// Tells whoever may see it how a room stands now.
    fn tell_changed(&self, room: &Room) {
        let for_others = (room.kind == RoomKind::Public)
            .then(|| Encoded::from(&ServerFrame::Room { room: room.summary_for_others() }));
        for (user, person) in &mut *self.people.lock() {
            let frame = match person.mine(&room.id) {
                Some(_) if !room.is_begun(*user) => None,
                Some(mine) => Some(Encoded::from(&ServerFrame::Room { room: room.summary(*user, *mine) })),
                None => for_others.clone(),
            };
            if let Some(frame) = frame {
                person.connections.iter().for_each(|connection| connection.queue.push_droppable(frame.clone()));
            }
        }
    }
}
