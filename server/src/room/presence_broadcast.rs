//! Who is in the room now, as others hear of it.

use std::{sync::Arc, time::Instant};

use parlor_protocol::{Event, PresenceState, ServerFrame, User, UserId, limits};

use super::{Room, State};
use crate::connection::{Connection, Encoded};

/// Who of a room's members is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Online {
    /// All by name, or some of a crowd.
    pub people: Vec<User>,
    /// Those of them who are away.
    pub away: Vec<UserId>,
    /// How many there are.
    pub count: u64,
    /// Tells whether anyone has come or gone since.
    changes: u64,
}

impl Online {
    fn is_whole(&self) -> bool {
        u64::try_from(self.people.len()).is_ok_and(|listed| listed == self.count)
    }

    /// How someone is here; none when they are not.
    fn state_of(&self, user: UserId) -> Option<PresenceState> {
        self.people.iter().find(|person| person.id == user)?;
        Some(if self.away.contains(&user) { PresenceState::Away } else { PresenceState::Online })
    }
}

impl Room {
    /// A member has a connection, maybe one more.
    pub fn came(&self, user: &Arc<User>, away: bool) {
        let mut state = self.state.lock();
        if let Some(news) = state.presence.came(user, away) {
            self.announce(&mut state, user, news);
        }
    }

    /// A member has no connection any more. They count as gone when they do not come back in time.
    pub fn went(&self, user: UserId) {
        let mut state = self.state.lock();
        state.presence.went(user, Instant::now());
        self.wake(&mut state);
    }

    /// A member has said that they leave: they count as gone at once.
    pub fn left(&self, user: UserId) {
        self.gone(&mut self.state.lock(), user);
    }

    pub(super) fn gone(&self, state: &mut State, user: UserId) {
        if let Some(user) = state.presence.leave(user) {
            self.announce(state, &user, PresenceState::Offline);
        }
    }

    /// The members who are connected.
    pub fn online(&self) -> Online {
        let state = self.state.lock();
        let all = state.presence.people();
        let most =
            if all.len() > limits::MAX_ONLINE_LISTED { limits::ONLINE_SAMPLE } else { limits::MAX_ONLINE_LISTED };
        let (count, changes) = (state.presence.count(), state.presence.changes());
        let mut online = Online { count, changes, ..Online::default() };
        for (user, away) in all.take(most) {
            online.people.push(user.clone());
            online.away.extend(away.then_some(user.id));
        }
        online
    }

    /// Who of others has come, gone or changed since this was told: for who subscribes later than they were told. Of a crowd, whose
    /// list is not whole, nothing is said but by the next news.
    pub fn since(&self, told: &Online, reader: UserId) -> Vec<ServerFrame> {
        if self.state.lock().presence.changes() == told.changes {
            return Vec::new();
        }
        let now = self.online();
        if !now.is_whole() || !told.is_whole() {
            return Vec::new();
        }
        let gone = told.people.iter().filter(|user| now.state_of(user.id).is_none());
        let others = now.people.iter().chain(gone).filter(|user| user.id != reader);
        let changed = others.filter(|user| now.state_of(user.id) != told.state_of(user.id));
        let frame = |user: &User| ServerFrame::Presence {
            room: self.id.clone(),
            user: user.clone(),
            state: now.state_of(user.id).unwrap_or(PresenceState::Offline),
            online_count: now.count,
        };
        changed.map(frame).collect()
    }

    /// Someone is at none of their devices, or at one again.
    pub fn set_away(&self, user: UserId, away: bool) {
        let mut state = self.state.lock();
        if let Some(user) = state.presence.set_away(user, away) {
            self.announce(&mut state, &user, if away { PresenceState::Away } else { PresenceState::Online });
        }
    }

    /// Someone is typing: told to all others, dropped where it is tight.
    pub fn typing(&self, connection: &Connection) {
        let frame = ServerFrame::Typing { room: self.id.clone(), user: (*connection.user).clone() };
        self.tell_others(connection.user.id, &frame);
    }

    /// Tells who has come, of those who speak in these events, where that still waits: nobody is heard before they are here.
    /// To be called before [`Room::publish`].
    pub fn introduce(&self, events: &[Event]) {
        let mut state = self.state.lock();
        for event in events {
            if let Some((user, now)) = state.presence.take_arrival(event.by.id) {
                self.tell_presence(state.presence.count(), &user, now);
            }
        }
    }

    pub(super) fn announce(&self, state: &mut State, user: &Arc<User>, now: PresenceState) {
        state.presence.announce(user, now);
        self.flush_presence(state);
        if state.presence.has_more_to_do() {
            self.wake(state);
        }
    }

    pub(super) fn flush_presence(&self, state: &mut State) {
        let count = state.presence.count();
        let listeners = self.listeners.iter().map(|some| some.lock().all.len()).sum();
        for (user, now) in state.presence.take_news(listeners, Instant::now()) {
            self.tell_presence(count, &user, now);
        }
    }

    fn tell_presence(&self, online_count: u64, user: &User, state: PresenceState) {
        let frame = ServerFrame::Presence { room: self.id.clone(), user: user.clone(), state, online_count };
        self.tell_others(user.id, &frame);
    }

    fn tell_others(&self, user: UserId, frame: &ServerFrame) {
        let frame = Encoded::from(frame);
        for some in &self.listeners {
            for subscriber in some.lock().all.values().filter(|subscriber| subscriber.connection.user.id != user) {
                subscriber.connection.queue.push_droppable(frame.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{RoomId, RoomKind, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::domain::RoomRecord;

    #[test]
    fn who_comes_and_goes_before_one_subscribes_is_told_then() {
        let record = RoomRecord {
            id: RoomId::lobby(),
            name: "Lobby".into(),
            kind: RoomKind::Public,
            topic: None,
            head: 0,
            archived: false,
            created_by: None,
            people: Arc::from([]),
        };
        let room = Room::new(record, Arc::default(), 1);
        let [ann, bob, cem, me] = [1, 2, 3, 4].map(|n| {
            let name = format!("user {n}");
            Arc::new(User { id: UserId(Uuid::from_u128(n)), name, kind: UserKind::Guest, colour: None })
        });
        room.came(&ann, false);
        room.came(&bob, false);
        let told = room.online();
        assert!(room.since(&told, me.id).is_empty());
        room.left(ann.id);
        room.set_away(bob.id, true);
        room.came(&cem, false);
        room.came(&me, false);
        let news = room.since(&told, me.id).into_iter().filter_map(|frame| match frame {
            ServerFrame::Presence { user, state, online_count, .. } => Some((user.id, state, online_count)),
            _ => None,
        });
        let expected =
            [(bob.id, PresenceState::Away, 3), (cem.id, PresenceState::Online, 3), (ann.id, PresenceState::Offline, 3)];
        assert_eq!(news.collect::<Vec<_>>(), expected);
    }
}
