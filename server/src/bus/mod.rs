//! How a committed event reaches the live rooms: "this room has grown". Here within one process; between nodes later.

use std::sync::Arc;

use indexmap::IndexMap;
use parlor_protocol::{Event, RoomId};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::{connection::EventBatch, room::Hub};

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

/// Bytes handed out before the connections get their turn. A group commit can hold more than a connection's queue:
/// delivered in one go, it would overflow the queues of those who read as fast as anyone can.
const BURST: usize = 32 * 1024;

/// Hands events to their rooms until the store is closed. Those of one commit and one room travel together: encoded,
/// queued and written as one.
pub fn deliver(hub: Arc<Hub>, mut events: Events) -> JoinHandle<()> {
    tokio::spawn(async move {
        let (mut burst, mut committed) = (0, Vec::new());
        while events.recv_many(&mut committed, CAPACITY).await > 0 {
            for events in by_room(committed.drain(..).flatten()).into_values() {
                let Some(room) = events.first().and_then(|event| hub.room(&event.room)) else {
                    tracing::error!("events for a room that is not live");
                    continue;
                };
                for batch in EventBatch::encode(&events) {
                    room.publish(&batch);
                    burst += batch.bytes_after(0).len();
                    if burst >= BURST {
                        burst = 0;
                        tokio::task::yield_now().await;
                    }
                }
            }
            // Everyone writes what they were given before they are given more: what is committed meanwhile goes to each
            // of them in one piece.
            tokio::task::yield_now().await;
        }
    })
}

/// The events of each room, in their order.
fn by_room(events: impl Iterator<Item = Event>) -> IndexMap<RoomId, Vec<Event>> {
    let mut rooms = IndexMap::<RoomId, Vec<Event>>::new();
    for event in events {
        match rooms.get_mut(&event.room) {
            Some(room) => room.push(event),
            None => drop(rooms.insert(event.room.clone(), vec![event])),
        }
    }
    rooms
}
