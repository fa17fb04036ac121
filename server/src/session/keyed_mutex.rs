//! One after the other, of those who are about the same thing.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    marker::PhantomData,
};

use tokio::sync::{Mutex, MutexGuard};

/// Enough that two things rarely wait for each other by chance.
const LANES: usize = 64;

/// See the module. Many things share a lane; nothing may wait for a second turn of the same kind while it has one.
pub struct KeyedMutex<K> {
    lanes: [Mutex<()>; LANES],
    hasher: RandomState,
    of: PhantomData<fn(&K)>,
}

impl<K> Default for KeyedMutex<K> {
    fn default() -> Self {
        Self { lanes: std::array::from_fn(|_| Mutex::default()), hasher: RandomState::new(), of: PhantomData }
    }
}

impl<K: Hash> KeyedMutex<K> {
    /// Waits for a turn, which lasts until what is returned is dropped.
    pub async fn of(&self, key: &K) -> MutexGuard<'_, ()> {
        #[allow(clippy::cast_possible_truncation)]
        let lane = self.hasher.hash_one(key) as usize % LANES;
        self.lanes[lane].lock().await
    }
}
