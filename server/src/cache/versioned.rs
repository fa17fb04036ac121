//! A bounded cache that never holds a value older than the last commit.

use std::{collections::HashMap, hash::Hash};

use parking_lot::Mutex;

/// Entries of each cache. When there are more, half of them are forgotten.
const CAPACITY: usize = 32_768;

/// A part of what the store has, by key.
pub(super) struct VersionedCache<K, V>(Mutex<State<K, V>>);

struct State<K, V> {
    known: HashMap<K, V>,
    /// The number of changes so far.
    version: u64,
}

impl<K, V> Default for VersionedCache<K, V> {
    fn default() -> Self {
        Self(Mutex::new(State { known: HashMap::new(), version: 0 }))
    }
}

impl<K: Eq + Hash, V: Clone> VersionedCache<K, V> {
    /// The cached value, or else the version to [`VersionedCache::fill`] with.
    pub(super) fn get(&self, key: &K) -> Result<V, u64> {
        let state = self.0.lock();
        state.known.get(key).cloned().ok_or(state.version)
    }

    /// Caches what was read from the store since [`VersionedCache::get`] returned this version, unless something has changed
    /// since then: the value may be older than that change.
    pub(super) fn fill(&self, version: u64, key: K, value: V) {
        let mut state = self.0.lock();
        if state.version != version {
            return;
        }
        if state.known.len() >= CAPACITY {
            let mut keep = false;
            state.known.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
        state.known.insert(key, value);
    }

    /// Applies a commit to every value that it concerns; one that becomes `None` is forgotten.
    pub(super) fn change_all(&self, concerns: impl Fn(&V) -> bool, change: impl Fn(&V) -> Option<V>) {
        let mut state = self.0.lock();
        state.version += 1;
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

    /// Applies a commit to one value; if it becomes `None` it is forgotten.
    pub(super) fn change(&self, key: &K, change: impl FnOnce(&V) -> Option<V>) {
        let mut state = self.0.lock();
        state.version += 1;
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
    fn a_value_read_before_a_change_is_not_cached() {
        let cache = VersionedCache::<u8, u8>::default();
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
    fn a_change_of_many_values_is_one_change() {
        let cache = VersionedCache::<u8, u8>::default();
        (0..10).for_each(|key| cache.fill(0, key, key));
        let mark = cache.get(&99).err();
        cache.change_all(|value| value % 2 == 0, |value| (*value > 4).then_some(100));
        cache.fill(mark.unwrap_or_default(), 99, 1);
        assert!(cache.get(&99).is_err(), "read before the change");
        assert_eq!((cache.get(&3), cache.get(&6)), (Ok(3), Ok(100)));
        assert!(cache.get(&4).is_err());
    }

    #[test]
    fn it_stays_within_its_capacity() {
        let cache = VersionedCache::<usize, ()>::default();
        (0..3 * CAPACITY).for_each(|key| cache.fill(0, key, ()));
        assert!(cache.0.lock().known.len() <= CAPACITY);
        assert!(cache.get(&(3 * CAPACITY - 1)).is_ok());
    }
}
