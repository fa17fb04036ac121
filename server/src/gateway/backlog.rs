//! What waits for a client of a gateway, beyond the session's own queue: events are shared by all who wait for them, so a
//! burst costs little here, and to translate it takes longer than to write it.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    connection::{Bye, Frame, Outgoing},
    session::Session,
};

/// Bytes that wait here. More stay with the session.
const MOST: usize = 1024 * 1024;

/// What a frame counts beside its text.
const FRAME_COST: usize = 64;

/// One thing after the other.
pub(super) enum Item {
    /// To be passed on.
    Frame(Frame),
    /// A heartbeat is due.
    Ping,
    /// The end.
    Bye(Bye),
}

impl Item {
    fn cost(&self) -> usize {
        match self {
            Self::Frame(frame) => FRAME_COST + frame.bytes().len(),
            Self::Ping | Self::Bye(_) => 0,
        }
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Backlog {
    waiting: Mutex<(VecDeque<Item>, usize)>,
    filled: Notify,
    drained: Notify,
}

impl Backlog {
    /// Takes what the session gives, as long as there is room. Never returns.
    pub(super) async fn fill(&self, session: &Session) {
        let mut outgoing = Outgoing::default();
        loop {
            session.next(&mut outgoing).await;
            {
                let (waiting, bytes) = &mut *self.waiting.lock();
                let frames = outgoing.frames.drain(..).map(Item::Frame);
                let ping = outgoing.ping.then_some(Item::Ping);
                for item in frames.chain(ping).chain(outgoing.bye.map(Item::Bye)) {
                    *bytes += item.cost();
                    waiting.push_back(item);
                }
            }
            self.filled.notify_one();
            while self.waiting.lock().1 > MOST {
                self.drained.notified().await;
            }
        }
    }

    /// The next of it. Dropped while it waits, it has taken nothing.
    pub(super) async fn next(&self) -> Item {
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
