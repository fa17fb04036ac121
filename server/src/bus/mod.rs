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

/// Hands events to their rooms until the store is closed.
pub fn deliver(hub: Arc<Hub>, mut events: Events) -> JoinHandle<()> {
    tokio::spawn(async move {
        while let Some(batch) = events.recv().await {
            hub.deliver(&batch);
        }
    })
}
