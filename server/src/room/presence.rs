//! The presence of a room's members. A user counts once, whatever the number of connections, and short absences are not
//! announced.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use parlor_protocol::{PresenceState, User, UserId};

/// Presence updates are sent at most this often and collected in between.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Most deliveries of presence updates in one flush, which bounds the cost of many joins in a room of thousands.
const MAX_DELIVERIES: usize = 20_000;

/// Most users in one flush.
const MAX_UPDATES: usize = 50;

#[derive(Default)]
pub(super) struct Presence {
    users: IndexMap<UserId, PresentUser>,
    /// Users without a connection since then. They still count as present.
    absent: HashMap<UserId, Instant>,
    /// Counts the queued updates.
    version: u64,
    /// The latest update of each user that others have not been told.
    updates: IndexMap<UserId, (Arc<User>, PresenceState)>,
    last_flush: Option<Instant>,
}

struct PresentUser {
    user: Arc<User>,
    away: bool,
}

impl Presence {
    /// Adds a connection of a user. Returns the new state if it or the user's name or colour has changed. A connection that is not away makes the user
    /// present; one that is away changes nothing, see [`Presence::set_away`].
    pub(super) fn connect(&mut self, user: &Arc<User>, away: bool) -> Option<PresenceState> {
        self.absent.remove(&user.id);
        let mut new = false;
        let present = self.users.entry(user.id).or_insert_with(|| {
            new = true;
            PresentUser { user: user.clone(), away }
        });
        let has_other_name = present.user != *user;
        if has_other_name {
            present.user = user.clone();
        }
        let changed = new || has_other_name || (present.away && !away);
        present.away &= away;
        changed.then_some(if present.away { PresenceState::Away } else { PresenceState::Online })
    }

    /// Sets whether a user is away on all devices. Returns the user if that changes anything.
    pub(super) fn set_away(&mut self, user: UserId, away: bool) -> Option<Arc<User>> {
        let present = self.users.get_mut(&user)?;
        let changed = std::mem::replace(&mut present.away, away) != away;
        changed.then(|| present.user.clone())
    }

    /// Notes that a user has no connection any more. They stay until [`Presence::remove_expired`] or [`Presence::remove`].
    pub(super) fn disconnect(&mut self, user: UserId, now: Instant) {
        if self.users.contains_key(&user) {
            self.absent.insert(user, now);
        }
    }

    /// Removes a user at once. Returns the user if they were present.
    pub(super) fn remove(&mut self, user: UserId) -> Option<Arc<User>> {
        self.absent.remove(&user);
        self.users.shift_remove(&user).map(|present| present.user)
    }

    /// Removes the users who have been absent for at least `grace`.
    pub(super) fn remove_expired(&mut self, now: Instant, grace: Duration) -> Vec<Arc<User>> {
        let due: Vec<UserId> =
            self.absent.iter().filter(|(_, since)| now.duration_since(**since) >= grace).map(|(id, _)| *id).collect();
        let mut removed = Vec::with_capacity(due.len());
        for id in due {
            self.absent.remove(&id);
            removed.extend(self.users.shift_remove(&id).map(|present| present.user));
        }
        removed
    }

    /// Queues an update for the others.
    pub(super) fn queue_update(&mut self, user: &Arc<User>, state: PresenceState) {
        self.version += 1;
        self.updates.shift_remove(&user.id);
        self.updates.insert(user.id, (user.clone(), state));
    }

    /// Changes with each queued update.
    pub(super) const fn version(&self) -> u64 {
        self.version
    }

    /// The updates to send now, the oldest first.
    pub(super) fn take_updates(&mut self, subscribers: usize, now: Instant) -> Vec<(Arc<User>, PresenceState)> {
        let early = self.last_flush.is_some_and(|last| now.duration_since(last) < FLUSH_INTERVAL);
        if early || self.updates.is_empty() {
            return Vec::new();
        }
        self.last_flush = Some(now);
        let max = (MAX_DELIVERIES / subscribers.max(1)).clamp(1, MAX_UPDATES).min(self.updates.len());
        let due = self.updates.drain(..max).map(|(_, update)| update).collect();
        // Frees the memory after a crowd.
        if self.updates.is_empty() {
            self.updates = IndexMap::new();
        }
        due
    }

    /// Takes the queued update of a user out of turn, unless they are offline.
    pub(super) fn take_arrival(&mut self, user: UserId) -> Option<(Arc<User>, PresenceState)> {
        self.updates.get(&user).filter(|(_, state)| *state != PresenceState::Offline)?;
        self.updates.shift_remove(&user)
    }

    /// Whether a later tick has work to do.
    pub(super) fn has_pending_work(&self) -> bool {
        !self.updates.is_empty() || !self.absent.is_empty()
    }

    /// All present users in the order of arrival, and whether they are away.
    pub(super) fn users(&self) -> impl ExactSizeIterator<Item = (&User, bool)> {
        self.users.values().map(|present| (&*present.user, present.away))
    }

    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.users.len()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::UserKind;
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> Arc<User> {
        Arc::new(User {
            id: UserId(Uuid::from_u128(n)),
            name: format!("user {n}"),
            kind: UserKind::Guest,
            colour: None,
        })
    }

    const GRACE: Duration = Duration::from_secs(10);

    #[test]
    fn a_user_with_two_connections_counts_once() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        assert_eq!((presence.connect(&ann, false), presence.connect(&ann, false)), (Some(PresenceState::Online), None));
        assert_eq!(presence.count(), 1);
        presence.disconnect(ann.id, now);
        assert_eq!(presence.remove_expired(now + GRACE, GRACE), std::slice::from_ref(&ann));
    }

    #[test]
    fn a_connection_under_another_name_changes_the_user() {
        let (mut presence, ann) = (Presence::default(), user(1));
        presence.connect(&ann, false);
        let renamed = Arc::new(User { name: "Annie".into(), ..(*ann).clone() });
        assert_eq!(presence.connect(&renamed, false), Some(PresenceState::Online));
        assert_eq!(presence.users().collect::<Vec<_>>(), [(&*renamed, false)]);
        assert_eq!(presence.connect(&renamed, false), None);
    }

    #[test]
    fn a_removed_user_is_offline_at_once() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        assert_eq!(presence.remove(ann.id), None);
        presence.connect(&ann, false);
        presence.disconnect(ann.id, now);
        assert_eq!((presence.remove(ann.id), presence.count()), (Some(ann), 0));
        assert!(presence.remove_expired(now + GRACE, GRACE).is_empty());
    }

    #[test]
    fn a_short_absence_is_not_announced() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        presence.connect(&ann, false);
        presence.disconnect(ann.id, now);
        assert!(presence.remove_expired(now + GRACE / 2, GRACE).is_empty());
        assert_eq!(presence.connect(&ann, false), None, "back in time");
        presence.disconnect(ann.id, now);
        assert_eq!(presence.remove_expired(now + GRACE, GRACE), std::slice::from_ref(&ann));
        assert_eq!(presence.connect(&ann, false), Some(PresenceState::Online), "back too late");
    }

    #[test]
    fn a_user_is_away_only_on_all_devices() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        presence.connect(&ann, false);
        assert_eq!(presence.set_away(ann.id, true), Some(ann.clone()));
        assert_eq!(presence.set_away(ann.id, true), None, "known");
        assert_eq!(presence.users().collect::<Vec<_>>(), [(&*ann, true)]);
        assert_eq!(presence.connect(&ann, true), None, "another device, also away");
        assert_eq!(presence.connect(&ann, false), Some(PresenceState::Online));
        assert_eq!(presence.set_away(ann.id, true), Some(ann.clone()));
        presence.disconnect(ann.id, now);
        assert_eq!(presence.connect(&ann, false), Some(PresenceState::Online), "back in time and not away");
        assert_eq!(presence.set_away(user(2).id, true), None, "not present");
        assert_eq!(presence.connect(&user(2), true), Some(PresenceState::Away));
    }

    #[test]
    fn a_dead_client_is_offline_within_half_a_minute() {
        use parlor_protocol::limits;
        // A closed socket is noticed at once. Then come the grace and two ticks: one expires the absence, one sends the update.
        let announced = limits::PRESENCE_GRACE + FLUSH_INTERVAL * 2;
        assert!(announced <= Duration::from_secs(30), "{announced:?}");
    }

    #[test]
    fn an_arrival_can_be_taken_out_of_turn() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.queue_update(&user(1), PresenceState::Online);
        presence.queue_update(&user(2), PresenceState::Offline);
        assert_eq!(presence.take_arrival(user(1).id), Some((user(1), PresenceState::Online)));
        assert_eq!(presence.take_arrival(user(1).id), None, "once");
        assert_eq!(presence.take_arrival(user(2).id), None, "not a departure");
        assert_eq!(presence.take_updates(1, now), [(user(2), PresenceState::Offline)]);
    }

    #[test]
    fn updates_are_collected_and_limited() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        for n in 0..200 {
            presence.queue_update(&user(n), PresenceState::Online);
        }
        presence.queue_update(&user(7), PresenceState::Offline);
        assert_eq!(presence.take_updates(10, now).len(), MAX_UPDATES);
        assert!(presence.take_updates(10, now).is_empty(), "too early");
        let next = now + FLUSH_INTERVAL;
        assert_eq!(presence.take_updates(5_000, next).len(), 4, "fewer when there are more subscribers");
        let rest = (0..4).flat_map(|n| presence.take_updates(1, next + FLUSH_INTERVAL * (n + 1))).collect::<Vec<_>>();
        assert_eq!(rest.len(), 146);
        assert_eq!(rest.last(), Some(&(user(7), PresenceState::Offline)), "the latest update counts");
        assert!(!presence.has_pending_work());
    }
}
