//! How people come and go, and whether anyone is at their devices.

use std::sync::Arc;

use parlor_protocol::{Millis, RoomId, RoomSummary, ServerFrame, UserId};

use super::{Hub, Person};
use crate::{clock, connection::Connection, domain::RoomMembership, room::Room};

impl Hub {
    /// A connection was told how its rooms stand, and hears of their growth from now on.
    pub fn connect(&self, connection: &Arc<Connection>, told: &[(RoomMembership, RoomSummary)]) {
        let user = connection.user.id;
        let mut people = self.people.lock();
        let person = people.entry(user).or_insert_with(|| Person::new(connection.role));
        // The newest one knows best; whoever comes with what is no longer so is told when it has greeted.
        person.role = connection.role;
        person.connections.push(connection.clone());
        self.names.came(connection);
        for (mine, told) in told {
            // What was told may be older than an event by which they are no longer a member.
            let Some(room) = self.room(&told.id).filter(|room| room.admit(user, *mine)) else { continue };
            person.joins(&room, *mine);
            room.came(&connection.user, false);
            let mine = person.mine(&room.id).map_or(*mine, |mine| *mine);
            let now = room.watch(connection, mine);
            if now != *told {
                connection.push(&ServerFrame::Room { room: now });
            }
        }
        person.rooms.shrink_to_fit();
        // A new one is not away.
        person.look(user);
    }

    /// A connection has gone.
    pub fn disconnect(&self, connection: &Connection) {
        let user = connection.user.id;
        let mut people = self.people.lock();
        let Some(person) = people.get_mut(&user) else { return };
        person.connections.retain(|other| other.id != connection.id);
        self.names.went(connection);
        person.rooms.iter().for_each(|membership| membership.room.unwatch(connection));
        if person.connections.is_empty() {
            person.rooms.iter().for_each(|membership| membership.room.went(user));
            people.remove(&user);
            self.departed.lock().insert(user, clock::now());
        } else {
            person.look(user);
        }
    }

    /// Someone says by this connection that they leave a room, or all of them, for now: the others hear it at once, unless
    /// they are still there by another connection.
    pub fn leaves(&self, connection: &Connection, room: Option<&RoomId>) {
        let user = connection.user.id;
        let people = self.people.lock();
        if let Some(person) = people.get(&user)
            && person.connections.iter().all(|other| other.id == connection.id)
        {
            let left = person.rooms.iter().filter(|membership| room.is_none_or(|room| membership.room.id == *room));
            left.for_each(|membership| membership.room.left(user));
        }
    }

    /// Nobody is at this connection any more, or someone is again.
    pub fn away(&self, connection: &Connection, away: bool) {
        let mut people = self.people.lock();
        connection.set_away(away);
        if let Some(person) = people.get_mut(&connection.user.id) {
            person.look(connection.user.id);
        }
    }

    /// Shows in a room that was joined just now whether someone is away.
    pub fn show_away(&self, user: UserId, room: &Room) {
        if let Some(person) = self.people.lock().get(&user) {
            room.set_away(user, person.away);
        }
    }

    /// Whether someone is connected; and when they have gone, if that is not on disk yet.
    pub fn is_online(&self, user: UserId) -> (bool, Option<Millis>) {
        let online = self.people.lock().contains_key(&user);
        (online, self.departed.lock().get(&user).copied().filter(|_| !online))
    }

    /// Who has gone since this was last asked, and when: to be noted.
    pub fn take_departed(&self) -> Vec<(UserId, Millis)> {
        std::mem::take(&mut *self.departed.lock()).into_iter().collect()
    }

    /// Who is connected.
    pub fn people(&self) -> Vec<UserId> {
        self.people.lock().keys().copied().collect()
    }
}
