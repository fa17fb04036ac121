//! Fan-out: the consumer of the bus that delivers events to the live rooms and their subscribers.
//!
//! One consumer applies the control events of a commit and then delivers its room events, so that both take effect in the
//! order of the commits. The events of one commit and one room are encoded, queued and written together. On each worker a single task delivers
//! to the subscribers of that worker.

use std::{iter::Peekable, sync::Arc};

use indexmap::IndexMap;
use parlor_protocol::RoomId;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    bus::{self, Consumer, InFlight},
    connection::{EventBatch, HeartbeatWheel},
    control_events,
    room::{FanOutProgress, Hub, Room},
    workers::Workers,
};

/// Deliveries that may wait for one worker.
const CAPACITY: usize = 64;

/// Most bytes delivered to the subscribers of a room in one round. A group commit can be larger than a connection's queue:
/// delivered at once, it would overflow the queues of the fastest readers too.
const MAX_ROUND_BYTES: usize = 32 * 1024;

/// Subscribers written to before a worker's other tasks get a turn: some tenths of a millisecond.
const WRITES_PER_TURN: usize = 64;

/// Events of one room for the subscribers of one worker.
struct Delivery {
    room: Arc<Room>,
    batch: Arc<EventBatch>,
    _in_flight: Arc<InFlight>,
}

/// Delivers events until the bus is closed.
pub fn start(
    hub: Arc<Hub>,
    connections: Arc<HeartbeatWheel>,
    mut commits: Consumer,
    workers: &Workers,
) -> JoinHandle<()> {
    let queues: Vec<_> = (0..workers.count())
        .map(|worker| {
            let (queue, deliveries) = mpsc::channel(CAPACITY);
            workers.spawn(worker, deliver(worker, deliveries));
            queue
        })
        .collect();
    tokio::spawn(async move {
        while let Some(bus::Delivery { commit, in_flight }) = commits.recv().await {
            commit.control.iter().for_each(|event| control_events::apply(&hub, &connections, event));
            for events in commit.events.chunk_by(|event, next| event.room == next.room) {
                let Some(room) = events.first().and_then(|event| hub.room(&event.room)) else {
                    tracing::error!("events for a room that is not live");
                    continue;
                };
                // An event that may change the members begins a batch of its own, so that a removed member gets nothing more.
                for events in events.chunk_by(|_, next| next.event.as_message().is_some()) {
                    if let Some(event) = events.first() {
                        hub.apply_event(&room, event);
                    }
                    room.index_unread(events);
                    room.announce_authors(events);
                    for batch in EventBatch::encode(events) {
                        if room.publish(&batch) {
                            dispatch(&queues, &room, &batch, &in_flight).await;
                        }
                    }
                }
            }
        }
    })
}

/// Queues a batch for the workers that have subscribers of the room.
async fn dispatch(
    queues: &[mpsc::Sender<Delivery>],
    room: &Arc<Room>,
    batch: &Arc<EventBatch>,
    in_flight: &Arc<InFlight>,
) {
    for (worker, queue) in queues.iter().enumerate() {
        if room.has_subscribers(worker) {
            let delivery = Delivery { room: room.clone(), batch: batch.clone(), _in_flight: in_flight.clone() };
            // A worker whose runtime has ended has no connections either.
            let _ = queue.send(delivery).await;
        }
    }
}

/// Delivers events to the subscribers of one worker in rounds: events committed during a round are delivered in the next,
/// with one write per subscriber.
async fn deliver(worker: usize, mut deliveries: mpsc::Receiver<Delivery>) {
    let (mut waiting, mut writes) = (Vec::new(), 0);
    while deliveries.recv_many(&mut waiting, CAPACITY).await > 0 {
        let mut deliveries = waiting.drain(..).peekable();
        while deliveries.peek().is_some() {
            for (room, deliveries) in next_round(&mut deliveries) {
                let batches: Vec<_> = deliveries.iter().map(|delivery| delivery.batch.clone()).collect();
                let mut progress = FanOutProgress::default();
                while let Some(written) = room.fan_out(worker, &batches, &mut progress, WRITES_PER_TURN - writes) {
                    writes += written;
                    if writes >= WRITES_PER_TURN {
                        writes = 0;
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }
}

/// The deliveries of one round by room: so many that they fit into any queue.
fn next_round(deliveries: &mut Peekable<impl Iterator<Item = Delivery>>) -> Vec<(Arc<Room>, Vec<Delivery>)> {
    let mut round = IndexMap::<RoomId, Vec<Delivery>>::new();
    let mut bytes = 0;
    while let Some(delivery) = deliveries.next_if(|_| bytes < MAX_ROUND_BYTES) {
        bytes += delivery.batch.bytes_after(0).len();
        round.entry(delivery.room.id.clone()).or_default().push(delivery);
    }
    round.into_values().filter_map(|deliveries| Some((deliveries.first()?.room.clone(), deliveries))).collect()
}
