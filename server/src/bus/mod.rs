//! How a committed event reaches the live rooms: "this room has grown". Here within one process; between nodes later.

use std::{iter::Peekable, sync::Arc};

use indexmap::IndexMap;
use parlor_protocol::{Event, RoomId};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{
    connection::EventBatch,
    room::{Hub, Progress, Room},
    workers::Workers,
};

/// Batches that may be on their way. Beyond, the writer waits: rooms are never further behind the log than this.
const CAPACITY: usize = 64;

/// Takes committed events, in the order of their seqs.
pub type Committed = mpsc::Sender<Vec<Event>>;

/// The other end.
pub type Events = mpsc::Receiver<Vec<Event>>;

/// A bus within this process.
#[must_use]
pub fn local() -> (Committed, Events) {
    mpsc::channel(CAPACITY)
}

/// Bytes that a room's listeners are given at a time. A group commit can hold more than a connection's queue: delivered in
/// one go, it would overflow the queues of those who read as fast as anyone can.
const MAX_ROUND_BYTES: usize = 32 * 1024;

/// Listeners who are written to before other work of their worker gets its turn: some tenths of a millisecond.
const TURN: usize = 64;

/// Events for a room, on their way to one worker's part of those who listen.
type Delivery = (Arc<Room>, Arc<EventBatch>);

/// Hands events to their rooms until the store is closed. Those of one commit and one room travel together: encoded,
/// queued and written as one. On each worker one task alone gives them to those who listen there.
pub fn deliver(hub: Arc<Hub>, mut events: Events, workers: &Workers) -> JoinHandle<()> {
    let lanes: Vec<_> = (0..workers.count())
        .map(|worker| {
            let (lane, due) = mpsc::channel(CAPACITY);
            workers.spawn(worker, fan_out(worker, due));
            lane
        })
        .collect();
    tokio::spawn(async move {
        while let Some(committed) = events.recv().await {
            for events in by_room(committed).into_values() {
                let Some(room) = events.first().and_then(|event| hub.room(&event.room)) else {
                    tracing::error!("events for a room that is not live");
                    continue;
                };
                for batch in EventBatch::encode(&events) {
                    if !room.publish(&batch) {
                        continue;
                    }
                    for (worker, lane) in lanes.iter().enumerate() {
                        if room.has_listeners(worker) {
                            // A worker whose runtime has ended has no connections either.
                            let _ = lane.send((room.clone(), batch.clone())).await;
                        }
                    }
                }
            }
        }
    })
}

/// Gives events to those whom one worker writes to, in rounds: what is committed while one goes on is the next one's, and
/// goes to each listener in one write.
async fn fan_out(worker: usize, mut due: mpsc::Receiver<Delivery>) {
    let (mut waiting, mut turn) = (Vec::new(), 0);
    while due.recv_many(&mut waiting, CAPACITY).await > 0 {
        let mut deliveries = waiting.drain(..).peekable();
        while deliveries.peek().is_some() {
            for (room, batches) in round(&mut deliveries).into_values() {
                let mut progress = Progress::default();
                while let Some(given) = room.fan_out(worker, &batches, &mut progress, TURN - turn) {
                    turn += given;
                    if turn >= TURN {
                        turn = 0;
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
    }
}

/// What goes out in one round: of each room so much that it fits into any queue.
fn round(
    deliveries: &mut Peekable<impl Iterator<Item = Delivery>>,
) -> IndexMap<RoomId, (Arc<Room>, Vec<Arc<EventBatch>>)> {
    let mut round = IndexMap::<RoomId, (Arc<Room>, Vec<Arc<EventBatch>>)>::new();
    let mut bytes = 0;
    while let Some((room, batch)) = deliveries.next_if(|_| bytes < MAX_ROUND_BYTES) {
        bytes += batch.bytes_after(0).len();
        round.entry(room.record.id.clone()).or_insert_with(|| (room, Vec::new())).1.push(batch);
    }
    round
}

/// The events of each room, in their order.
fn by_room(events: Vec<Event>) -> IndexMap<RoomId, Vec<Event>> {
    let mut rooms = IndexMap::<RoomId, Vec<Event>>::new();
    for event in events {
        match rooms.get_mut(&event.room) {
            Some(room) => room.push(event),
            None => drop(rooms.insert(event.room.clone(), vec![event])),
        }
    }
    rooms
}
