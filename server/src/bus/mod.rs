//! How a committed event reaches the live rooms: "this room has grown". Here within one process; between nodes later.

use std::sync::Arc;

use parlor_protocol::Event;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::room::Hub;

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

/// Bytes of bodies handed out before the connections get their turn. A group commit can hold more than a connection's
/// queue: delivered in one go, it would overflow the queues of those who read as fast as anyone can.
const BURST: usize = 32 * 1024;

/// Hands events to their rooms until the store is closed.
pub fn deliver(hub: Arc<Hub>, mut events: Events) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut burst = 0;
        while let Some(batch) = events.recv().await {
            for event in &batch {
                burst += hub.deliver(event);
                if burst >= BURST {
                    burst = 0;
                    tokio::task::yield_now().await;
                }
            }
        }
    })
}
