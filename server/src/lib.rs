//! Parlor: a self-hosted real-time chat in one process.
//!
//! The path of a message: [`transport`] (bytes and frames) → [`session`] (one client) → [`services`] (what may be done) →
//! [`store`] (on disk) → [`bus`] → [`fan_out`] → [`room`] (its subscribers) → [`connection`] (the client's queue) → [`transport`].

// The types of the rendered page are deeply nested.
#![recursion_limit = "512"]

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_protocol::{CloseCode, Millis, UserId};
use rand::Rng;
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    bus::Bus,
    cache::{Cache, CachedStore},
    cluster::{
        Cluster,
        nats::{BusConfig, BusError, Nats},
        order::CommitOrder,
    },
    config::{Config, Switch},
    connection::{Connection, Disconnect, HeartbeatWheel},
    domain::StoreError,
    extract::{AppState, SessionCookie},
    lab::Streams,
    limits::{ConnectionLimits, PerAddressLimit},
    open_store::OpenStore,
    room::Hub,
    serve::{Acceptor, ConnectionLimit, Refusals, Server},
    services::Services,
    session::SessionContext,
    transport::HttpConnections,
    workers::Workers,
};

pub mod bus;
pub mod cache;
pub mod clock;
pub mod cluster;
pub mod command_line;
pub mod config;
pub mod connection;
pub mod control_events;
pub mod domain;
pub mod extract;
pub mod fan_out;
pub mod gateway;
pub mod http;
pub mod keyed_mutex;
pub mod lab;
pub mod limits;
pub mod markdown;
mod open_store;
pub mod picture;
pub mod room;
pub mod router;
pub mod serve;
pub mod services;
pub mod session;
pub mod socket;
pub mod store;
pub mod telemetry;
pub mod transport;
pub mod websocket;
pub mod workers;

/// Time for connections to take their last frames at shutdown. The rest of the five seconds is for the store.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);

/// How often expired rate limits are removed.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(60);

/// How often the use of sessions is recorded, and unused sessions are removed.
const SESSION_CHECK_INTERVAL: Duration = Duration::from_secs(3_600);

/// After a restart, clients reconnect spread over this time for each thousand of them, and at least [`MIN_SPREAD`].
const SPREAD_PER_THOUSAND: Duration = Duration::from_millis(500);
const MIN_SPREAD: Duration = Duration::from_millis(300);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: SocketAddr, cause: std::io::Error },
    #[error("cannot open the database: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bus(#[from] BusError),
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    #[error("cannot generate a secret: {0}")]
    Secret(getrandom::Error),
}

pub struct Running {
    /// The address that it listens on, with the actual port if the configured one was 0.
    pub address: SocketAddr,
    /// While there is no owner: a link to create the owner's account. It is new at each start and can be used once.
    pub first_link: Option<String>,
    services: Arc<Services>,
    cluster: Option<Arc<Cluster>>,
    http_connections: Arc<HttpConnections>,
    connection_limit: ConnectionLimit,
    /// The worker threads end when this is dropped.
    workers: Arc<Workers>,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    fan_out: JoinHandle<()>,
}

/// Starts the server: opens the store, loads the rooms, and accepts connections.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config) -> Result<Running, StartError> {
    let listen_error = |cause| StartError::Listen { address: config.addr, cause };
    let listener = serve::listen(config.addr).map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;

    let mut bus = Bus::default();
    let commits = bus.subscribe();
    let foreign_commits = (!config.bus.is_empty()).then(|| bus.subscribe());
    let cache = Arc::<Cache>::default();
    let order = CommitOrder::before(cache.before(Arc::new(bus)));
    let OpenStore { store, log } = open_store::open(&config, order.clone()).await?;
    // Before anything is loaded: what other nodes change meanwhile is applied afterwards.
    let announcements = match &log {
        Some(log) => Some(order.share(log.clone()).await?),
        None => None,
    };
    let store = Arc::new(CachedStore::new(store, cache, config.session_lifetime()).await?);
    let workers = Arc::new(Workers::start(config.workers()).map_err(StartError::Thread)?);
    let rooms = store.all_rooms().await?;
    order.set_heads(&rooms).await;
    let hub = Arc::new(Hub::new(rooms, config.leave_grace, workers.count()));
    let wheel = Arc::new(HeartbeatWheel::new(config.heartbeat, config.heartbeat_grace));
    let fan_out = fan_out::start(hub.clone(), wheel.clone(), commits, &workers);
    let stop = CancellationToken::new();
    let cluster = match (log, announcements, foreign_commits) {
        (Some(log), Some(announcements), Some(commits)) => {
            let bus = BusConfig {
                servers: &config.bus,
                password_file: config.bus_password_file.as_deref(),
                ca_file: config.bus_ca_file.as_deref(),
            };
            let bus = Nats::connect(bus, &store.server_id().await?, log.node()).await?;
            let cluster = Cluster::new(config.node_name.clone(), log, bus);
            cluster.start(order, &hub, &store, announcements, commits, &stop);
            Some(cluster)
        }
        _ => None,
    };
    // Not before: a write waits for those who follow the commits, of other nodes as well.
    let first_link = create_owner_invite(&store, &config, address).await?;
    let services = Arc::new(Services::new(store, hub.clone(), wheel.clone(), &config));
    let session_context = Arc::new(SessionContext {
        services: services.clone(),
        hub,
        connections: wheel,
        limits: ConnectionLimits::new(config.rate_limits == Switch::On, config.max_per_address()),
        build: http::build(),
        hello_timeout: config.hello_timeout,
    });

    tokio::spawn(run_periodic_tasks(services.clone(), stop.clone()));

    let connection_limit = ConnectionLimit::new(config.max_connections);
    let max_connections = usize::try_from(config.max_connections).unwrap_or(usize::MAX);
    let http_connections = Arc::new(HttpConnections::new(session_context.clone(), max_connections));
    let streams = Arc::new(Streams::new(config.max_lab_streams, config.lab_stream_time, stop.clone()));
    let session_cookie = SessionCookie::new(&services.store.server_id().await?, config.session_lifetime());
    let config = Arc::new(config);
    let app = AppState {
        services: services.clone(),
        session_context,
        config: config.clone(),
        session_cookie: Arc::new(session_cookie),
        cluster: cluster.clone(),
    };
    let acceptor = Acceptor {
        router: router::router(app, http_connections.clone(), streams),
        address_limit: PerAddressLimit::new(config.max_per_address()),
        trusted_proxies: config.trusted_proxies.clone(),
        head_timeout: config.head_timeout,
        write_timeout: config.write_timeout,
        refusals: Refusals::default(),
        stop: stop.clone(),
    };
    let server =
        Server { acceptor: Arc::new(acceptor), connection_limit: connection_limit.clone(), workers: workers.clone() };
    let accepting = tokio::spawn(server.serve(listener));
    Ok(Running {
        address,
        first_link,
        services,
        cluster,
        http_connections,
        connection_limit,
        workers,
        stop,
        accepting,
        fan_out,
    })
}

/// Generates the link for the first owner, if there is no owner.
async fn create_owner_invite(
    store: &CachedStore,
    config: &Config,
    address: SocketAddr,
) -> Result<Option<String>, StartError> {
    if config.read_only {
        return Ok(None);
    }
    let secret = services::generate_token().map_err(StartError::Secret)?;
    let is_created = store.create_owner_invite(services::hash_token(&secret)).await?;
    let url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    Ok(is_created.then(|| format!("{url}/first/{secret}")))
}

impl Running {
    /// Returns when the server cannot go on and has to be started again: it has missed what others stored.
    pub async fn failed(&self) {
        match &self.cluster {
            Some(cluster) => cluster.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Number of live connections over HTTP: event streams and long polling.
    pub fn http_connections(&self) -> usize {
        self.http_connections.count()
    }

    /// Number of polls that wait for a frame.
    pub fn pending_polls(&self) -> usize {
        self.http_connections.pending_polls()
    }

    /// Number of live connections over all transports and gateways.
    pub fn connections(&self) -> usize {
        self.services.connections.connections().len()
    }

    /// Stops the server: accepts no more connections, tells all clients to reconnect later at different times, and stores
    /// all accepted commands. Takes at most five seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.accepting.await;
        disconnect_clients(self.services.connections.connections());
        if tokio::time::timeout(DRAIN_TIMEOUT, self.connection_limit.all_ended()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        let now = clock::now();
        let mut seen = self.services.hub.take_departed();
        seen.extend(self.services.hub.connected_users().into_iter().map(|user| (user, now)));
        store_last_seen(&self.services, seen).await;
        self.services.store.close().await;
        let _ = self.fan_out.await;
        drop(self.workers);
    }
}

fn disconnect_clients(connections: Vec<Arc<Connection>>) {
    let spread = MIN_SPREAD.max(SPREAD_PER_THOUSAND * u32::try_from(connections.len() / 1_000).unwrap_or(u32::MAX));
    for connection in connections {
        let reconnect_after = Some(rand::rng().random_range(Duration::ZERO..spread));
        connection.queue.close(Disconnect { code: CloseCode::Restarting, reconnect_after });
    }
}

/// Runs heartbeats, the hub's tick and clean-up until the server stops.
async fn run_periodic_tasks(services: Arc<Services>, stop: CancellationToken) {
    let mut heartbeats = tokio::time::interval(services.connections.tick_interval());
    // After a suspension of the process, missed ticks are not made up for.
    heartbeats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut rooms = tokio::time::interval(Duration::from_secs(1));
    rooms.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut cleanups = tokio::time::interval(CLEANUP_INTERVAL);
    let mut session_checks = tokio::time::interval(SESSION_CHECK_INTERVAL);
    loop {
        tokio::select! {
            _ = heartbeats.tick() => services.connections.tick(Instant::now()),
            _ = cleanups.tick() => {
                services.mutation_rate_limit.remove_expired();
                services.login_throttle.remove_expired(Instant::now());
            }
            _ = session_checks.tick() => drop(tokio::spawn(check_sessions(services.clone()))),
            _ = rooms.tick() => {
                services.hub.tick();
                let services = services.clone();
                let seen = services.hub.take_departed();
                if !seen.is_empty() {
                    tokio::spawn(async move { store_last_seen(&services, seen).await });
                }
            }
            () = stop.cancelled() => return,
        }
    }
}

/// Stores when users were last online.
async fn store_last_seen(services: &Services, seen: Vec<(UserId, Millis)>) {
    if !seen.is_empty()
        && let Err(error) = services.store.set_seen(seen).await
        && !matches!(error, StoreError::ReadOnly)
    {
        tracing::warn!(%error, "cannot store when users were last online");
    }
}

/// Records that sessions with a live connection are in use, and ends those that nobody uses or that are too old.
async fn check_sessions(services: Arc<Services>) {
    let tokens: HashSet<_> = services.connections.connections().iter().map(|connection| connection.session).collect();
    for token in tokens {
        // Looking a session up records its use. After a failure the next check will do.
        let _ = services.store.session(token).await;
    }
    if let Err(error) = services.store.end_expired_sessions(services.store.oldest_session()).await
        && !matches!(error, StoreError::ReadOnly)
    {
        tracing::warn!(%error, "cannot remove old sessions");
    }
}
