//! Presence and typing frames of a room.

use std::{sync::Arc, time::Instant};

use parlor_protocol::{Event, PresenceState, ServerFrame, User, UserId, limits};

use super::{Room, State};
use crate::connection::Encoded;

/// The members of a room who are online.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Online {
    /// All of them, or some of a crowd.
    pub users: Vec<User>,
    /// Those of `users` who are away.
    pub away: Vec<UserId>,
    /// Number of online members.
    pub count: u64,
    /// The [`Presence::version`](super::presence::Presence::version).
    version: u64,
}

impl Online {
    fn is_complete(&self) -> bool {
        u64::try_from(self.users.len()).is_ok_and(|listed| listed == self.count)
    }

    /// The state of a user; `None` when offline.
    fn state_of(&self, user: UserId) -> Option<PresenceState> {
        self.users.iter().find(|online| online.id == user)?;
        Some(if self.away.contains(&user) { PresenceState::Away } else { PresenceState::Online })
    }
}

impl Room {
    /// Adds a connection of a member.
    pub fn connect(&self, user: &Arc<User>, away: bool) {
        let mut state = self.state.lock();
        if let Some(presence) = state.presence.connect(user, away) {
            self.update_presence(&mut state, user, presence);
        }
    }

    /// Notes that a member has no connection any more. They are offline if they do not reconnect in time.
    pub fn disconnect(&self, user: UserId) {
        let mut state = self.state.lock();
        state.presence.disconnect(user, Instant::now());
        self.mark_dirty(&mut state);
    }

    /// Notes that a member has left on purpose: they are offline at once.
    pub fn leave(&self, user: UserId) {
        self.remove_presence(&mut self.state.lock(), user);
    }

    pub(super) fn remove_presence(&self, state: &mut State, user: UserId) {
        if let Some(user) = state.presence.remove(user) {
            self.update_presence(state, &user, PresenceState::Offline);
        }
    }

    pub fn online(&self) -> Online {
        let state = self.state.lock();
        let all = state.presence.users();
        let max = if all.len() > limits::MAX_ONLINE_LISTED { limits::ONLINE_SAMPLE } else { limits::MAX_ONLINE_LISTED };
        let (count, version) = (state.presence.count(), state.presence.version());
        let mut online = Online { count, version, ..Online::default() };
        for (user, away) in all.take(max) {
            online.users.push(user.clone());
            online.away.extend(away.then_some(user.id));
        }
        online
    }

    /// Presence frames for the changes of other users since `before`, for a reader who subscribed later than that. Nothing for
    /// a crowd, whose list is not complete.
    pub fn presence_since(&self, before: &Online, reader: UserId) -> Vec<ServerFrame> {
        if self.state.lock().presence.version() == before.version {
            return Vec::new();
        }
        let now = self.online();
        if !now.is_complete() || !before.is_complete() {
            return Vec::new();
        }
        let gone = before.users.iter().filter(|user| now.state_of(user.id).is_none());
        let others = now.users.iter().chain(gone).filter(|user| user.id != reader);
        let changed = others.filter(|user| now.state_of(user.id) != before.state_of(user.id));
        let frame = |user: &User| ServerFrame::Presence {
            room: self.id.clone(),
            user: user.clone(),
            state: now.state_of(user.id).unwrap_or(PresenceState::Offline),
            online_count: now.count,
        };
        changed.map(frame).collect()
    }

    /// Sets whether a member is away on all devices.
    pub fn set_away(&self, user: UserId, away: bool) {
        let mut state = self.state.lock();
        if let Some(user) = state.presence.set_away(user, away) {
            self.update_presence(&mut state, &user, if away { PresenceState::Away } else { PresenceState::Online });
        }
    }

    /// Tells the other subscribers that a user is typing.
    pub(super) fn send_typing(&self, user: &User) {
        let frame = ServerFrame::Typing { room: self.id.clone(), user: user.clone() };
        self.send_to_others(user.id, &frame);
    }

    /// Sends the queued arrivals of the authors of these events: no message comes from someone who is not known to be online.
    /// Called before [`Room::publish`].
    pub fn announce_authors(&self, events: &[Event]) {
        let mut state = self.state.lock();
        for event in events {
            if let Some((user, now)) = state.presence.take_arrival(event.by.id) {
                self.send_presence(state.presence.count(), &user, now);
            }
        }
    }

    pub(super) fn update_presence(&self, state: &mut State, user: &Arc<User>, presence: PresenceState) {
        state.presence.queue_update(user, presence);
        self.flush_presence(state);
        if state.presence.has_pending_work() {
            self.mark_dirty(state);
        }
    }

    pub(super) fn flush_presence(&self, state: &mut State) {
        let count = state.presence.count();
        let subscribers = self.subscribers.iter().map(|subscribers| subscribers.lock().all.len()).sum();
        for (user, now) in state.presence.take_updates(subscribers, Instant::now()) {
            self.send_presence(count, &user, now);
        }
    }

    fn send_presence(&self, online_count: u64, user: &User, state: PresenceState) {
        let frame = ServerFrame::Presence { room: self.id.clone(), user: user.clone(), state, online_count };
        self.send_to_others(user.id, &frame);
    }

    fn send_to_others(&self, user: UserId, frame: &ServerFrame) {
        let frame = Encoded::from(frame);
        for subscribers in &self.subscribers {
            for subscriber in subscribers.lock().all.values().filter(|subscriber| subscriber.connection.user.id != user)
            {
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
    fn presence_changes_before_a_subscription_are_reported() {
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
        room.connect(&ann, false);
        room.connect(&bob, false);
        let before = room.online();
        assert!(room.presence_since(&before, me.id).is_empty());
        room.leave(ann.id);
        room.set_away(bob.id, true);
        room.connect(&cem, false);
        room.connect(&me, false);
        let changes = room.presence_since(&before, me.id).into_iter().filter_map(|frame| match frame {
            ServerFrame::Presence { user, state, online_count, .. } => Some((user.id, state, online_count)),
            _ => None,
        });
        let expected =
            [(bob.id, PresenceState::Away, 3), (cem.id, PresenceState::Online, 3), (ann.id, PresenceState::Offline, 3)];
        assert_eq!(changes.collect::<Vec<_>>(), expected);
    }
}
