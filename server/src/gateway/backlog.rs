//! Output that waits for a gateway client in addition to the session's queue: translating takes longer than writing, and
//! events are shared by all recipients, so a burst costs little memory here.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    connection::{Disconnect, Frame, Outgoing},
    session::Session,
};

/// Most bytes in the backlog. More wait in the session's queue.
const MAX_BYTES: usize = 1024 * 1024;

/// Cost of a frame in addition to its bytes.
const FRAME_COST: usize = 64;

pub(super) enum BacklogItem {
    Frame(Frame),
    /// A heartbeat is due.
    Ping,
    Disconnect(Disconnect),
}

impl BacklogItem {
    fn cost(&self) -> usize {
        match self {
            Self::Frame(frame) => FRAME_COST + frame.bytes().len(),
            Self::Ping | Self::Disconnect(_) => 0,
        }
    }
}

#[derive(Default)]
pub(super) struct Backlog {
    waiting: Mutex<(VecDeque<BacklogItem>, usize)>,
    filled: Notify,
    drained: Notify,
}

impl Backlog {
    /// Takes the session's output while the backlog is below its limit. Never returns.
    pub(super) async fn fill(&self, session: &Session) {
        let mut outgoing = Outgoing::default();
        loop {
            session.next(&mut outgoing).await;
            {
                let (waiting, bytes) = &mut *self.waiting.lock();
                let frames = outgoing.frames.drain(..).map(BacklogItem::Frame);
                let ping = outgoing.ping.then_some(BacklogItem::Ping);
                for item in frames.chain(ping).chain(outgoing.disconnect.map(BacklogItem::Disconnect)) {
                    *bytes += item.cost();
                    waiting.push_back(item);
                }
            }
            self.filled.notify_one();
            while self.waiting.lock().1 > MAX_BYTES {
                self.drained.notified().await;
            }
        }
    }

    /// The next item. Cancellation safe.
    pub(super) async fn next(&self) -> BacklogItem {
        loop {
            {
                let (waiting, bytes) = &mut *self.waiting.lock();
                if let Some(item) = waiting.pop_front() {
                    *bytes -= item.cost();
                    self.drained.notify_one();
                    return item;
                }
            }
            self.filled.notified().await;
        }
    }
}
