//! The accept loop, with limits on connections, a timeout for request heads and graceful shutdown.
//!
//! `axum::serve` has no limit on connections and, without a timer, no timeout for heads.

use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
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
    extract::{
        ConnectionInfo, ConnectionPermit, ForwardedHttps,
        forwarded_for::{self, client_address, is_trusted_proxy},
    },
    http::Lingering,
    limits::{AddressPermit, PerAddressLimit, RefusalLog},
    socket::DeadlineStream,
    workers::{self, Workers},
};

/// Larger request heads are rejected with 431.
const MAX_HEAD: usize = 16 * 1024;

/// Send buffer of a socket. By default it would grow to megabytes, and a reader that has stopped would be noticed only when
/// all of them are full.
const SEND_BUFFER: usize = 128 * 1024;

/// Connections that wait to be accepted: a whole office that reconnects after a restart.
const BACKLOG: i32 = 4_096;

/// Pause after a failed accept, for example when there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Listens on an address.
///
/// # Errors
/// The address is in use or not local, or the port is privileged.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(address),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    // A restarted server can use its port while old connections are in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[derive(Clone)]
pub struct ConnectionLimit {
    permits: Arc<Semaphore>,
    max: u32,
}

impl ConnectionLimit {
    pub fn new(max: u32) -> Self {
        Self { permits: Arc::new(Semaphore::new(usize::try_from(max).unwrap_or(Semaphore::MAX_PERMITS))), max }
    }

    /// Returns when the last connection has ended.
    pub async fn all_ended(&self) {
        let _ = self.permits.acquire_many(self.max).await;
    }
}

/// What was refused at which limit.
#[derive(Debug, Default)]
pub struct Refusals {
    server: RefusalLog,
    address: RefusalLog,
}

/// Accepts connections and hands them to the workers.
pub struct Server {
    pub acceptor: Arc<Acceptor>,
    pub connection_limit: ConnectionLimit,
    pub workers: Arc<Workers>,
}

/// Serves the requests of a connection. Shared by all of them.
pub struct Acceptor {
    pub router: Router,
    pub address_limit: PerAddressLimit,
    /// Peers whose forwarding headers are trusted.
    pub trusted_proxies: Vec<IpNet>,
    /// Time for a request's head to arrive.
    pub head_timeout: Duration,
    /// Time without progress after which a write fails.
    pub write_timeout: Duration,
    pub refusals: Refusals,
    pub stop: CancellationToken,
}

impl Server {
    /// Accepts and serves connections until the server stops.
    pub async fn serve(self, listener: TcpListener) {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(self.acceptor.head_timeout).max_buf_size(MAX_HEAD);
        while let Some(accepted) = self.acceptor.stop.run_until_cancelled(listener.accept()).await {
            let (stream, peer) = match accepted {
                Ok((stream, peer)) => (stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(%error, "accept");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(info) = self.admit(peer) else {
                tokio::spawn(reject(stream));
                continue;
            };
            let worker = info.permit.worker_slot.worker;
            let (http, acceptor) = (http.clone(), self.acceptor.clone());
            if worker == workers::current() {
                tokio::spawn(acceptor.serve_connection(http, stream, info));
            } else if let Ok(stream) = stream.into_std() {
                self.workers.spawn(worker, async move {
                    // Registers the socket with the worker's runtime.
                    if let Ok(stream) = TcpStream::from_std(stream) {
                        acceptor.serve_connection(http, stream, info).await;
                    }
                });
            }
        }
    }

    /// Takes the permits for a connection; `None` when a limit is reached.
    fn admit(&self, peer: IpAddr) -> Option<ConnectionInfo> {
        let Ok(permit) = self.connection_limit.permits.clone().try_acquire_owned() else {
            if let Some(count) = self.acceptor.refusals.server.count(Instant::now()) {
                tracing::warn!(%peer, count, "connection limit reached");
            }
            return None;
        };
        // A proxy's requests are counted for their clients; see `info_of_request`.
        let is_proxy = is_trusted_proxy(peer, &self.acceptor.trusted_proxies);
        let address_permit = if is_proxy { None } else { Some(self.acceptor.address_permit(peer)?) };
        let permit = Arc::new(ConnectionPermit { permit, worker_slot: self.workers.take_slot(), address_permit });
        Some(ConnectionInfo { permit, cut: CancellationToken::new(), client: peer, address_permit: None })
    }
}

impl Acceptor {
    fn address_permit(&self, client: IpAddr) -> Option<AddressPermit> {
        let permit = self.address_limit.enter(client);
        if permit.is_none()
            && let Some(count) = self.refusals.address.count(Instant::now())
        {
            tracing::warn!(%client, count, "connection limit of this address reached; if it is a proxy, use --trusted-proxies");
        }
        permit
    }

    /// The connection's info for one of its requests: with the client that a proxy forwards it for.
    fn info_of_request(&self, info: &ConnectionInfo, headers: &HeaderMap) -> Option<ConnectionInfo> {
        if info.permit.address_permit.is_some() {
            return Some(info.clone());
        }
        let client = client_address(info.client, headers, &self.trusted_proxies);
        Some(ConnectionInfo { client, address_permit: Some(Arc::new(self.address_permit(client)?)), ..info.clone() })
    }

    async fn serve_connection(self: Arc<Self>, http: http1::Builder, stream: TcpStream, info: ConnectionInfo) {
        // These only improve performance: a failure is no reason to refuse the connection.
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_send_buffer_size(SEND_BUFFER);
        let (cut, stop, write_timeout) = (info.cut.clone(), self.stop.clone(), self.write_timeout);
        let service = service_fn(move |mut request: Request<Incoming>| {
            let response = self.info_of_request(&info, request.headers()).map(|info| {
                // Only trusted proxies have no limit of their own.
                let is_proxy = info.permit.address_permit.is_none();
                let forwarded_https = is_proxy.then(|| forwarded_for::is_https(request.headers())).flatten();
                request.extensions_mut().insert(ForwardedHttps(forwarded_https));
                request.extensions_mut().insert(info);
                self.router.clone().oneshot(request.map(|body| Body::new(Lingering::new(body))))
            });
            async move {
                let response = match response {
                    Some(response) => response.await.unwrap_or_else(|never: Infallible| match never {}),
                    None => {
                        (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], LIMIT_REACHED).into_response()
                    }
                };
                Ok::<_, Infallible>(response)
            }
        });
        let connection =
            http.serve_connection(TokioIo::new(DeadlineStream::new(stream, write_timeout)), service).with_upgrades();
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
            tracing::debug!(%error, "connection failed");
        }
    }
}

const LIMIT_REACHED: &str = "This server has reached its limit of connections.";

/// Responds with 503 to a connection beyond the limit.
async fn reject(mut stream: TcpStream) {
    let text = format!(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\n\r\n{LIMIT_REACHED}",
        LIMIT_REACHED.len()
    );
    let response = async {
        // Clients do not expect a response before they have sent a request.
        stream.peek(&mut [0]).await?;
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await?;
        // If the request were not read, the system would reset the connection and the response be lost.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(Duration::from_secs(1), response).await;
}
