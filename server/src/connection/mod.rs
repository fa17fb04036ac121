//! What rooms, session and transport share of one connected client: who it is, and what waits for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parlor_protocol::{ServerFrame, ServerRole, User};

use crate::{
    domain::{AuthenticatedUser, TokenHash},
    workers,
};

mod frame;
mod outgoing;
mod queue;

#[cfg(test)]
pub(crate) use frame::sample;
pub use frame::{Encoded, EventBatch, EventFrame};
pub use outgoing::{Begun, Bye, Frame, Outgoing};
pub use queue::{MAX_SLICES, Queue};

/// Tells connections apart for the lifetime of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId(u64);

/// See the module.
pub struct Connection {
    /// Tells it apart.
    pub id: ConnectionId,
    /// Whose session it is.
    pub user: Arc<User>,
    /// What they could do on the whole server when it was opened.
    pub role: ServerRole,
    /// The session. When it ends, so does the connection.
    pub session: TokenHash,
    /// The [`worker`](crate::workers) that writes to it.
    pub worker: usize,
    /// What waits to be written.
    pub queue: Queue,
    opened: Instant,
    /// When the peer was last heard, in milliseconds after `opened`.
    heard: AtomicU64,
    /// Nobody is at it.
    away: AtomicBool,
}

impl Connection {
    /// A connection that was just opened, here.
    #[must_use]
    pub fn new(AuthenticatedUser { user, role }: AuthenticatedUser, session: TokenHash) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: ConnectionId(NEXT.fetch_add(1, Ordering::Relaxed)),
            user,
            role,
            session,
            worker: workers::here(),
            queue: Queue::default(),
            opened: Instant::now(),
            heard: AtomicU64::new(0),
            away: AtomicBool::new(false),
        })
    }

    /// Something came from the peer: any frame counts as life.
    pub fn hear(&self, now: Instant) {
        let after = now.saturating_duration_since(self.opened);
        self.heard.store(u64::try_from(after.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long the peer has been silent.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.opened + Duration::from_millis(self.heard.load(Ordering::Relaxed)))
    }

    /// Somebody is at it, or nobody.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// Whether nobody is at it, as the client has said.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Queues a frame for this connection alone.
    pub fn push(&self, frame: &ServerFrame) {
        self.queue.push(frame.into());
    }
}
