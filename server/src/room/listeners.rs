//! Those who listen to a room: how they come, what they are given, how they go.

use std::sync::Arc;

use indexmap::IndexMap;
use parlor_protocol::{Seq, ServerFrame};

use super::Room;
use crate::connection::{Connection, ConnectionId, EventBatch};

/// Those whom one worker writes to.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) all: IndexMap<ConnectionId, Subscriber>,
    /// Counts removals: each puts another in the place of who has gone.
    removed: u64,
}

/// How far a [`Room::fan_out`] has come.
#[derive(Debug, Default)]
pub struct Progress {
    at: usize,
    removed: u64,
}

pub(super) struct Subscriber {
    pub(super) connection: Arc<Connection>,
    /// The newest event that this subscriber has been given.
    pub(super) given: Seq,
}

impl Listeners {
    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Subscriber> {
        let gone = self.all.swap_remove(&id)?;
        self.removed += 1;
        Some(gone)
    }

    pub(super) fn take(&mut self) -> IndexMap<ConnectionId, Subscriber> {
        self.removed += 1;
        std::mem::take(&mut self.all)
    }
}

/// What came of trying to subscribe.
#[derive(Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// Live: everything in memory was queued, the rest follows by itself.
    Live,
    /// Events after this seq are no longer in memory: read them from the store, then try again.
    ReadAfter(Seq),
    /// They have been sent away meanwhile.
    Barred,
}

impl Room {
    /// Whether anyone listens whom this worker writes to. Not waited for: a list that is in use is not empty.
    pub fn has_listeners(&self, worker: usize) -> bool {
        self.listeners[worker].try_lock().is_none_or(|some| !some.all.is_empty())
    }

    /// Gives events to those of one worker, at most `most` at a time: writing takes microseconds for each. Returns how many
    /// were given them, until there is nobody left, and then `None`. Who has subscribed meanwhile has them already.
    pub fn fan_out(
        &self,
        worker: usize,
        batches: &[Arc<EventBatch>],
        progress: &mut Progress,
        most: usize,
    ) -> Option<usize> {
        let last = batches.last()?.last();
        let (mut given, mut dropped) = (0, Vec::new());
        let mut listeners = self.listeners[worker].lock();
        if progress.removed != listeners.removed {
            *progress = Progress { at: 0, removed: listeners.removed };
        }
        while given < most
            && let Some((id, subscriber)) = listeners.all.get_index_mut(progress.at)
        {
            progress.at += 1;
            let known = batches.iter().take_while(|batch| batch.last() <= subscriber.given).count();
            let Some(batch) = batches.get(known) else { continue };
            given += 1;
            if subscriber.connection.queue.push_events(&batches[known..], batch.known_to(subscriber.given)) {
                subscriber.given = last;
            } else {
                dropped.push(*id);
            }
        }
        for id in dropped {
            listeners.remove(id);
        }
        (given > 0).then_some(given)
    }

    /// Subscribes from `after` on, if everything since then is in memory. Who had left is here again.
    pub fn subscribe(&self, connection: &Arc<Connection>, after: Seq) -> Subscribed {
        let mut state = self.state.lock();
        if state.barred.contains_key(&connection.user.id) {
            return Subscribed::Barred;
        }
        // Ahead of us: the store has committed what is still on its way here. Those events will not be given twice.
        let given = after.max(state.head);
        match state.ring.after(after, state.head) {
            None => return Subscribed::ReadAfter(after),
            Some(mut events) => {
                if !events.all(|(batch, skip)| connection.queue.push_events(std::slice::from_ref(batch), skip)) {
                    // Overflow: the session will answer with `gap`.
                    return Subscribed::Live;
                }
            }
        }
        if let Some(watcher) = state.watchers.remove(&connection.id)
            && watcher.told < state.head
        {
            // What it would have been told at the next tick. From now on it has the events.
            let room = self.summary_in(&state, connection.user.id, watcher.mine);
            connection.queue.push_droppable((&ServerFrame::Room { room }).into());
        }
        let subscriber = Subscriber { connection: connection.clone(), given };
        self.listeners[connection.worker].lock().all.insert(connection.id, subscriber);
        if let Some(news) = state.presence.came(&connection.user, connection.is_away()) {
            self.announce(&mut state, &connection.user, news);
        }
        Subscribed::Live
    }

    /// Ends a subscription.
    pub fn unsubscribe(&self, connection: &Connection) {
        self.listeners[connection.worker].lock().remove(connection.id);
    }
}
