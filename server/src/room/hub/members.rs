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
            EventKind::Message { .. } | EventKind::Edited { .. } | EventKind::Reacted { .. } | EventKind::Unknown => {}
        }
    }

    /// Makes a member the owner; the owner before them becomes a moderator.
    fn change_owner(&self, user: UserId, room: &Room) {
        for (other, entry) in self.users.all() {
            let is_owner = entry.lock().room_role(&room.id) == Some(RoomRole::Owner);
            if is_owner {
                self.update_membership(other, room, |membership| membership.role = RoomRole::Moderator);
            }
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
        let rooms: Vec<_> = self.rooms.read().values().filter(|room| room.kind == RoomKind::Direct).cloned().collect();
        for room in rooms.iter().filter(|room| room.update_person(user)) {
            self.send_changed_room(room);
        }
    }

    /// Sends the summary of a changed room to all who may see it.
    fn send_changed_room(&self, room: &Room) {
        let for_others = (room.kind == RoomKind::Public)
            .then(|| Encoded::from(&ServerFrame::Room { room: room.summary_for_others() }));
        for (user_id, entry) in self.users.all() {
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
