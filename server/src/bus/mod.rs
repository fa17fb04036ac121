//! The bus: tells independent consumers what each commit changed, in the order of the commits. Room events and control
//! events travel together, so that a consumer could follow everything that this process knows.
//!
//! Each consumer has a bounded queue of its own, with one of two guarantees:
//! - [`Bus::subscribe`]: nothing is lost. The publisher waits while the queue is full, so such a consumer must never wait for
//!   a client, a disk or another host. It is at most [`CAPACITY`] commits behind, and [`CommitSink::applied`] waits for it.
//! - [`Bus::subscribe_lossy`]: the publisher never waits. A consumer that falls behind gets
//!   [`RecvError::Lagged`](tokio::sync::broadcast::error::RecvError::Lagged) and reads what it missed from the log.
//!
//! This is the implementation within one process.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use tokio::sync::{Notify, broadcast, mpsc, watch};

use crate::domain::{Commit, CommitSink};

/// Commits that may wait for one consumer.
const CAPACITY: usize = 64;

/// A commit on its way to a consumer. It counts as delivered when the last [`InFlight`] is dropped.
pub struct Delivery {
    /// Its events are grouped by room.
    pub commit: Arc<Commit>,
    pub in_flight: Arc<InFlight>,
}

/// A consumer that loses nothing. It handles one delivery after another.
pub struct Consumer {
    deliveries: mpsc::Receiver<Delivery>,
    received: u64,
    /// Number of deliveries that were handled.
    applied: watch::Sender<u64>,
}

impl Consumer {
    /// The next delivery; none when the bus is closed. Asking for it says that the one before it was applied.
    pub async fn recv(&mut self) -> Option<Delivery> {
        self.applied.send_replace(self.received);
        let delivery = self.deliveries.recv().await?;
        self.received += 1;
        Some(delivery)
    }
}

/// Publishes commits. Consumers are added before the store is opened.
pub struct Bus {
    consumers: Vec<Subscription>,
    /// Number of commits that were published.
    published: AtomicU64,
    lossy_consumers: broadcast::Sender<Arc<Commit>>,
    counter: Arc<InFlightCounter>,
}

/// The publisher's end of a [`Consumer`].
struct Subscription {
    queue: mpsc::Sender<Delivery>,
    applied: watch::Receiver<u64>,
}

#[derive(Default)]
struct InFlightCounter {
    count: AtomicUsize,
    none: Notify,
}

/// Held while a commit is being delivered.
pub struct InFlight(Arc<InFlightCounter>);

impl InFlight {
    fn new(counter: &Arc<InFlightCounter>) -> Arc<Self> {
        counter.count.fetch_add(1, Ordering::AcqRel);
        Arc::new(Self(counter.clone()))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

impl Default for Bus {
    fn default() -> Self {
        let (lossy_consumers, _) = broadcast::channel(CAPACITY);
        Self { consumers: Vec::new(), published: AtomicU64::new(0), lossy_consumers, counter: Arc::default() }
    }
}

impl Bus {
    /// Adds a consumer that loses nothing.
    pub fn subscribe(&mut self) -> Consumer {
        let ((queue, deliveries), (applied, progress)) = (mpsc::channel(CAPACITY), watch::channel(0));
        self.consumers.push(Subscription { queue, applied: progress });
        Consumer { deliveries, received: 0, applied }
    }

    /// Adds a consumer for which the publisher never waits.
    pub fn subscribe_lossy(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.lossy_consumers.subscribe()
    }
}

#[async_trait]
impl CommitSink for Bus {
    async fn publish(&self, mut commit: Commit) {
        if commit.is_empty() {
            return;
        }
        let in_flight = InFlight::new(&self.counter);
        self.published.fetch_add(1, Ordering::AcqRel);
        // Stable: the events of a room stay in the order of their seqs.
        commit.events.sort_by(|a, b| a.room.cmp(&b.room));
        let commit = Arc::new(commit);
        // Without a receiver there is nothing to do.
        let _ = self.lossy_consumers.send(commit.clone());
        for consumer in &self.consumers {
            // A consumer ends only when the server stops.
            let _ = consumer.queue.send(Delivery { commit: commit.clone(), in_flight: in_flight.clone() }).await;
        }
    }

    fn is_idle(&self) -> bool {
        self.counter.count.load(Ordering::Acquire) == 0
    }

    async fn idle(&self) {
        loop {
            let mut none = pin!(self.counter.none.notified());
            none.as_mut().enable();
            if self.is_idle() {
                return;
            }
            none.await;
        }
    }

    async fn applied(&self) {
        let published = self.published.load(Ordering::Acquire);
        for consumer in &self.consumers {
            // A consumer ends only when the server stops.
            let _ = consumer.applied.clone().wait_for(|applied| *applied >= published).await;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures::FutureExt;
    use parlor_protocol::{RoomId, Seq, UserId};
    use tokio::sync::broadcast::error::TryRecvError;
    use uuid::Uuid;

    use super::*;
    use crate::{connection::sample, domain::ControlEvent};

    fn commit(events: &[(&str, Seq)]) -> Commit {
        let event = |(room, seq): &(&str, Seq)| {
            let mut event = sample(*seq, 1);
            event.room = RoomId::from(*room);
            event
        };
        let control = vec![ControlEvent::BanLifted { user: UserId(Uuid::nil()) }];
        Commit { events: events.iter().map(event).collect(), control, ..Commit::default() }
    }

    #[tokio::test]
    async fn all_consumers_get_room_events_and_control_events() {
        let mut bus = Bus::default();
        let (mut one, mut two, mut lossy) = (bus.subscribe(), bus.subscribe(), bus.subscribe_lossy());
        bus.publish(commit(&[("b", 1), ("a", 7), ("b", 2)])).await;
        assert!(!bus.is_idle());
        for commit in [one.recv().await.unwrap().commit, two.recv().await.unwrap().commit, lossy.recv().await.unwrap()]
        {
            let events: Vec<_> = commit.events.iter().map(|event| (event.room.as_str(), event.seq)).collect();
            assert_eq!(events, [("a", 7), ("b", 1), ("b", 2)]);
            assert_eq!(commit.control.len(), 1);
        }
        assert!(bus.is_idle());
        bus.idle().await;
    }

    #[tokio::test]
    async fn the_publisher_waits_for_a_full_consumer_but_not_for_a_lossy_one() {
        let mut bus = Bus::default();
        let (mut consumer, mut lossy) = (bus.subscribe(), bus.subscribe_lossy());
        for _ in 0..CAPACITY {
            bus.publish(commit(&[])).await;
        }
        let mut publish = pin!(bus.publish(commit(&[])));
        assert!(publish.as_mut().now_or_never().is_none());
        drop(consumer.recv().await);
        publish.await;
        assert!(matches!(lossy.try_recv(), Err(TryRecvError::Lagged(1))));
    }

    #[tokio::test]
    async fn a_commit_is_applied_when_each_consumer_asks_for_the_next() {
        let mut bus = Bus::default();
        let (mut one, mut two) = (bus.subscribe(), bus.subscribe());
        assert!(bus.applied().now_or_never().is_some(), "nothing was published");
        bus.publish(commit(&[])).await;
        drop(one.recv().await);
        assert!(one.recv().now_or_never().is_none());
        drop(two.recv().await);
        assert!(bus.applied().now_or_never().is_none(), "the second consumer is still at work");
        assert!(two.recv().now_or_never().is_none());
        assert!(bus.applied().now_or_never().is_some());
        bus.publish(commit(&[])).await;
        drop((one, two));
        assert!(bus.applied().now_or_never().is_some(), "without consumers");
    }
}
