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
        let mut users = self.users.lock();
        let user = users.entry(user_id).or_insert_with(|| ConnectedUser::new(connection.role));
        // The newest connection has the newest role, unless it changed meanwhile; the session checks that afterwards.
        user.role = connection.role;
        user.connections.push(connection.clone());
        self.names.add(connection);
        for (membership, sent) in sent {
            // The summary may be older than an event that removed the user.
            let Some(room) = self.room(&sent.id).filter(|room| room.admit(user_id, *membership)) else { continue };
            user.add_room(&room, *membership);
            room.connect(&connection.user, false);
            let membership = user.membership(&room.id).map_or(*membership, |membership| *membership);
            let summary = room.watch(connection, membership);
            if summary != *sent {
                connection.push(&ServerFrame::Room { room: summary });
            }
        }
        user.rooms.shrink_to_fit();
        // A new connection is not away.
        user.update_away(user_id);
    }

    pub fn disconnect(&self, connection: &Connection) {
        let user_id = connection.user.id;
        let mut users = self.users.lock();
        let Some(user) = users.get_mut(&user_id) else { return };
        user.connections.retain(|other| other.id != connection.id);
        self.names.remove(connection);
        user.rooms.iter().for_each(|member_of| member_of.room.unwatch(connection));
        if user.connections.is_empty() {
            user.rooms.iter().for_each(|member_of| member_of.room.disconnect(user_id));
            users.remove(&user_id);
            self.departed.lock().insert(user_id, clock::now());
        } else {
            user.update_away(user_id);
        }
    }

    /// Shows a user as offline at once, in one room or in all, unless they have another connection.
    pub fn leave(&self, connection: &Connection, room: Option<&RoomId>) {
        let user_id = connection.user.id;
        let users = self.users.lock();
        if let Some(user) = users.get(&user_id)
            && user.connections.iter().all(|other| other.id == connection.id)
        {
            let left = user.rooms.iter().filter(|member_of| room.is_none_or(|room| member_of.room.id == *room));
            left.for_each(|member_of| member_of.room.leave(user_id));
        }
    }

    pub fn set_away(&self, connection: &Connection, away: bool) {
        let mut users = self.users.lock();
        connection.set_away(away);
        if let Some(user) = users.get_mut(&connection.user.id) {
            user.update_away(connection.user.id);
        }
    }

    /// Publishes in a room that a user has just joined whether they are away.
    pub fn publish_away(&self, user_id: UserId, room: &Room) {
        if let Some(user) = self.users.lock().get(&user_id) {
            room.set_away(user_id, user.away);
        }
    }

    /// Whether a user is connected; and when they disconnected, if that is not stored yet.
    pub fn is_online(&self, user: UserId) -> (bool, Option<Millis>) {
        let online = self.users.lock().contains_key(&user);
        (online, self.departed.lock().get(&user).copied().filter(|_| !online))
    }

    /// Whether this process has the connection.
    pub fn is_connected(&self, user: UserId, connection: ConnectionId) -> bool {
        let users = self.users.lock();
        users.get(&user).is_some_and(|user| user.connections.iter().any(|other| other.id == connection))
    }

    /// Takes the users who have disconnected, with the times to be stored.
    pub fn take_departed(&self) -> Vec<(UserId, Millis)> {
        std::mem::take(&mut *self.departed.lock()).into_iter().collect()
    }

    pub fn connected_users(&self) -> Vec<UserId> {
        self.users.lock().keys().copied().collect()
    }
}
