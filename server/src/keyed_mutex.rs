//! A mutex per key: tasks with the same key run one after another.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    marker::PhantomData,
};

use tokio::sync::{Mutex, MutexGuard};

/// Enough that different keys rarely share a lock.
const LOCKS: usize = 64;

/// Keys share a fixed number of locks, so a task must not lock a second key while it holds one.
pub struct KeyedMutex<K> {
    locks: [Mutex<()>; LOCKS],
    hasher: RandomState,
    key: PhantomData<fn(&K)>,
}

impl<K> Default for KeyedMutex<K> {
    fn default() -> Self {
        Self { locks: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new(), key: PhantomData }
    }
}

impl<K: Hash> KeyedMutex<K> {
    /// Locks a key until the guard is dropped.
    pub async fn lock(&self, key: &K) -> MutexGuard<'_, ()> {
        #[allow(clippy::cast_possible_truncation)]
        let index = self.hasher.hash_one(key) as usize % LOCKS;
        self.locks[index].lock().await
    }
}
