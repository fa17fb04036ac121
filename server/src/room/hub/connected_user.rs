//! A user with at least one connection, and the rooms that they are a member of.

use std::sync::Arc;

use parlor_protocol::{RoomId, RoomRole, RoomSummary, ServerFrame, ServerRole, User, UserId};

use crate::{
    connection::{Connection, Encoded},
    domain::{ConnectionId, NodeId, RoomMembership},
    room::Room,
};

pub(super) struct ConnectedUser {
    pub(super) connections: Vec<Arc<Connection>>,
    /// The other nodes that they are connected to.
    pub(super) elsewhere: Vec<Elsewhere>,
    pub(super) role: ServerRole,
    pub(super) rooms: Vec<MemberOf>,
    pub(super) away: bool,
    /// The last connection has gone: a new one makes a new entry.
    pub(super) has_gone: bool,
}

/// A user's connections to another node.
pub(super) struct Elsewhere {
    pub(super) node: NodeId,
    pub(super) user: Arc<User>,
    pub(super) away: bool,
}

/// A room that the user is a member of.
pub(super) struct MemberOf {
    pub(super) room: Arc<Room>,
    pub(super) membership: RoomMembership,
}

impl ConnectedUser {
    pub(super) fn new(role: ServerRole) -> Self {
        Self { connections: Vec::new(), elsewhere: Vec::new(), role, rooms: Vec::new(), away: false, has_gone: false }
    }

    pub(super) fn room_role(&self, room: &RoomId) -> Option<RoomRole> {
        let member_of = self.rooms.iter().find(|member_of| member_of.room.id == *room)?;
        Some(member_of.membership.role)
    }

    pub(super) fn membership(&mut self, room: &RoomId) -> Option<&mut RoomMembership> {
        let member_of = self.rooms.iter_mut().find(|member_of| member_of.room.id == *room)?;
        Some(&mut member_of.membership)
    }

    /// Changes a membership; returns it when it is another one now.
    pub(super) fn change_membership(
        &mut self,
        room: &RoomId,
        change: impl FnOnce(&mut RoomMembership),
    ) -> Option<RoomMembership> {
        let membership = self.membership(room)?;
        let before = *membership;
        change(membership);
        Some(*membership).filter(|after| *after != before)
    }

    /// Sends a changed membership to the user's connections, except one that knows. Called under the user's lock, so that the
    /// last summary sent is the newest.
    pub(super) fn send_membership(&self, room: &Room, membership: RoomMembership, except: Option<ConnectionId>) {
        room.set_membership(self.connections.iter().map(|connection| connection.id), membership);
        let Some(user) = self.connections.first().map(|connection| connection.user.id) else { return };
        self.send_summary(except, || room.summary(user, membership));
    }

    /// Adds a membership; false when it is known.
    pub(super) fn add_room(&mut self, room: &Arc<Room>, membership: RoomMembership) -> bool {
        let is_new = self.membership(&room.id).is_none();
        if is_new {
            self.rooms.push(MemberOf { room: room.clone(), membership });
        }
        is_new
    }

    /// Makes the user present in a room that is new to them, and their connections watch it.
    pub(super) fn watch(&self, room: &Room, membership: RoomMembership) {
        self.elsewhere.iter().for_each(|other| room.connect(&other.user, self.away));
        for connection in &self.connections {
            room.connect(&connection.user, self.away);
            room.watch(connection, membership);
        }
    }

    /// Notes in their rooms that the user has no connection to any node any more. False if there is one.
    pub(super) fn leave_if_disconnected(&mut self, user: UserId) -> bool {
        if !self.connections.is_empty() || !self.elsewhere.is_empty() {
            return false;
        }
        self.rooms.iter().for_each(|member_of| member_of.room.disconnect(user));
        self.has_gone = true;
        true
    }

    /// Computes whether the user is away, and publishes a change in their rooms.
    pub(super) fn update_away(&mut self, user: UserId) {
        let is_connected = !self.connections.is_empty() || !self.elsewhere.is_empty();
        let away = is_connected
            && self.connections.iter().all(|connection| connection.is_away())
            && self.elsewhere.iter().all(|other| other.away);
        if std::mem::replace(&mut self.away, away) != away {
            self.rooms.iter().for_each(|member_of| member_of.room.set_away(user, away));
        }
    }

    pub(super) fn send_summary(&self, except: Option<ConnectionId>, summary: impl FnOnce() -> RoomSummary) {
        let others = self.connections.iter().filter(|other| except != Some(other.id));
        let mut others = others.peekable();
        if others.peek().is_some() {
            let frame = Encoded::from(&ServerFrame::Room { room: summary() });
            others.for_each(|other| other.queue.push_droppable(frame.clone()));
        }
    }
}
