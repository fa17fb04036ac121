//! Connections of users: connecting, disconnecting, and whether they are away.

use std::sync::Arc;

use parlor_protocol::{Millis, RoomId, RoomSummary, ServerFrame, UserId};

use super::{ConnectedUser, Hub};
use crate::{
    clock,
    connection::Connection,
    domain::{ConnectionId, RoomMembership},
    room::Room,
};

impl Hub {
    /// Adds a connection that was sent these room summaries. From now on it is told of changes.
    pub fn connect(&self, connection: &Arc<Connection>, sent: &[(RoomMembership, RoomSummary)]) {
        let user_id = connection.user.id;
        self.users.enter(user_id, connection.role, |user| {
            // The newest connection has the newest role, unless it changed meanwhile; the session checks that afterwards.
            user.role = connection.role;
            user.connections.push(connection.clone());
            self.names.add(connection);
            self.local_changes.note(user_id);
            for (membership, sent) in sent {
                // The summary may be older than an event that removed the user.
                let Some(room) = self.room(&sent.id).filter(|room| room.admit(user_id, *membership)) else { continue };
                user.add_room(&room, *membership);
                room.connect(&connection.user, false);
                let membership = user.membership(&room.id).map_or(*membership, |membership| *membership);
                room.note_role(user_id, membership.role);
                let summary = room.watch(connection, membership);
                if summary != *sent {
                    connection.push(&ServerFrame::Room { room: summary });
                }
            }
            user.rooms.shrink_to_fit();
            // A new connection is not away.
            user.update_away(user_id);
        });
    }

    pub fn disconnect(&self, connection: &Connection) {
        let user_id = connection.user.id;
        let Some(entry) = self.users.get(user_id) else { return };
        let mut locked = entry.lock();
        let user = &mut *locked;
        if user.has_gone {
            return;
        }
        user.connections.retain(|other| other.id != connection.id);
        self.names.remove(connection);
        self.local_changes.note(user_id);
        user.rooms.iter().for_each(|member_of| member_of.room.unwatch(connection));
        if user.connections.is_empty() {
            self.departed.lock().insert(user_id, clock::now());
        }
        if user.leave_if_disconnected(user_id) {
            drop(locked);
            self.users.remove(user_id, &entry);
        } else {
            user.update_away(user_id);
        }
    }

    /// Shows a user as offline at once, in one room or in all, unless they have another connection.
    pub fn leave(&self, connection: &Connection, room: Option<&RoomId>) {
        let user_id = connection.user.id;
        self.users.with(user_id, |user| {
            if user.elsewhere.is_empty() && user.connections.iter().all(|other| other.id == connection.id) {
                let left = user.rooms.iter().filter(|member_of| room.is_none_or(|room| member_of.room.id == *room));
                left.for_each(|member_of| member_of.room.leave(user_id));
            }
        });
    }

    pub fn set_away(&self, connection: &Connection, away: bool) {
        connection.set_away(away);
        self.local_changes.note(connection.user.id);
        self.users.with(connection.user.id, |user| user.update_away(connection.user.id));
    }

    /// Publishes in a room that a user has just joined whether they are away.
    pub fn publish_away(&self, user_id: UserId, room: &Room) {
        self.users.with(user_id, |user| room.set_away(user_id, user.away));
    }

    /// Whether a user is connected; and when they disconnected, if that is not stored yet.
    pub fn is_online(&self, user: UserId) -> (bool, Option<Millis>) {
        let online = self.users.get(user).is_some();
        (online, self.departed.lock().get(&user).copied().filter(|_| !online))
    }

    /// Whether this process has the connection.
    pub fn is_connected(&self, user: UserId, connection: ConnectionId) -> bool {
        let is_theirs = |user: &mut ConnectedUser| user.connections.iter().any(|other| other.id == connection);
        self.users.with(user, is_theirs).unwrap_or(false)
    }

    /// Takes the users who have disconnected, with the times to be stored.
    pub fn take_departed(&self) -> Vec<(UserId, Millis)> {
        std::mem::take(&mut *self.departed.lock()).into_iter().collect()
    }

    /// The users who are connected to this process.
    pub fn connected_users(&self) -> Vec<UserId> {
        let all = self.users.all().into_iter();
        all.filter(|(_, entry)| !entry.lock().connections.is_empty()).map(|(user, _)| user).collect()
    }
}
