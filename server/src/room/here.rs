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
        let most = if all.len() > limits::MAX_ONLINE_LISTED { limits::CROWD_LISTED } else { limits::MAX_ONLINE_LISTED };
        let mut online = Online { count: state.presence.count(), ..Online::default() };
        for (user, away) in all.take(most) {
            online.people.push(user.clone());
            online.away.extend(away.then_some(user.id));
        }
        online
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
