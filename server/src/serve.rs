//! The accept loop: every connection has a place, a deadline for its head, and an end when the server stops.
//!
//! axum's own `serve` has neither a limit on connections nor, for want of a timer, a working timeout for heads.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
    response::IntoResponse,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::{
    http::{ConnectionInfo, ConnectionPermit, Lingering, address},
    limits::{AddressPermit, PerAddressLimit},
    workers::{self, Workers},
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
pub struct ConnectionLimit {
    free: Arc<Semaphore>,
    all: u32,
}

impl ConnectionLimit {
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

/// Accepts connections and hands them to the workers.
pub struct Server {
    /// What becomes of them.
    pub door: Arc<Acceptor>,
    /// ConnectionLimit for connections.
    pub places: ConnectionLimit,
    /// Who serves them.
    pub workers: Arc<Workers>,
}

/// What all connections share.
pub struct Acceptor {
    /// What answers requests.
    pub router: Router,
    /// How many connections each address has.
    pub crowd: PerAddressLimit,
    /// Peers that are believed about whom they speak for.
    pub proxies: Vec<IpNet>,
    /// Time for a request's head to come.
    pub head_timeout: Duration,
    /// Ends it.
    pub stop: CancellationToken,
}

impl Server {
    /// Accepts and serves until it is stopped.
    pub async fn serve(self, listener: TcpListener) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.door.head_timeout).max_buf_size(MAX_HEAD);
        while let Some(accepted) = self.door.stop.run_until_cancelled(listener.accept()).await {
            let (stream, peer) = match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(slot) = self.slot(peer) else {
                tokio::spawn(turn_away(stream));
                continue;
            };
            let worker = slot.place.seat.worker;
            let (http, door) = (http.clone(), self.door.clone());
            if worker == workers::here() {
                tokio::spawn(door.connection(http, stream, slot));
            } else if let Ok(stream) = stream.into_std() {
                self.workers.spawn(worker, async move {
                    // Now its worker's runtime watches it.
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        door.connection(http, stream, slot).await;
                    }
                });
            }
        }
    }

    /// A place for a connection, if there is one.
    fn slot(&self, peer: IpAddr) -> Option<ConnectionInfo> {
        let Ok(permit) = self.places.free.clone().try_acquire_owned() else {
            tracing::warn!(%peer, "no place for another connection");
            return None;
        };
        // Of a proxy's connections each is someone else's; see `of_request`.
        let named = address::is_trusted(peer, &self.door.proxies);
        let in_crowd = if named { None } else { Some(self.door.in_crowd(peer)?) };
        let place = Arc::new(ConnectionPermit { permit, seat: self.workers.seat(), in_crowd });
        Some(ConnectionInfo { place, cut: CancellationToken::new(), client: peer, in_crowd: None })
    }
}

impl Acceptor {
    fn in_crowd(&self, client: IpAddr) -> Option<AddressPermit> {
        let entered = self.crowd.enter(client);
        if entered.is_none() {
            tracing::warn!(%client, "no place for another connection of this address; a proxy is named by --trusted-proxies");
        }
        entered
    }

    /// The connection's slot as one of its requests has it: with the client that a proxy speaks for.
    fn of_request(&self, slot: &ConnectionInfo, headers: &HeaderMap) -> Option<ConnectionInfo> {
        if slot.place.in_crowd.is_some() {
            return Some(slot.clone());
        }
        let client = address::client(slot.client, headers, &self.proxies);
        Some(ConnectionInfo { client, in_crowd: Some(Arc::new(self.in_crowd(client)?)), ..slot.clone() })
    }

    async fn connection(self: Arc<Self>, http: http1::Builder, stream: TcpStream, slot: ConnectionInfo) {
        // Without these a chat is slower or a slow reader dearer; neither is a reason to refuse the connection.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
        let (cut, stop) = (slot.cut.clone(), self.stop.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            let answer = self.of_request(&slot, request.headers()).map(|slot| {
                request.extensions_mut().insert(slot);
                self.router.clone().oneshot(request.map(|body| Body::new(Lingering::new(body))))
            });
            async move {
                let response = match answer {
                    Some(answer) => answer.await.unwrap_or_else(|never: Infallible| match never {}),
                    None => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], NO_PLACE).into_response(),
                };
                Ok::<_, Infallible>(response)
            }
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
}

/// Why there is no place.
const NO_PLACE: &str = "This server has as many connections as allowed.";

/// A short answer is all that a connection without a place gets.
async fn turn_away(mut stream: TcpStream) {
    let text = format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\n\r\n{NO_PLACE}",
        NO_PLACE.len()
    );
    let answer = async {
        // Clients do not expect an answer to what they have not asked yet.
        stream.peek(&mut [0]).await?;
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await?;
        // Unread, what was asked would make the system reset the connection, and the answer be lost.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), answer).await;
}
