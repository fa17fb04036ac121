//! Someone with at least one connection, as the hub knows them.

use std::sync::Arc;

use parlor_protocol::{RoomId, RoomSummary, ServerFrame, ServerRole, UserId};

use crate::{
    connection::{Connection, Encoded},
    domain::RoomMembership,
    policy::Standing,
    room::Room,
};

/// See the module.
pub(super) struct Person {
    pub(super) connections: Vec<Arc<Connection>>,
    /// What they may do on the whole server.
    pub(super) role: ServerRole,
    pub(super) rooms: Vec<Membership>,
    /// Nobody is at any of their devices.
    pub(super) away: bool,
}

/// A room that someone is a member of.
pub(super) struct Membership {
    pub(super) room: Arc<Room>,
    pub(super) mine: RoomMembership,
}

impl Person {
    pub(super) fn new(role: ServerRole) -> Self {
        Self { connections: Vec::new(), role, rooms: Vec::new(), away: false }
    }

    pub(super) fn standing(&self, room: &RoomId) -> Option<Standing> {
        let membership = self.rooms.iter().find(|membership| membership.room.id == *room)?;
        Some(Standing { moderator: membership.mine.moderator, muted: false })
    }

    pub(super) fn mine(&mut self, room: &RoomId) -> Option<&mut RoomMembership> {
        self.rooms.iter_mut().find(|membership| membership.room.id == *room).map(|membership| &mut membership.mine)
    }

    /// Notes that they are a member. True when that was not known.
    pub(super) fn joins(&mut self, room: &Arc<Room>, mine: RoomMembership) -> bool {
        let new = self.mine(&room.id).is_none();
        if new {
            self.rooms.push(Membership { room: room.clone(), mine });
        }
        new
    }

    /// They are here in a room that is new to them, and their connections hear of its growth.
    pub(super) fn watches(&self, room: &Room, mine: RoomMembership) {
        for connection in &self.connections {
            room.came(&connection.user, self.away);
            room.watch(connection, mine);
        }
    }

    /// Looks whether they are away now, and shows it where they are when that has changed.
    pub(super) fn look(&mut self, user: UserId) {
        let away = !self.connections.is_empty() && self.connections.iter().all(|connection| connection.is_away());
        if std::mem::replace(&mut self.away, away) != away {
            self.rooms.iter().for_each(|membership| membership.room.set_away(user, away));
        }
    }

    /// Tells their connections, but for one, about a room of theirs.
    pub(super) fn tell(&self, except: Option<&Connection>, room: impl FnOnce() -> RoomSummary) {
        let others = self.connections.iter().filter(|other| except.is_none_or(|me| me.id != other.id));
        let mut others = others.peekable();
        if others.peek().is_some() {
            let frame = Encoded::from(&ServerFrame::Room { room: room() });
            others.for_each(|other| other.queue.push_droppable(frame.clone()));
        }
    }
}
