//! What nearly every connection asks first, kept in memory: whose session it is, and what they are a member of.
//!
//! This process alone writes to the database (its folder is locked), so what is here is what is there: the writer changes
//! it after each commit, before anyone is told.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{Millis, RoomId, UserId};

use super::restrictions::Restrictions;
use crate::domain::{AuthenticatedUser, Membership, RoomMembership, TokenHash};

/// Entries of each kind. When there are more, half of them are forgotten.
const MOST: usize = 32_768;

/// A session that was asked for.
#[derive(Clone)]
pub(super) struct KnownSession {
    /// Whose it is.
    pub(super) signed_in: AuthenticatedUser,
    /// When it was last noted that it is used.
    pub(super) seen_at: Millis,
}

/// See the module.
#[derive(Default)]
pub(super) struct Caches {
    /// Whose session it is.
    pub(super) sessions: Cache<TokenHash, KnownSession>,
    /// The rooms that someone is a member of.
    pub(super) memberships: Cache<UserId, Arc<[Membership]>>,
    /// The bans and mutes in force: all of them.
    pub(super) restrictions: RwLock<Arc<Restrictions>>,
    /// Each room's id once, shared by all memberships.
    rooms: Mutex<HashSet<RoomId>>,
}

impl Caches {
    /// The same id, in the place in memory where it is already.
    pub(super) fn shared(&self, room: RoomId) -> RoomId {
        let mut rooms = self.rooms.lock();
        if let Some(known) = rooms.get(&room) {
            return known.clone();
        }
        rooms.insert(room.clone());
        room
    }

    /// Someone is a member of a room.
    pub(super) fn is_member(&self, user: UserId, room: &RoomId, mine: RoomMembership) {
        self.memberships.change(&user, |memberships| {
            if memberships.iter().any(|membership| membership.room == *room) {
                return Some(memberships.clone());
            }
            let new = Membership { room: self.shared(room.clone()), state: mine };
            Some(memberships.iter().cloned().chain([new]).collect())
        });
    }

    /// These sessions have ended.
    pub(super) fn end(&self, sessions: &[TokenHash]) {
        sessions.iter().for_each(|token| self.sessions.change(token, |_| None));
    }

    /// All sessions of a person have ended, but for those that began just now.
    pub(super) fn end_of(&self, user: UserId) {
        self.sessions.change_all(|known| known.signed_in.user.id == user, |_| None);
    }

    /// Someone is another from now on, in all their sessions.
    pub(super) fn change_of(&self, user: UserId, change: impl Fn(&AuthenticatedUser) -> AuthenticatedUser) {
        self.sessions.change_all(
            |known| known.signed_in.user.id == user,
            |known| Some(KnownSession { signed_in: change(&known.signed_in), seen_at: known.seen_at }),
        );
    }

    /// Someone is no longer a member of a room.
    pub(super) fn is_no_member(&self, user: UserId, room: &RoomId) {
        self.memberships.change(&user, |memberships| {
            Some(memberships.iter().filter(|membership| membership.room != *room).cloned().collect())
        });
    }

    /// Someone stands otherwise to a room, if they are a member.
    pub(super) fn change_mine(&self, user: UserId, room: &RoomId, change: impl FnOnce(&mut RoomMembership)) {
        self.memberships.change(&user, |memberships| {
            let mut all = memberships.to_vec();
            if let Some(membership) = all.iter_mut().find(|membership| membership.room == *room) {
                change(&mut membership.state);
            }
            Some(all.into())
        });
    }
}

/// Some of what is in the database.
pub(super) struct Cache<K, V>(Mutex<State<K, V>>);

struct State<K, V> {
    known: HashMap<K, V>,
    /// Counts changes.
    changes: u64,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(State { known: HashMap::new(), changes: 0 }))
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// What is known, or else a mark to [`Cache::fill`] with.
    pub(super) fn get(&self, key: &K) -> Result<V, u64> {
        let state = self.0.lock();
        state.known.get(key).cloned().ok_or(state.changes)
    }

    /// Notes what was read from the database since the mark was given, unless something has changed meanwhile: what was
    /// read may be older than that.
    pub(super) fn fill(&self, mark: u64, key: K, value: V) {
        let mut state = self.0.lock();
        if state.changes != mark {
            return;
        }
        if state.known.len() >= MOST {
            let mut keep = false;
            state.known.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
        state.known.insert(key, value);
    }

    /// Something was committed that concerns all of some kind.
    pub(super) fn change_all(&self, concerns: impl Fn(&V) -> bool, change: impl Fn(&V) -> Option<V>) {
        let mut state = self.0.lock();
        state.changes += 1;
        state.known.retain(|_, value| {
            if concerns(value) {
                match change(value) {
                    Some(new) => *value = new,
                    None => return false,
                }
            }
            true
        });
    }

    /// Something was committed: what is known of it changes, or is forgotten.
    pub(super) fn change(&self, key: &K, change: impl FnOnce(&V) -> Option<V>) {
        let mut state = self.0.lock();
        state.changes += 1;
        let Some(value) = state.known.get_mut(key) else { return };
        match change(value) {
            Some(new) => *value = new,
            None => drop(state.known.remove(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_believed() {
        let cache = Cache::<u8, u8>::default();
        let Err(mark) = cache.get(&1) else { return assert_eq!(cache.get(&1), Err(0)) };
        cache.change(&2, |_| None);
        cache.fill(mark, 1, 10);
        assert!(cache.get(&1).is_err());
        cache.fill(cache.get(&1).err().unwrap_or_default(), 1, 10);
        assert_eq!(cache.get(&1), Ok(10));
        cache.change(&1, |value| Some(value + 1));
        assert_eq!(cache.get(&1), Ok(11));
        cache.change(&1, |_| None);
        assert!(cache.get(&1).is_err());
    }

    #[test]
    fn a_change_of_many_is_one() {
        let cache = Cache::<u8, u8>::default();
        (0..10).for_each(|key| cache.fill(0, key, key));
        let mark = cache.get(&99).err();
        cache.change_all(|value| value % 2 == 0, |value| (*value > 4).then_some(100));
        cache.fill(mark.unwrap_or_default(), 99, 1);
        assert!(cache.get(&99).is_err(), "read before the change");
        assert_eq!((cache.get(&3), cache.get(&6)), (Ok(3), Ok(100)));
        assert!(cache.get(&4).is_err());
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let cache = Cache::<usize, ()>::default();
        (0..3 * MOST).for_each(|key| cache.fill(0, key, ()));
        assert!(cache.0.lock().known.len() <= MOST);
        assert!(cache.get(&(3 * MOST - 1)).is_ok());
    }
}
