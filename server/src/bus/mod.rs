//! The bus: tells independent consumers what each commit changed, in the order of the commits.
//!
//! Each consumer has a bounded queue of its own. The publisher waits while one of them is full, so a consumer loses
//! nothing and is never more than [`CAPACITY`] commits behind. This is the implementation within one process.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use indexmap::IndexMap;
use parlor_protocol::{Event, RoomId};
use tokio::sync::{Notify, mpsc};

/// Commits that may wait for one consumer.
const CAPACITY: usize = 64;

/// What one commit changed.
#[derive(Debug, Default)]
pub struct Commit {
    /// Its events, by room, in the order of their seqs.
    pub rooms: IndexMap<RoomId, Vec<Event>>,
}

/// A commit on its way to one consumer. It counts as delivered when the last [`InFlight`] is dropped.
pub struct Delivery {
    pub commit: Arc<Commit>,
    pub in_flight: Arc<InFlight>,
}

/// The commits for one consumer.
pub type Subscription = mpsc::Receiver<Delivery>;

/// Publishes commits. Cheap to clone.
#[derive(Clone, Default)]
pub struct Bus {
    consumers: Vec<mpsc::Sender<Delivery>>,
    counter: Arc<InFlightCounter>,
}

#[derive(Default)]
struct InFlightCounter {
    count: AtomicUsize,
    none: Notify,
}

/// Held while a commit is being delivered.
pub struct InFlight(Arc<InFlightCounter>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

impl Bus {
    /// Adds a consumer. It is told of all commits from now on.
    pub fn subscribe(&mut self) -> Subscription {
        let (consumer, subscription) = mpsc::channel(CAPACITY);
        self.consumers.push(consumer);
        subscription
    }

    /// Publishes the events of a commit. Waits while the queue of a consumer is full.
    pub async fn publish(&self, events: Vec<Event>) {
        self.counter.count.fetch_add(1, Ordering::AcqRel);
        let in_flight = Arc::new(InFlight(self.counter.clone()));
        let mut commit = Commit::default();
        for event in events {
            match commit.rooms.get_mut(&event.room) {
                Some(room) => room.push(event),
                None => drop(commit.rooms.insert(event.room.clone(), vec![event])),
            }
        }
        let commit = Arc::new(commit);
        for consumer in &self.consumers {
            // A consumer that has ended reads what it missed from the log at the next start.
            let _ = consumer.send(Delivery { commit: commit.clone(), in_flight: in_flight.clone() }).await;
        }
    }

    /// Whether all consumers have taken all commits.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.counter.count.load(Ordering::Acquire) == 0
    }

    /// Returns when all consumers have taken all commits.
    pub async fn idle(&self) {
        loop {
            let mut none = pin!(self.counter.none.notified());
            none.as_mut().enable();
            if self.is_idle() {
                return;
            }
            none.await;
        }
    }
}
