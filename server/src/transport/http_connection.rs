//! A live connection over HTTP requests: frames come in by POST and go out by an event stream or polls.
//!
//! One task per connection takes the posted frames in order, so that no POST waits for a slow reader.

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

use super::{CLOSE_TIMEOUT, expect_hello, http_connections::Name};
use crate::session::Session;

/// Least cost of a waiting frame, in bytes. It bounds the number of short frames as the size bounds long ones.
const MIN_COST: usize = limits::MAX_POST_BYTES / limits::MAX_POST_FRAMES;

/// Capacity of the inbox, in bytes. The largest POST fits, however it is split into frames.
const INBOX: usize = 2 * limits::MAX_POST_BYTES;

/// How frames reach the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Downstream {
    /// One response that does not end.
    Stream,
    /// One response for each request.
    Polls,
}

/// The connection has ended or is about to: it takes no more frames.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// A live connection without a socket of its own.
pub(super) struct HttpConnection {
    /// The client's name for it, among the connections of its session.
    pub(super) name: Option<Name>,
    pub(super) session: Session,
    /// Cancelled when the connection has ended: whoever writes to the client stops.
    pub(super) closed: CancellationToken,
    /// It replaced another connection of the same name.
    pub(super) is_replacement: bool,
    hello_posted: AtomicBool,
    downlink: Mutex<Downlink>,
    inbox: Mutex<Option<mpsc::UnboundedSender<PostedFrame>>>,
    inbox_capacity: Arc<Semaphore>,
    poll_aborted: Notify,
    requests: AtomicU64,
}

#[derive(Default)]
struct Downlink {
    /// `None` until the first request that takes frames.
    kind: Option<Downstream>,
    /// Cuts the network connection that carries the stream.
    cut: Option<CancellationToken>,
    /// Tells the pending poll that another one has replaced it.
    superseded: CancellationToken,
    /// Polls that wait for a frame: a replaced one is about to end.
    pending_polls: usize,
}

struct PostedFrame {
    text: String,
    /// Released when the frame has been taken.
    _capacity: OwnedSemaphorePermit,
}

/// The frames that [`HttpConnection::run`] takes.
pub(super) struct Inbox(mpsc::UnboundedReceiver<PostedFrame>);

impl HttpConnection {
    pub(super) fn new(name: Option<Name>, session: Session, is_replacement: bool) -> (Arc<Self>, Inbox) {
        let (inbox, posted) = mpsc::unbounded_channel();
        let connection = Self {
            name,
            session,
            closed: CancellationToken::new(),
            is_replacement,
            hello_posted: AtomicBool::new(false),
            downlink: Mutex::default(),
            inbox: Mutex::new(Some(inbox)),
            inbox_capacity: Arc::new(Semaphore::new(INBOX)),
            poll_aborted: Notify::new(),
            requests: AtomicU64::new(0),
        };
        (Arc::new(connection), Inbox(posted))
    }

    /// Records a request of this connection, which is a sign of life.
    pub(super) fn record_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.session.connection().record_activity(Instant::now());
    }

    /// How frames reach the client, once that is known.
    pub(super) fn downstream(&self) -> Option<Downstream> {
        self.downlink.lock().kind
    }

    /// Whether `hello` has come or is in the inbox.
    pub(super) fn has_greeted(&self) -> bool {
        self.hello_posted.load(Ordering::Relaxed) || self.session.has_greeted()
    }

    /// Notes that `hello` is about to be posted.
    pub(super) fn expect_hello_post(&self) {
        self.hello_posted.store(true, Ordering::Relaxed);
    }

    /// Sends frames by a stream from now on. `cut` ends the network connection that carries it.
    pub(super) fn begin_stream(&self, cut: Option<CancellationToken>) {
        let mut downlink = self.downlink.lock();
        downlink.kind = Some(Downstream::Stream);
        downlink.cut = cut;
    }

    /// Begins a poll and ends the pending one, until [`HttpConnection::end_poll`]. The token is cancelled when the next poll
    /// begins.
    pub(super) fn begin_poll(&self) -> CancellationToken {
        let mut downlink = self.downlink.lock();
        downlink.kind = Some(Downstream::Polls);
        downlink.pending_polls += 1;
        let superseded = CancellationToken::new();
        std::mem::replace(&mut downlink.superseded, superseded.clone()).cancel();
        superseded
    }

    /// Whether the server holds a request of this connection open: its stream, or a poll.
    pub(super) fn has_waiting_request(&self) -> bool {
        let downlink = self.downlink.lock();
        downlink.kind == Some(Downstream::Stream) || downlink.pending_polls > 0
    }

    /// A poll was answered or aborted.
    pub(super) fn end_poll(&self) {
        self.downlink.lock().pending_polls -= 1;
    }

    /// Notes that the client aborted a poll. It counts as gone when no other request follows soon.
    pub(super) fn abort_poll(&self) {
        self.poll_aborted.notify_one();
    }

    /// Queues all frames or none. Waits while the inbox is full.
    ///
    /// # Errors
    /// [`Closed`]: no frame was taken.
    pub(super) async fn post(&self, frames: &[&str]) -> Result<(), Closed> {
        let cost = |frame: &str| u32::try_from(frame.len().max(MIN_COST)).unwrap_or(u32::MAX);
        let total = frames.iter().map(|frame| cost(frame)).sum();
        let capacity = tokio::select! {
            capacity = self.inbox_capacity.clone().acquire_many_owned(total) => capacity,
            () = self.closed.cancelled() => return Err(Closed),
        };
        let mut capacity = capacity.map_err(|_| Closed)?;
        let inbox = self.inbox.lock();
        let inbox = inbox.as_ref().ok_or(Closed)?;
        for frame in frames {
            let needed = usize::try_from(cost(frame)).unwrap_or(usize::MAX);
            let (text, capacity) = ((*frame).to_owned(), capacity.split(needed).ok_or(Closed)?);
            inbox.send(PostedFrame { text, _capacity: capacity }).map_err(|_| Closed)?;
        }
        Ok(())
    }

    /// Runs the connection to its end. Calls `on_end` once no request may find it any more.
    pub(super) async fn run(self: Arc<Self>, mut inbox: Inbox, on_end: impl FnOnce(&Arc<Self>)) {
        let timed_out = {
            let session = &self.session;
            let queue = &session.connection().queue;
            let mut work = pin!(async {
                while let Some(posted) = inbox.0.recv().await {
                    session.turn().await;
                    session.receive(&posted.text).await;
                }
            });
            let timed_out = tokio::select! {
                () = &mut work => false,
                () = self.closed.cancelled() => false,
                () = self.abandoned() => false,
                () = expect_hello(session) => false,
                // A peer that takes nothing any more must not hold its socket.
                () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => true,
            };
            on_end(&self);
            self.closed.cancel();
            // Frames posted before the end are still executed in order, like the last bytes of a socket.
            drop(self.inbox.lock().take());
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, work).await;
            timed_out
        };
        let cut = self.downlink.lock().cut.take();
        // Ends the session, unless a stream that nobody reads holds it until it is cut.
        drop(self);
        if let Some(cut) = cut {
            // The system may still hold the last frames for a slow reader.
            if !timed_out {
                tokio::time::sleep(CLOSE_TIMEOUT).await;
            }
            cut.cancel();
        }
    }

    /// Returns when the client aborted a poll and sent nothing since.
    async fn abandoned(&self) {
        loop {
            self.poll_aborted.notified().await;
            let before = self.requests.load(Ordering::Relaxed);
            tokio::time::sleep(CLOSE_TIMEOUT).await;
            if before == self.requests.load(Ordering::Relaxed) {
                return;
            }
        }
    }
}
