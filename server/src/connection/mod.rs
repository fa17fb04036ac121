//! One client connection as rooms, sessions and transports share it: its user, and the queue of its outgoing frames.
//!
//! The queue of a WebSocket writes to the socket itself when it is idle; see [`Queue`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parlor_protocol::{ServerFrame, ServerRole, User};

use crate::{
    domain::{AuthenticatedUser, ConnectionId, TokenHash},
    workers,
};

mod frame;
mod heartbeat;
mod outgoing;
mod queue;

#[cfg(test)]
pub(crate) use frame::sample;
pub use frame::{Encoded, EventBatch, EventFrame};
pub use heartbeat::HeartbeatWheel;
pub use outgoing::{Disconnect, Frame, Outgoing, PartialWrite};
pub use queue::{MAX_SLICES, Queue};

pub struct Connection {
    pub id: ConnectionId,
    pub user: Arc<User>,
    /// The user's role when the connection was opened.
    pub role: ServerRole,
    /// The session's token. The connection ends with the session.
    pub session: TokenHash,
    /// The [`worker`](crate::workers) that writes to it.
    pub worker: usize,
    /// Frames that wait to be written.
    pub queue: Queue,
    opened: Instant,
    /// Milliseconds from `opened` to the last sign of life.
    last_activity: AtomicU64,
    away: AtomicBool,
}

impl Connection {
    /// A connection that was just opened, on the current worker.
    pub fn new(AuthenticatedUser { user, role }: AuthenticatedUser, session: TokenHash) -> Arc<Self> {
        Arc::new(Self {
            id: ConnectionId::next(),
            user,
            role,
            session,
            worker: workers::current(),
            queue: Queue::default(),
            opened: Instant::now(),
            last_activity: AtomicU64::new(0),
            away: AtomicBool::new(false),
        })
    }

    /// Records a sign of life: any data from the peer.
    pub fn record_activity(&self, now: Instant) {
        let after = now.saturating_duration_since(self.opened);
        self.last_activity.store(u64::try_from(after.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Time since the last sign of life.
    pub fn idle_time(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.opened + Duration::from_millis(self.last_activity.load(Ordering::Relaxed)))
    }

    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// Whether the client has said that nobody uses it.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    pub fn push(&self, frame: &ServerFrame) {
        self.queue.push(frame.into());
    }
}
