//! Who of a room's members is here. People count once, however many connections they have, and a short absence is not announced.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use parlor_protocol::{PresenceState, User, UserId};

/// Presence news go out at most this often; in between they are gathered.
const FLUSH_INTERVAL: Duration = Duration::from_secs(1);

/// Most deliveries of presence news in one flush: a storm of joins in a room of thousands stays cheap.
const MAX_DELIVERIES: usize = 20_000;

/// Most people in one flush.
const MAX_NEWS: usize = 50;

#[derive(Default)]
pub(super) struct Presence {
    people: IndexMap<UserId, Person>,
    /// People without a connection since then. They still count as here.
    absent: HashMap<UserId, Instant>,
    /// Counts what was noted to be told.
    changes: u64,
    /// The latest of each person that others have not heard yet.
    news: IndexMap<UserId, (Arc<User>, PresenceState)>,
    last_flush: Option<Instant>,
}

struct Person {
    user: Arc<User>,
    /// At none of their devices.
    away: bool,
}

impl Presence {
    /// Someone has a connection, maybe one more. What others have not heard yet, if there is something. `away`: nobody is at
    /// it. Where somebody is the person is not away; else they are as before, and [`Presence::set_away`] knows better.
    pub(super) fn came(&mut self, user: &Arc<User>, away: bool) -> Option<PresenceState> {
        self.absent.remove(&user.id);
        let mut new = false;
        let person = self.people.entry(user.id).or_insert_with(|| {
            new = true;
            Person { user: user.clone(), away }
        });
        let changed = new || (person.away && !away);
        person.away &= away;
        changed.then_some(if person.away { PresenceState::Away } else { PresenceState::Online })
    }

    /// Someone is at none of their devices, or at one again. Who it is, when they are here and others have not heard.
    pub(super) fn set_away(&mut self, user: UserId, away: bool) -> Option<Arc<User>> {
        let person = self.people.get_mut(&user)?;
        let changed = std::mem::replace(&mut person.away, away) != away;
        changed.then(|| person.user.clone())
    }

    /// Someone has no connection any more. They stay until [`Presence::sweep`] or [`Presence::leave`].
    pub(super) fn went(&mut self, user: UserId, now: Instant) {
        if self.people.contains_key(&user) {
            self.absent.insert(user, now);
        }
    }

    /// Someone is gone for good, and nobody waits for them. Who it was, when they were here.
    pub(super) fn leave(&mut self, user: UserId) -> Option<Arc<User>> {
        self.absent.remove(&user);
        self.people.shift_remove(&user).map(|person| person.user)
    }

    /// Lets go of those who have been away for longer than `grace`.
    pub(super) fn sweep(&mut self, now: Instant, grace: Duration) -> Vec<Arc<User>> {
        let due: Vec<UserId> =
            self.absent.iter().filter(|(_, since)| now.duration_since(**since) >= grace).map(|(id, _)| *id).collect();
        let mut gone = Vec::with_capacity(due.len());
        for id in due {
            self.absent.remove(&id);
            gone.extend(self.people.shift_remove(&id).map(|person| person.user));
        }
        gone
    }

    /// Notes something to tell.
    pub(super) fn announce(&mut self, user: &Arc<User>, state: PresenceState) {
        self.changes += 1;
        self.news.shift_remove(&user.id);
        self.news.insert(user.id, (user.clone(), state));
    }

    /// How much was noted so far.
    pub(super) const fn changes(&self) -> u64 {
        self.changes
    }

    /// What to tell now, the oldest first.
    pub(super) fn take_news(&mut self, listeners: usize, now: Instant) -> Vec<(Arc<User>, PresenceState)> {
        let early = self.last_flush.is_some_and(|last| now.duration_since(last) < FLUSH_INTERVAL);
        if early || self.news.is_empty() {
            return Vec::new();
        }
        self.last_flush = Some(now);
        let most = (MAX_DELIVERIES / listeners.max(1)).clamp(1, MAX_NEWS).min(self.news.len());
        let due = self.news.drain(..most).map(|(_, news)| news).collect();
        // A crowd's list does not stay with a room where nothing happens.
        if self.news.is_empty() {
            self.news = IndexMap::new();
        }
        due
    }

    /// What was noted of someone, when it is that they are here. Then it is told by who asks.
    pub(super) fn take_arrival(&mut self, user: UserId) -> Option<(Arc<User>, PresenceState)> {
        self.news.get(&user).filter(|(_, state)| *state != PresenceState::Offline)?;
        self.news.shift_remove(&user)
    }

    /// Whether a later tick has something to do here.
    pub(super) fn has_more_to_do(&self) -> bool {
        !self.news.is_empty() || !self.absent.is_empty()
    }

    /// Everyone, in the order of their coming, and whether they are away.
    pub(super) fn people(&self) -> impl ExactSizeIterator<Item = (&User, bool)> {
        self.people.values().map(|person| (&*person.user, person.away))
    }

    /// How many people.
    pub(super) fn count(&self) -> u64 {
        u64::try_from(self.people.len()).unwrap_or(u64::MAX)
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
    fn a_person_with_two_tabs_is_one() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        assert_eq!((presence.came(&ann, false), presence.came(&ann, false)), (Some(PresenceState::Online), None));
        assert_eq!(presence.count(), 1);
        presence.went(ann.id, now);
        assert_eq!(presence.sweep(now + GRACE, GRACE), std::slice::from_ref(&ann));
    }

    #[test]
    fn who_leaves_is_gone_at_once() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        assert_eq!(presence.leave(ann.id), None);
        presence.came(&ann, false);
        presence.went(ann.id, now);
        assert_eq!((presence.leave(ann.id), presence.count()), (Some(ann), 0));
        assert!(presence.sweep(now + GRACE, GRACE).is_empty());
    }

    #[test]
    fn a_short_absence_is_not_told() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        presence.came(&ann, false);
        presence.went(ann.id, now);
        assert!(presence.sweep(now + GRACE / 2, GRACE).is_empty());
        assert_eq!(presence.came(&ann, false), None, "back in time");
        presence.went(ann.id, now);
        assert_eq!(presence.sweep(now + GRACE, GRACE), std::slice::from_ref(&ann));
        assert_eq!(presence.came(&ann, false), Some(PresenceState::Online), "back too late");
    }

    #[test]
    fn who_is_at_a_device_is_not_away() {
        let (mut presence, ann, now) = (Presence::default(), user(1), Instant::now());
        presence.came(&ann, false);
        assert_eq!(presence.set_away(ann.id, true), Some(ann.clone()));
        assert_eq!(presence.set_away(ann.id, true), None, "known");
        assert_eq!(presence.people().collect::<Vec<_>>(), [(&*ann, true)]);
        assert_eq!(presence.came(&ann, true), None, "another device without anyone");
        assert_eq!(presence.came(&ann, false), Some(PresenceState::Online));
        assert_eq!(presence.set_away(ann.id, true), Some(ann.clone()));
        presence.went(ann.id, now);
        assert_eq!(presence.came(&ann, false), Some(PresenceState::Online), "back in time, and awake");
        assert_eq!(presence.set_away(user(2).id, true), None, "not here");
        assert_eq!(presence.came(&user(2), true), Some(PresenceState::Away));
    }

    #[test]
    fn a_dead_client_is_gone_within_half_a_minute() {
        use parlor_protocol::limits;
        // A socket that the system closes is noticed at once. Then the grace, and two ticks: one finds the room, one tells.
        let told = limits::PRESENCE_GRACE + FLUSH_INTERVAL * 2;
        assert!(told <= Duration::from_secs(30), "{told:?}");
    }

    #[test]
    fn an_arrival_can_be_told_before_its_turn() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        presence.announce(&user(1), PresenceState::Online);
        presence.announce(&user(2), PresenceState::Offline);
        assert_eq!(presence.take_arrival(user(1).id), Some((user(1), PresenceState::Online)));
        assert_eq!(presence.take_arrival(user(1).id), None, "once");
        assert_eq!(presence.take_arrival(user(2).id), None, "who goes is in no hurry");
        assert_eq!(presence.take_news(1, now), [(user(2), PresenceState::Offline)]);
    }

    #[test]
    fn news_are_gathered_and_bounded() {
        let (mut presence, now) = (Presence::default(), Instant::now());
        for n in 0..200 {
            presence.announce(&user(n), PresenceState::Online);
        }
        presence.announce(&user(7), PresenceState::Offline);
        assert_eq!(presence.take_news(10, now).len(), MAX_NEWS);
        assert!(presence.take_news(10, now).is_empty(), "too early");
        let next = now + FLUSH_INTERVAL;
        assert_eq!(presence.take_news(5_000, next).len(), 4, "fewer where each costs more");
        let rest = (0..4).flat_map(|n| presence.take_news(1, next + FLUSH_INTERVAL * (n + 1))).collect::<Vec<_>>();
        assert_eq!(rest.len(), 146);
        assert_eq!(rest.last(), Some(&(user(7), PresenceState::Offline)), "the latest counts");
        assert!(!presence.has_more_to_do());
    }
}
