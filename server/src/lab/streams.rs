//! The open streams of the lab: counted until the client has gone, and limited in number and time.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Json,
    http::{StatusCode, header},
    response::IntoResponse,
};
use parking_lot::Mutex;
use parlor_protocol::error_code;
use serde::Serialize;
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{close::StopReason, metered_reader};
use crate::{
    extract::{ApiError, ConnectionInfo, SameOrigin},
    limits::AddressPermit,
};

/// Time for the last message to a peer that does not read.
const LAST_WRITE: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// A request that waits for the next tick.
    Poll,
    /// A document that does not end.
    Frame,
    /// Server-sent events.
    Events,
    /// The clock over WebSocket.
    Ws,
    Echo,
}

/// Number of open streams of each kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    poll: usize,
    frame: usize,
    events: usize,
    ws: usize,
    echo: usize,
}

impl Counts {
    fn of(&mut self, kind: StreamKind) -> &mut usize {
        match kind {
            StreamKind::Poll => &mut self.poll,
            StreamKind::Frame => &mut self.frame,
            StreamKind::Events => &mut self.events,
            StreamKind::Ws => &mut self.ws,
            StreamKind::Echo => &mut self.echo,
        }
    }

    const fn total(&self) -> usize {
        self.poll + self.frame + self.events + self.ws + self.echo
    }
}

/// The streams of the whole server.
pub struct Streams {
    counts: Mutex<Counts>,
    max: usize,
    max_duration: Duration,
    stop: CancellationToken,
    memory: Arc<Semaphore>,
}

impl Streams {
    /// At most `max` at a time, each for at most `max_duration`, and none after `stop`.
    pub fn new(max: usize, max_duration: Duration, stop: CancellationToken) -> Self {
        Self { counts: Mutex::default(), max, max_duration, stop, memory: metered_reader::memory() }
    }

    /// Counts a stream until the returned guard is dropped.
    ///
    /// # Errors
    /// 503: the limit is reached.
    pub(super) fn open(
        self: &Arc<Self>,
        kind: StreamKind,
        info: Option<ConnectionInfo>,
    ) -> Result<OpenStream, ApiError> {
        let mut counts = self.counts.lock();
        if counts.total() >= self.max {
            let message = "The lab has reached its limit of open streams. Try again in a minute.";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message));
        }
        *counts.of(kind) += 1;
        drop(counts);
        let address_permit = info.and_then(|info| info.address_permit);
        let deadline = Instant::now() + self.max_duration;
        Ok(OpenStream { streams: self.clone(), kind, deadline, _address_permit: address_permit })
    }
}

pub(super) struct OpenStream {
    streams: Arc<Streams>,
    kind: StreamKind,
    deadline: Instant,
    _address_permit: Option<Arc<AddressPermit>>,
}

impl OpenStream {
    /// The free memory of all WebSockets.
    pub(super) fn memory(&self) -> Arc<Semaphore> {
        self.streams.memory.clone()
    }

    /// Returns when the server ends the stream.
    pub(super) async fn stopped(&self) -> StopReason {
        tokio::select! {
            biased;
            () = self.streams.stop.cancelled() => StopReason::ShuttingDown,
            () = tokio::time::sleep_until(self.deadline) => StopReason::TimeLimit,
        }
    }

    /// Writes a message; false when nothing more can be written. When the stream ends meanwhile, the peer has a moment to take
    /// the whole message.
    pub(super) async fn write(&self, message: impl Future<Output = std::io::Result<()>>) -> bool {
        let mut message = std::pin::pin!(message);
        tokio::select! {
            biased;
            written = &mut message => written.is_ok(),
            _ = self.stopped() => matches!(tokio::time::timeout(LAST_WRITE, message).await, Ok(Ok(()))),
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        *self.streams.counts.lock().of(self.kind) -= 1;
    }
}

/// The response of `GET /lab/streams`.
#[derive(Serialize)]
struct List {
    lab_streams: Counts,
    total: usize,
}

/// `GET /lab/streams`: the number of open streams of each kind.
pub(super) async fn list(_origin: SameOrigin, Extension(streams): Extension<Arc<Streams>>) -> impl IntoResponse {
    let counts = *streams.counts.lock();
    ([(header::CACHE_CONTROL, "no-store")], Json(List { lab_streams: counts, total: counts.total() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn streams(max: usize, max_duration: Duration) -> (Arc<Streams>, CancellationToken) {
        let stop = CancellationToken::new();
        (Arc::new(Streams::new(max, max_duration, stop.clone())), stop)
    }

    #[test]
    fn open_streams_are_counted() {
        let (streams, _) = streams(2, Duration::MAX / 4);
        let one = streams.open(StreamKind::Echo, None).unwrap();
        let two = streams.open(StreamKind::Poll, None).unwrap();
        assert!(streams.open(StreamKind::Frame, None).is_err(), "limit reached");
        let counts = *streams.counts.lock();
        assert_eq!((counts.echo, counts.poll, counts.total()), (1, 1, 2));
        drop(one);
        assert!(streams.open(StreamKind::Events, None).is_ok());
        drop(two);
        assert_eq!(streams.counts.lock().total(), 0);
    }

    #[tokio::test]
    async fn a_stream_ends_at_its_deadline_and_at_shutdown() {
        let (streams, stop) = streams(2, Duration::ZERO);
        let open = streams.open(StreamKind::Ws, None).unwrap();
        assert_eq!(open.stopped().await, StopReason::TimeLimit);
        assert!(open.write(async { Ok(()) }).await);
        stop.cancel();
        assert_eq!(open.stopped().await, StopReason::ShuttingDown);
    }
}
