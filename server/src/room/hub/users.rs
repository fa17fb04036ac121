//! The connected users. Each has a lock of its own: the lock of a map is held for a lookup only, never while frames are sent.

use std::{array, collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::{ServerRole, UserId};

use super::ConnectedUser;

/// Maps that the users are spread over.
const SHARDS: usize = 64;

type UserEntry = Arc<Mutex<ConnectedUser>>;

pub(super) struct Users {
    shards: [Mutex<HashMap<UserId, UserEntry>>; SHARDS],
}

impl Default for Users {
    fn default() -> Self {
        Self { shards: array::from_fn(|_| Mutex::default()) }
    }
}

impl Users {
    /// The last bytes of a UUID are random.
    fn shard(&self, user: UserId) -> &Mutex<HashMap<UserId, UserEntry>> {
        &self.shards[usize::from(user.0.as_bytes()[15]) % SHARDS]
    }

    pub(super) fn get(&self, user: UserId) -> Option<UserEntry> {
        self.shard(user).lock().get(&user).cloned()
    }

    /// Runs `act` under the lock of a user; none when they are not connected.
    pub(super) fn with<T>(&self, user: UserId, act: impl FnOnce(&mut ConnectedUser) -> T) -> Option<T> {
        let entry = self.get(user)?;
        let mut connected = entry.lock();
        (!connected.has_gone).then(|| act(&mut connected))
    }

    /// Runs `act` under the lock of a user, who is about to get a connection.
    pub(super) fn enter(&self, user: UserId, role: ServerRole, act: impl FnOnce(&mut ConnectedUser)) {
        loop {
            let entry = self.shard(user).lock().entry(user).or_insert_with(|| new_entry(role)).clone();
            let mut connected = entry.lock();
            if !connected.has_gone {
                return act(&mut connected);
            }
            drop(connected);
            self.remove(user, &entry);
        }
    }

    /// Removes a user's entry unless another one has taken its place.
    pub(super) fn remove(&self, user: UserId, entry: &UserEntry) {
        let mut shard = self.shard(user).lock();
        if shard.get(&user).is_some_and(|current| Arc::ptr_eq(current, entry)) {
            shard.remove(&user);
        }
    }

    pub(super) fn all(&self) -> Vec<(UserId, UserEntry)> {
        let entries = |shard: &Mutex<HashMap<_, UserEntry>>| -> Vec<_> {
            shard.lock().iter().map(|(user, entry)| (*user, entry.clone())).collect()
        };
        self.shards.iter().flat_map(entries).collect()
    }
}

fn new_entry(role: ServerRole) -> UserEntry {
    Arc::new(Mutex::new(ConnectedUser::new(role)))
}
