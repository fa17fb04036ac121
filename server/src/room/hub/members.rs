//! Memberships of connected users, as they follow from the log and from the users' own actions.

use std::sync::Arc;

use parlor_protocol::{Event, EventKind, RoomKind, RoomRole, RoomSummary, Seq, ServerFrame, User, UserId};

use super::Hub;
use crate::{
    connection::Encoded,
    domain::{ConnectionId, MembershipChange, RoomMembership},
    room::Room,
};

impl Hub {
    /// Applies a change of a membership. The user's connections are told, except the one that it came from.
    pub fn change_membership(&self, user: UserId, room: &Arc<Room>, change: MembershipChange) {
        match change {
            // They follow from the event in the room's log, in its place; see [`Hub::apply_event`].
            MembershipChange::Added(_) | MembershipChange::Removed { .. } | MembershipChange::Role(_) => {}
            MembershipChange::Joined { membership, origin } => self.add_member(user, room, membership, origin),
            MembershipChange::Left { head } => self.remove_member(user, room, head),
            MembershipChange::Level(level) => {
                self.update_membership(user, room, |membership| membership.level = level);
            }
            MembershipChange::Read { seq, origin } => self.mark(user, room, origin, |membership| {
                membership.read = membership.read.max(seq);
                membership.unread_from = None;
            }),
            MembershipChange::UnreadFrom { seq, origin } => {
                self.mark(user, room, origin, |membership| membership.unread_from = Some(seq));
            }
        }
    }

    /// Adds a member. Their connections watch the room and are sent its summary, except one that knows it; a direct room that
    /// someone else created has none before its first message.
    fn add_member(&self, user_id: UserId, room: &Arc<Room>, membership: RoomMembership, except: Option<ConnectionId>) {
        let Some(entry) = self.users.get(user_id) else {
            room.admit(user_id, membership);
            return;
        };
        let mut user = entry.lock();
        if !room.admit(user_id, membership) || user.has_gone || !user.add_room(room, membership) {
            return;
        }
        room.note_role(user_id, membership.role);
        user.watch(room, membership);
        if room.is_begun(user_id) {
            user.send_summary(except, || room.summary(user_id, membership));
        }
    }

    /// Removes a member since the event at `seq`. They are told that, and get nothing else of the room any more.
    fn remove_member(&self, user_id: UserId, room: &Arc<Room>, seq: Seq) {
        {
            let Some(entry) = self.users.get(user_id) else { return room.evict(user_id, seq) };
            let mut user = entry.lock();
            room.evict(user_id, seq);
            user.rooms.retain(|member_of| member_of.room.id != room.id);
        }
        // A public room can still be joined.
        let summary = if room.kind == RoomKind::Public {
            room.summary_for_others()
        } else {
            let hidden = RoomSummary { topic: None, head: 0, read: 0, ..room.summary_for_others() };
            RoomSummary { name: String::new(), gone: true, people: Vec::new(), ..hidden }
        };
        let frame = Encoded::from(&ServerFrame::Room { room: summary });
        self.connections_of(user_id).iter().for_each(|connection| connection.queue.push(frame.clone()));
    }

    /// Applies a committed event to rooms and memberships, before it is delivered to anyone.
    pub fn apply_event(&self, room: &Arc<Room>, event: &Event) {
        match &event.event {
            EventKind::MemberAdded { user } => {
                self.add_member(user.id, room, RoomMembership::since(event.seq), None);
            }
            EventKind::MemberRemoved { user } => self.remove_member(user.id, room, event.seq),
            EventKind::Appointed { user, moderator } => {
                let role = RoomRole::from_flags(*moderator, false);
                self.update_membership(user.id, room, |membership| membership.role = role);
            }
            EventKind::OwnerChanged { user } => self.change_owner(user.id, room),
            EventKind::Deleted { message_seq, .. } => room.forget_message(*message_seq),
            EventKind::Renamed { .. } | EventKind::TopicSet { .. } | EventKind::Archived { .. } => {
                let before = room.name();
                if room.apply_change(&event.event) {
                    self.public_rooms.rename(room, &before);
                    self.send_changed_room(room);
                }
            }
            EventKind::Edited { message_seq, mentions, .. } => room.note_edit(*message_seq, event.seq, mentions),
            EventKind::Message { .. } | EventKind::Reacted { .. } | EventKind::Unknown => {}
        }
    }

    /// Makes a member the owner; the owner before them becomes a moderator.
    fn change_owner(&self, user: UserId, room: &Room) {
        if let Some(before) = room.set_owner(user).filter(|before| *before != user) {
            self.update_membership(before, room, |membership| {
                membership.role = membership.role.min(RoomRole::Moderator);
            });
        }
        self.update_membership(user, room, |membership| membership.role = RoomRole::Owner);
    }

    /// Changes a membership and tells the user's connections.
    fn update_membership(&self, user_id: UserId, room: &Room, change: impl FnOnce(&mut RoomMembership)) {
        self.users.with(user_id, |user| {
            if let Some(after) = user.change_membership(&room.id, change) {
                user.send_membership(room, after, None);
            }
        });
    }

    /// Applies a new name or colour of a user: direct rooms are named after their people.
    pub fn update_profile(&self, user: &User) {
        for room in self.direct_rooms.of(user.id).iter().filter(|room| room.update_person(user)) {
            self.send_changed_room(room);
        }
    }

    /// Sends the summary of a changed room to all who may see it.
    fn send_changed_room(&self, room: &Room) {
        let for_others = (room.kind == RoomKind::Public)
            .then(|| Encoded::from(&ServerFrame::Room { room: room.summary_for_others() }));
        let recipients = match room.kind {
            RoomKind::Direct => {
                let people = room.people();
                people.iter().filter_map(|person| Some((person.id, self.users.get(person.id)?))).collect()
            }
            RoomKind::Public | RoomKind::Private => self.users.all(),
        };
        for (user_id, entry) in recipients {
            let mut user = entry.lock();
            let frame = match user.membership(&room.id) {
                Some(_) if !room.is_begun(user_id) => None,
                Some(membership) => {
                    Some(Encoded::from(&ServerFrame::Room { room: room.summary(user_id, *membership) }))
                }
                None => for_others.clone(),
            };
            if let Some(frame) = frame {
                user.connections.iter().for_each(|connection| connection.queue.push_droppable(frame.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{sync::mpsc, thread, time::Duration};

    use parlor_protocol::{CommandId, RoomId, ServerRole, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::{
        connection::Connection,
        domain::{AuthenticatedUser, RoomRecord, TokenHash},
    };

    fn user(n: u128, name: &str) -> User {
        User { id: UserId(Uuid::from_u128(n)), name: name.into(), kind: UserKind::Account, colour: None }
    }

    fn room(id: &str, kind: RoomKind, people: &[User]) -> RoomRecord {
        RoomRecord {
            id: id.into(),
            name: id.into(),
            kind,
            topic: None,
            head: 1,
            archived: false,
            created_by: None,
            people: people.into(),
        }
    }

    /// Runs `act` while somebody else's lock is held: it must not need that.
    fn without_lock_of(hub: &Arc<Hub>, other: UserId, act: impl FnOnce(&Hub) + Send + 'static) {
        let entry = hub.users.get(other).unwrap();
        let locked = entry.lock();
        let (done, finished) = mpsc::channel();
        let hub = hub.clone();
        thread::spawn(move || {
            act(&hub);
            done.send(()).unwrap();
        });
        finished.recv_timeout(Duration::from_secs(20)).unwrap();
        drop(locked);
    }

    #[test]
    fn a_profile_and_an_owner_concern_few() {
        let [ann, bob, eve] = [user(1, "ann"), user(2, "bob"), user(3, "eve")];
        let records = vec![
            room("two", RoomKind::Direct, &[ann.clone(), bob.clone()]),
            room("others", RoomKind::Direct, &[bob.clone(), eve.clone()]),
            room("den", RoomKind::Private, &[]),
        ];
        let hub = Arc::new(Hub::new(records, Duration::from_secs(10), 1));
        let [two, others, den] = ["two", "others", "den"].map(|id| hub.room(&RoomId::from(id)).unwrap());
        let connect = |user: &User, rooms: &[(&Arc<Room>, RoomRole)]| {
            let who = AuthenticatedUser { user: Arc::new(user.clone()), role: ServerRole::Member };
            let rooms: Vec<_> = rooms
                .iter()
                .map(|(room, role)| {
                    let membership = RoomMembership { role: *role, ..RoomMembership::since(1) };
                    (membership, room.summary(user.id, membership))
                })
                .collect();
            let connection = Connection::new(who, TokenHash([0; 32]));
            hub.connect(&connection, &rooms);
            connection
        };
        let _connections = [
            connect(&ann, &[(&two, RoomRole::Member), (&den, RoomRole::Owner)]),
            connect(&bob, &[(&two, RoomRole::Member), (&others, RoomRole::Member), (&den, RoomRole::Member)]),
            connect(&eve, &[(&others, RoomRole::Member), (&den, RoomRole::Member)]),
        ];
        let renamed = User { name: "Annie".into(), ..ann.clone() };
        without_lock_of(&hub, eve.id, move |hub| hub.update_profile(&renamed));
        let names: Vec<_> = two.people().iter().map(|person| person.name.clone()).collect();
        assert_eq!(names, ["Annie", "bob"]);
        assert_eq!(others.people()[0].name, "bob");

        let event = |user: &User| {
            let (id, event) = (CommandId(Uuid::from_u128(9)), EventKind::OwnerChanged { user: user.clone() });
            Event { room: den.id.clone(), seq: 2, id, at: 0, by: ann.clone(), event }
        };
        let roles = || [&ann, &bob, &eve].map(|user| hub.roles_of(user.id, &den.id).1.unwrap());
        let (to_bob, room) = (event(&bob), den.clone());
        without_lock_of(&hub, eve.id, move |hub| hub.apply_event(&room, &to_bob));
        assert_eq!(roles(), [RoomRole::Moderator, RoomRole::Owner, RoomRole::Member]);
        let (to_eve, room) = (event(&eve), den.clone());
        without_lock_of(&hub, ann.id, move |hub| hub.apply_event(&room, &to_eve));
        assert_eq!(roles(), [RoomRole::Moderator, RoomRole::Moderator, RoomRole::Owner]);
    }
}
