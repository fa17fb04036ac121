//! How a committed event reaches the live rooms: "this room has grown". Here within one process; between nodes later.

use std::{
    iter::Peekable,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use indexmap::IndexMap;
use parlor_protocol::{Event, EventKind, RoomId};
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};

use crate::{
    connection::EventBatch,
    room::{Hub, Progress, Room},
    workers::Workers,
};

/// Batches that may be on their way. Beyond, the writer waits: rooms are never further behind the log than this.
const CAPACITY: usize = 64;

/// Takes committed events, in the order of their seqs.
#[derive(Clone)]
pub struct Committed {
    events: mpsc::Sender<Batch>,
    under_way: Arc<UnderWay>,
}

/// The other end.
pub type Events = mpsc::Receiver<Batch>;

/// What one commit added to the log.
pub struct Batch {
    events: Vec<Event>,
    token: Token,
}

/// How many commits have not reached everyone.
#[derive(Default)]
struct UnderWay {
    count: AtomicUsize,
    none: Notify,
}

/// Held while events of a commit still go out.
struct Token(Arc<UnderWay>);

impl Drop for Token {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

impl Committed {
    /// Hands events over; waits while too many are on their way.
    pub async fn send(&self, events: Vec<Event>) {
        self.under_way.count.fetch_add(1, Ordering::AcqRel);
        let token = Token(self.under_way.clone());
        // Nobody listens any more when the server stops: the events are stored, and read at the next start.
        let _ = self.events.send(Batch { events, token }).await;
    }

    /// Whether everything has been given to everyone.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.under_way.count.load(Ordering::Acquire) == 0
    }

    /// Returns when everything has been given to everyone.
    pub async fn quiet(&self) {
        loop {
            let mut none = pin!(self.under_way.none.notified());
            none.as_mut().enable();
            if self.is_quiet() {
                return;
            }
            none.await;
        }
    }
}

/// A bus within this process.
#[must_use]
pub fn local() -> (Committed, Events) {
    let (events, receiver) = mpsc::channel(CAPACITY);
    (Committed { events, under_way: Arc::default() }, receiver)
}

/// Bytes that a room's listeners are given at a time. A group commit can hold more than a connection's queue: delivered in
/// one go, it would overflow the queues of those who read as fast as anyone can.
const MAX_ROUND_BYTES: usize = 32 * 1024;

/// Listeners who are written to before other work of their worker gets its turn: some tenths of a millisecond.
const TURN: usize = 64;

/// Events for a room, on their way to one worker's part of those who listen.
struct Delivery {
    room: Arc<Room>,
    batch: Arc<EventBatch>,
    _token: Arc<Token>,
}

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
        while let Some(Batch { events, token }) = events.recv().await {
            let token = Arc::new(token);
            for events in by_room(events).into_values() {
                let Some(room) = events.first().and_then(|event| hub.room(&event.room)) else {
                    tracing::error!("events for a room that is not live");
                    continue;
                };
                // An event that changes who may listen begins a batch of its own: nobody who was sent away is given it.
                for events in events.chunk_by(|_, next| matches!(next.event, EventKind::Message { .. })) {
                    if let Some(event) = events.first() {
                        hub.follow(&room, event);
                    }
                    room.count(events);
                    room.introduce(events);
                    for batch in EventBatch::encode(events) {
                        if room.publish(&batch) {
                            hand_out(&lanes, &room, &batch, &token).await;
                        }
                    }
                }
            }
        }
    })
}

/// Hands a batch to the workers that have someone who listens.
async fn hand_out(lanes: &[mpsc::Sender<Delivery>], room: &Arc<Room>, batch: &Arc<EventBatch>, token: &Arc<Token>) {
    for (worker, lane) in lanes.iter().enumerate() {
        if room.has_listeners(worker) {
            // A worker whose runtime has ended has no connections either.
            let _ = lane.send(Delivery { room: room.clone(), batch: batch.clone(), _token: token.clone() }).await;
        }
    }
}

/// Gives events to those whom one worker writes to, in rounds: what is committed while one goes on is the next one's, and
/// goes to each listener in one write.
async fn fan_out(worker: usize, mut due: mpsc::Receiver<Delivery>) {
    let (mut waiting, mut turn) = (Vec::new(), 0);
    while due.recv_many(&mut waiting, CAPACITY).await > 0 {
        let mut deliveries = waiting.drain(..).peekable();
        while deliveries.peek().is_some() {
            for (room, deliveries) in round(&mut deliveries) {
                let batches: Vec<_> = deliveries.iter().map(|delivery| delivery.batch.clone()).collect();
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
fn round(deliveries: &mut Peekable<impl Iterator<Item = Delivery>>) -> Vec<(Arc<Room>, Vec<Delivery>)> {
    let mut round = IndexMap::<RoomId, Vec<Delivery>>::new();
    let mut bytes = 0;
    while let Some(delivery) = deliveries.next_if(|_| bytes < MAX_ROUND_BYTES) {
        bytes += delivery.batch.bytes_after(0).len();
        round.entry(delivery.room.id.clone()).or_default().push(delivery);
    }
    round.into_values().filter_map(|all| Some((all.first()?.room.clone(), all))).collect()
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
