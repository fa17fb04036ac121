//! The accept loop: every connection has a place, a deadline for its head, and an end when the server stops.
//!
//! axum's own `serve` has neither a limit on connections nor, for want of a timer, a working timeout for heads.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    http::{Lingering, Slot},
    workers::{self, Seat, Workers},
};

/// A request's head over this size is answered with 431.
const MAX_HEAD: usize = 16 * 1024;

/// What the system may hold for one slow reader. Left to itself it would grow to megabytes, and the server would notice
/// a reader that has stopped only after all of them are full.
const SEND_BUFFER: usize = 128 * 1024;

/// Connections that the system may hold before they are accepted: a whole office coming back after a restart.
const BACKLOG: i32 = 4_096;

/// Pause when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on an address.
///
/// # Errors
/// The address is taken or not ours, or the port is not allowed.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(address),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    // A restarted server takes its port back while old connections still fade.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// The places for connections.
#[derive(Clone)]
pub struct Places {
    free: Arc<Semaphore>,
    all: u32,
}

impl Places {
    /// This many.
    #[must_use]
    pub fn new(all: u32) -> Self {
        Self { free: Arc::new(Semaphore::new(usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS))), all }
    }

    /// Returns when the last connection is gone.
    pub async fn all_free(&self) {
        let _ = self.free.acquire_many(self.all).await;
    }
}

/// Accepts and serves until `stop`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    places: Places,
    workers: Arc<Workers>,
    head_timeout: Duration,
    stop: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(head_timeout).max_buf_size(MAX_HEAD);
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        match places.free.clone().try_acquire_owned() {
            Ok(place) => {
                let seat = workers.seat();
                let (http, router, stop) = (http.clone(), router.clone(), stop.clone());
                if seat.worker == workers::here() {
                    tokio::spawn(connection(http, stream, router, (place, seat), stop));
                } else if let Ok(stream) = stream.into_std() {
                    workers.spawn(seat.worker, async move {
                        // Now its worker's runtime watches it.
                        if let Ok(stream) = TcpStream::from_std(stream) {
                            connection(http, stream, router, (place, seat), stop).await;
                        }
                    });
                }
            }
            Err(_) => {
                tracing::warn!(%peer, "no place for another connection");
                tokio::spawn(turn_away(stream));
            }
        }
    }
}

async fn connection(
    http: http1::Builder,
    stream: TcpStream,
    router: Router,
    place: (OwnedSemaphorePermit, Seat),
    stop: CancellationToken,
) {
    // Without these a chat is slower or a slow reader dearer; neither is a reason to refuse the connection.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
    let slot = Slot { place: Arc::new(place), cut: CancellationToken::new() };
    let cut = slot.cut.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(slot.clone());
        let answer = router.clone().oneshot(request.map(|body| Body::new(Lingering::new(body))));
        async move { answer.await.map_err(|never: Infallible| never) }
    });
    let connection = http.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = cut.run_until_cancelled(async {
        tokio::select! {
            ended = &mut connection => ended,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    });
    if let Some(Err(error)) = ended.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A short answer is all that a connection without a place gets.
async fn turn_away(mut stream: TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n\
        Content-Type: text/plain\r\nContent-Length: 47\r\n\r\nThis server has as many connections as allowed.";
    let answer = async {
        stream.write_all(ANSWER).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), answer).await;
}
