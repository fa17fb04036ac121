//! What the lab has open: counted from its start until its client has gone, bounded in number and time.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use parking_lot::Mutex;
use parlor_protocol::error_code;
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use crate::{
    http::{ApiError, App, ConnectionInfo, SameOrigin},
    limits::AddressPermit,
};

/// Time for a last message to a peer that does not read.
const LAST_WRITE: Duration = Duration::from_secs(2);

/// How something is streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that is held until the next tick.
    Poll,
    /// A document that does not end.
    Frame,
    /// Server-sent events.
    Events,
    /// A clock by WebSocket.
    Ws,
    /// The echo.
    Echo,
}

/// How many of each kind are open.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    poll: usize,
    frame: usize,
    events: usize,
    ws: usize,
    echo: usize,
}

impl Counts {
    fn of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Poll => &mut self.poll,
            Kind::Frame => &mut self.frame,
            Kind::Events => &mut self.events,
            Kind::Ws => &mut self.ws,
            Kind::Echo => &mut self.echo,
        }
    }

    const fn total(&self) -> usize {
        self.poll + self.frame + self.events + self.ws + self.echo
    }
}

/// The streams of the whole server.
pub struct Streams {
    counts: Mutex<Counts>,
    most: usize,
    longest: Duration,
    stop: CancellationToken,
}

impl Streams {
    /// At most `most` at a time, each for at most `longest`, and none after `stop`.
    #[must_use]
    pub fn new(most: usize, longest: Duration, stop: CancellationToken) -> Self {
        Self { counts: Mutex::default(), most, longest, stop }
    }

    /// Counts a stream until what this returns is dropped.
    ///
    /// # Errors
    /// 503: there are as many as may be.
    pub(super) fn open(self: &Arc<Self>, kind: Kind, slot: Option<ConnectionInfo>) -> Result<Open, ApiError> {
        let mut counts = self.counts.lock();
        if counts.total() >= self.most {
            let message = "The lab has as many streams open as it may. Try again in a minute.";
            return Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, message));
        }
        *counts.of(kind) += 1;
        drop(counts);
        let in_crowd = slot.and_then(|slot| slot.in_crowd);
        Ok(Open { streams: self.clone(), kind, until: Instant::now() + self.longest, _in_crowd: in_crowd })
    }
}

/// One stream.
pub(super) struct Open {
    streams: Arc<Streams>,
    kind: Kind,
    until: Instant,
    /// Whose it is, held as long.
    _in_crowd: Option<Arc<AddressPermit>>,
}

impl Open {
    /// Returns when the server wants the stream to end, and says why.
    pub(super) async fn ending(&self) -> Ending {
        tokio::select! {
            biased;
            () = self.streams.stop.cancelled() => Ending::Stopping,
            () = tokio::time::sleep_until(self.until) => Ending::TimeIsUp,
        }
    }

    /// Writes a message. When the stream is to end meanwhile, it has a moment to be taken whole; false: nothing more can be
    /// written.
    pub(super) async fn write(&self, message: impl Future<Output = std::io::Result<()>>) -> bool {
        let mut message = std::pin::pin!(message);
        tokio::select! {
            biased;
            written = &mut message => written.is_ok(),
            _ = self.ending() => matches!(tokio::time::timeout(LAST_WRITE, message).await, Ok(Ok(()))),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        *self.streams.counts.lock().of(self.kind) -= 1;
    }
}

/// What `GET /lab/streams` answers.
#[derive(Serialize)]
struct List {
    lab_streams: Counts,
    total: usize,
}

/// `GET /lab/streams`: how many of each are open.
pub(super) async fn list(_origin: SameOrigin, State(app): State<App>) -> impl IntoResponse {
    let counts = *app.lab.counts.lock();
    ([(header::CACHE_CONTROL, "no-store")], Json(List { lab_streams: counts, total: counts.total() }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn streams(most: usize, longest: Duration) -> (Arc<Streams>, CancellationToken) {
        let stop = CancellationToken::new();
        (Arc::new(Streams::new(most, longest, stop.clone())), stop)
    }

    #[test]
    fn each_is_counted_while_it_is_held() {
        let (streams, _) = streams(2, Duration::MAX / 4);
        let one = streams.open(Kind::Echo, None).unwrap();
        let two = streams.open(Kind::Poll, None).unwrap();
        assert!(streams.open(Kind::Frame, None).is_err(), "as many as may be");
        let counts = *streams.counts.lock();
        assert_eq!((counts.echo, counts.poll, counts.total()), (1, 1, 2));
        drop(one);
        assert!(streams.open(Kind::Events, None).is_ok());
        drop(two);
        assert_eq!(streams.counts.lock().total(), 0);
    }

    #[tokio::test]
    async fn a_stream_ends_by_time_and_with_the_server() {
        let (streams, stop) = streams(2, Duration::ZERO);
        let open = streams.open(Kind::Ws, None).unwrap();
        assert_eq!(open.ending().await, Ending::TimeIsUp);
        assert!(open.write(async { Ok(()) }).await);
        stop.cancel();
        assert_eq!(open.ending().await, Ending::Stopping);
    }
}
