//! The subscribers of a room: subscribing with catch-up from memory, delivery, and removal.

use std::sync::Arc;

use indexmap::IndexMap;
use parlor_protocol::{Seq, ServerFrame};

use super::Room;
use crate::{
    connection::{Connection, EventBatch},
    domain::ConnectionId,
};

#[derive(Default)]
pub(super) struct Subscribers {
    pub(super) all: IndexMap<ConnectionId, Subscriber>,
    /// Counts removals, because each moves the last subscriber to another index.
    removals: u64,
}

/// The progress of a [`Room::fan_out`] in several calls.
#[derive(Debug, Default)]
pub struct FanOutProgress {
    index: usize,
    removals: u64,
}

pub(super) struct Subscriber {
    pub(super) connection: Arc<Connection>,
    /// The newest event that was delivered.
    pub(super) delivered: Seq,
}

impl Subscribers {
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Subscriber> {
        let removed = self.all.swap_remove(&id)?;
        self.removals += 1;
        Some(removed)
    }

    pub(super) fn take(&mut self) -> IndexMap<ConnectionId, Subscriber> {
        self.removals += 1;
        std::mem::take(&mut self.all)
    }
}

#[derive(Debug, PartialEq, Eq)]
pub enum SubscribeOutcome {
    /// Subscribed: everything in memory was queued.
    Live,
    /// Events after this seq are no longer in memory: read them from the store, then try again.
    ReadAfter(Seq),
    /// The user has been removed from the room.
    Removed,
}

impl Room {
    /// Whether this worker has subscribers. Does not wait for the lock: a list in use is not empty.
    pub fn has_subscribers(&self, worker: usize) -> bool {
        self.subscribers[worker].try_lock().is_none_or(|subscribers| !subscribers.all.is_empty())
    }

    /// Delivers events to at most `max` subscribers of one worker, which takes microseconds for each. Returns how many got
    /// them, or `None` when none was left. Those who have subscribed meanwhile already have them.
    pub fn fan_out(
        &self,
        worker: usize,
        batches: &[Arc<EventBatch>],
        progress: &mut FanOutProgress,
        max: usize,
    ) -> Option<usize> {
        let last = batches.last()?.last();
        let (mut count, mut failed) = (0, Vec::new());
        let mut subscribers = self.subscribers[worker].lock();
        if progress.removals != subscribers.removals {
            *progress = FanOutProgress { index: 0, removals: subscribers.removals };
        }
        while count < max
            && let Some((id, subscriber)) = subscribers.all.get_index_mut(progress.index)
        {
            progress.index += 1;
            let known = batches.iter().take_while(|batch| batch.last() <= subscriber.delivered).count();
            let Some(batch) = batches.get(known) else { continue };
            count += 1;
            if subscriber.connection.queue.push_events(&batches[known..], batch.known_to(subscriber.delivered)) {
                subscriber.delivered = last;
            } else {
                failed.push(*id);
            }
        }
        for id in failed {
            subscribers.remove(id);
        }
        (count > 0).then_some(count)
    }

    /// Subscribes from `after` on, if all events since then are in memory.
    pub fn subscribe(&self, connection: &Arc<Connection>, after: Seq) -> SubscribeOutcome {
        let mut state = self.state.lock();
        if state.removed.contains_key(&connection.user.id) {
            return SubscribeOutcome::Removed;
        }
        // `after` may be ahead of the head, by events that are still on their way here. They must not be delivered twice.
        let delivered = after.max(state.head);
        match state.recent_events.after(after, state.head) {
            None => return SubscribeOutcome::ReadAfter(after),
            Some(mut events) => {
                if !events.all(|(batch, skip)| connection.queue.push_events(std::slice::from_ref(batch), skip)) {
                    // Overflow: the session will send `gap`.
                    return SubscribeOutcome::Live;
                }
            }
        }
        if let Some(watcher) = state.watchers.remove(&connection.id)
            && watcher.head < state.head
        {
            // The summary of the next tick, which a subscriber does not get.
            let room = self.summary_in(&state, connection.user.id, watcher.membership);
            connection.queue.push_droppable((&ServerFrame::Room { room }).into());
        }
        let subscriber = Subscriber { connection: connection.clone(), delivered };
        self.subscribers[connection.worker].lock().all.insert(connection.id, subscriber);
        if let Some(presence) = state.presence.connect(&connection.user, connection.is_away()) {
            self.update_presence(&mut state, &connection.user, presence);
        }
        SubscribeOutcome::Live
    }

    pub fn unsubscribe(&self, connection: &Connection) {
        self.subscribers[connection.worker].lock().remove(connection.id);
    }
}
