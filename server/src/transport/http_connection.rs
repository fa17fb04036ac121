//! A live connection that is carried by many HTTP requests: frames come in by POST, go out by an event stream or polls.
//!
//! One task for each takes the frames that were posted, in their order, so that no POST waits for a slow reader.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use parlor_protocol::limits;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::{CLOSE_TIMEOUT, expect_hello, registry::Name};
use crate::session::Session;

/// What a waiting frame counts at least, in bytes: short ones are bounded in number as long ones are in size.
const MIN_COST: usize = limits::MAX_POST_BYTES / limits::MAX_POST_FRAMES;

/// What may wait to be taken, in bytes. The largest POST fits, however it is cut into frames.
const INBOX: usize = 2 * limits::MAX_POST_BYTES;

/// How frames reach the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// One answer that does not end.
    Stream,
    /// One answer for each request.
    Polls,
}

/// The connection has ended, or is about to: it takes no more frames.
#[derive(Debug, PartialEq, Eq)]
pub struct Gone;

/// See the module.
pub struct HttpConnection {
    /// How the client calls it, among those of its session.
    pub name: Option<Name>,
    /// The client.
    pub session: Session,
    /// It has ended: whoever writes to the client stops.
    pub gone: CancellationToken,
    /// It took the place of another.
    pub replaces: bool,
    greeting: AtomicBool,
    link: Mutex<Link>,
    inbox: Mutex<Option<mpsc::UnboundedSender<Posted>>>,
    room: Arc<Semaphore>,
    broken_off: Notify,
    requests: AtomicU64,
}

/// The way to the client.
#[derive(Default)]
struct Link {
    /// `None` until the first request that takes frames.
    way: Option<Way>,
    /// Cuts the network connection that carries the stream.
    cut: Option<CancellationToken>,
    /// Tells the poll that is held that another one has come.
    turn: CancellationToken,
}

struct Posted {
    text: String,
    /// Given back when the frame has been taken.
    _room: OwnedSemaphorePermit,
}

/// What the task of a new connection works on.
pub struct Inbox(mpsc::UnboundedReceiver<Posted>);

impl HttpConnection {
    /// A connection without any request so far.
    #[must_use]
    pub fn new(name: Option<Name>, session: Session, replaces: bool) -> (Arc<Self>, Inbox) {
        let (inbox, posted) = mpsc::unbounded_channel();
        let carried = Self {
            name,
            session,
            gone: CancellationToken::new(),
            replaces,
            greeting: AtomicBool::new(false),
            link: Mutex::default(),
            inbox: Mutex::new(Some(inbox)),
            room: Arc::new(Semaphore::new(INBOX)),
            broken_off: Notify::new(),
            requests: AtomicU64::new(0),
        };
        (Arc::new(carried), Inbox(posted))
    }

    /// A request of this connection has come: a sign of life.
    pub fn hear(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.session.connection().hear(Instant::now());
    }

    /// How frames reach the client, once that is known.
    pub fn way(&self) -> Option<Way> {
        self.link.lock().way
    }

    /// Whether `hello` has come, or is on its way through the inbox.
    pub fn greeted(&self) -> bool {
        self.greeting.load(Ordering::Relaxed) || self.session.greeted()
    }

    /// `hello` is about to be posted.
    pub fn greets(&self) {
        self.greeting.store(true, Ordering::Relaxed);
    }

    /// From now on a stream reaches the client. `cut` ends the network connection that carries it.
    pub fn begin_stream(&self, cut: Option<CancellationToken>) {
        let mut link = self.link.lock();
        link.way = Some(Way::Stream);
        link.cut = cut;
    }

    /// A poll begins: the one that is held ends. The token says when it is this one's turn to end.
    pub fn begin_poll(&self) -> CancellationToken {
        let mut link = self.link.lock();
        link.way = Some(Way::Polls);
        let turn = CancellationToken::new();
        std::mem::replace(&mut link.turn, turn.clone()).cancel();
        turn
    }

    /// The client has broken a poll off. When nothing more is heard of it for a while, it has gone.
    pub fn broke_off(&self) {
        self.broken_off.notify_one();
    }

    /// Queues frames, all or none. Waits while too much waits already.
    ///
    /// # Errors
    /// [`Gone`]: none was taken.
    pub async fn post(&self, frames: &[&str]) -> Result<(), Gone> {
        let cost = |frame: &str| u32::try_from(frame.len().max(MIN_COST)).unwrap_or(u32::MAX);
        let all = frames.iter().map(|frame| cost(frame)).sum();
        let room = tokio::select! {
            room = self.room.clone().acquire_many_owned(all) => room,
            () = self.gone.cancelled() => return Err(Gone),
        };
        let mut room = room.map_err(|_| Gone)?;
        let inbox = self.inbox.lock();
        let inbox = inbox.as_ref().ok_or(Gone)?;
        for frame in frames {
            let needed = usize::try_from(cost(frame)).unwrap_or(usize::MAX);
            let (text, room) = ((*frame).to_owned(), room.split(needed).ok_or(Gone)?);
            inbox.send(Posted { text, _room: room }).map_err(|_| Gone)?;
        }
        Ok(())
    }

    /// Runs the connection to its end; `ended` is called when no request may find it any more.
    pub async fn run(self: Arc<Self>, mut inbox: Inbox, ended: impl FnOnce(&Arc<Self>)) {
        let late = {
            let session = &self.session;
            let queue = &session.connection().queue;
            let mut work = pin!(async {
                while let Some(posted) = inbox.0.recv().await {
                    session.receive(&posted.text).await;
                }
            });
            let late = tokio::select! {
                () = &mut work => false,
                () = self.gone.cancelled() => false,
                () = self.abandoned() => false,
                () = expect_hello(session) => false,
                // A peer that takes nothing any more does not hold its socket.
                () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => true,
            };
            ended(&self);
            self.gone.cancel();
            // What was posted before the end is still done, in its order, as with the last bytes of a socket.
            drop(self.inbox.lock().take());
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, work).await;
            late
        };
        let cut = self.link.lock().cut.take();
        // Ends the session, unless a stream that nobody reads holds it until it is cut.
        drop(self);
        if let Some(cut) = cut {
            cut_after_last_bytes(cut, late).await;
        }
    }

    /// Returns when a poll was broken off and nothing has come since.
    async fn abandoned(&self) {
        loop {
            self.broken_off.notified().await;
            let before = self.requests.load(Ordering::Relaxed);
            tokio::time::sleep(CLOSE_TIMEOUT).await;
            if before == self.requests.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}

/// The system may still hold the last frames for a reader that is slow; it gets them if it takes them in time.
async fn cut_after_last_bytes(cut: CancellationToken, late: bool) {
    if !late {
        tokio::time::sleep(CLOSE_TIMEOUT).await;
    }
    cut.cancel();
}
