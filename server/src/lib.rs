//! Parlor: a self-hosted real-time chat in one process.
//!
//! The way of a message: [`live`] (bytes and frames) → [`session`] (one client) → [`store`] (on disk) → [`bus`] →
//! [`room`] (everyone who listens) → [`connection`] (what waits for a client) → [`live`].

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use parlor_protocol::{CloseCode, Millis, ServerInfo, UserId};
use rand::Rng;
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::{
    accounts::login_throttle::LoginThrottle,
    config::{Config, Switch},
    connection::Bye,
    domain::StoreError,
    http::App,
    lab::streams::Streams,
    limits::{MutationRateLimit, PerAddressLimit},
    room::Hub,
    serve::ConnectionLimit,
    session::{KeyedMutex, Live, heartbeat::Wheel},
    store::{People, Rooms, sqlite::SqliteStore},
    transport::registry::Registry,
    workers::Workers,
};

pub mod accounts;
pub mod bus;
pub mod clock;
pub mod config;
pub mod connection;
pub mod domain;
pub mod gateway;
pub mod http;
pub mod lab;
pub mod limits;
pub mod markdown;
pub mod policy;
pub mod room;
pub mod serve;
pub mod session;
pub mod socket;
pub mod store;
pub mod telemetry;
pub mod transport;
pub mod websocket;
pub mod workers;

/// Time for connections to take their last frames when the server stops. The rest of five seconds is the store's.
const DRAIN: Duration = Duration::from_secs(3);

/// How often limits are forgotten of those who came long ago.
const SWEEP: Duration = Duration::from_secs(60);

/// How often it is noted which sessions are used, and those are forgotten that are not.
const SESSION_CHECK: Duration = Duration::from_secs(3_600);

/// Clients come back spread over this time for each thousand of them, and at least [`MIN_SPREAD`].
const SPREAD_PER_THOUSAND: Duration = Duration::from_millis(500);
const MIN_SPREAD: Duration = Duration::from_millis(300);

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The database cannot be opened.
    #[error("cannot open the database: {0}")]
    Store(#[from] StoreError),
    /// The system gives no more threads.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The system gives no randomness.
    #[error("cannot make a secret: {0}")]
    Secret(getrandom::Error),
}

/// A server that runs.
pub struct Running {
    /// Where it listens: the real port when the configuration said 0.
    pub address: SocketAddr,
    /// While there is no owner: the link by which one can make the account that becomes it. Another one at each start, for
    /// one use.
    pub first_link: Option<String>,
    live: Arc<Live>,
    carried: Arc<Registry>,
    places: ConnectionLimit,
    /// Ends with this.
    workers: Arc<Workers>,
    stop: CancellationToken,
    accepting: JoinHandle<()>,
    delivering: JoinHandle<()>,
}

/// Opens the store, makes the rooms live, and serves.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config) -> Result<Running, StartError> {
    let listen_error = |cause| StartError::Listen { address: config.addr, cause };
    let listener = serve::listen(config.addr).map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    let (committed, events) = bus::local();
    let store = SqliteStore::open(&config.data, committed, config.max_pages).await?;
    let secret = http::new_token().map_err(StartError::Secret)?;
    let root = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let first_link = store.offer_ownership(http::hash(&secret)).await?.then(|| format!("{root}/first/{secret}"));
    let workers = Arc::new(Workers::start(config.workers()).map_err(StartError::Thread)?);
    let hub = Arc::new(Hub::new(store.all_rooms().await?, config.leave_grace, workers.count()));
    let delivering = bus::deliver(hub.clone(), events, &workers);
    let live = Arc::new(Live {
        store,
        hub,
        wheel: Wheel::new(config.heartbeat, config.heartbeat_grace),
        server: ServerInfo {
            name: config.name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            build: http::build(),
        },
        hello_timeout: config.hello_timeout,
        guests: config.guests,
        rate_limits: config.rate_limits == Switch::On,
        marking: KeyedMutex::default(),
        counting: KeyedMutex::default(),
    });

    let places = ConnectionLimit::new(config.max_connections);
    let (changes, tries) = (Arc::<MutationRateLimit>::default(), Arc::<LoginThrottle>::default());
    let stop = CancellationToken::new();
    tokio::spawn(tick(live.clone(), changes.clone(), tries.clone(), stop.clone()));
    let most = usize::try_from(config.max_connections).unwrap_or(usize::MAX);
    let carried = Arc::new(Registry::new(live.clone(), most));
    let config = Arc::new(config);
    let lab = Arc::new(Streams::new(config.max_lab_streams, config.lab_stream_time, stop.clone()));
    let app = App { live: live.clone(), config: config.clone(), carried: carried.clone(), changes, tries, lab };
    let door = serve::Acceptor {
        crowd: PerAddressLimit::new(config.most_of_an_address()),
        proxies: config.trusted_proxies.clone(),
        head_timeout: config.head_timeout,
        router: http::router(app),
        stop: stop.clone(),
    };
    let server = serve::Server { door: Arc::new(door), places: places.clone(), workers: workers.clone() };
    let accepting = tokio::spawn(server.serve(listener));
    Ok(Running { address, first_link, live, carried, places, workers, stop, accepting, delivering })
}

impl Running {
    /// How many live connections travel in HTTP requests now: event streams and polls.
    #[must_use]
    pub fn carried(&self) -> usize {
        self.carried.len()
    }

    /// How many polls are held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.carried.held()
    }

    /// How many live connections there are now, of whatever transport or gateway.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.live.wheel.everyone().len()
    }

    /// Stops: no new connections, a `bye` to everyone with a time to come back that spreads them, everything that was
    /// accepted is stored. Takes at most five seconds.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.accepting.await;
        let everyone = self.live.wheel.everyone();
        let spread = MIN_SPREAD.max(SPREAD_PER_THOUSAND * u32::try_from(everyone.len() / 1_000).unwrap_or(u32::MAX));
        for connection in everyone {
            let after = rand::rng().random_range(Duration::ZERO..spread);
            connection.queue.close(Bye { code: CloseCode::Restarting, after: Some(after) });
        }
        if tokio::time::timeout(DRAIN, self.places.all_free()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        let now = clock::now();
        let mut seen = self.live.hub.take_departed();
        seen.extend(self.live.hub.people().into_iter().map(|user| (user, now)));
        note_seen(&self.live, seen).await;
        self.live.store.close().await;
        let _ = self.delivering.await;
        drop(self.workers);
    }
}

/// What is due regularly: heartbeats, news of rooms, and forgetting.
async fn tick(live: Arc<Live>, changes: Arc<MutationRateLimit>, tries: Arc<LoginThrottle>, stop: CancellationToken) {
    let mut heartbeats = tokio::time::interval(live.wheel.tick_interval());
    // After a pause of the whole process, the ticks that were missed are not made up for.
    heartbeats.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut rooms = tokio::time::interval(Duration::from_secs(1));
    rooms.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut sweeping = tokio::time::interval(SWEEP);
    let mut sessions = tokio::time::interval(SESSION_CHECK);
    loop {
        tokio::select! {
            _ = heartbeats.tick() => live.wheel.tick(Instant::now()),
            _ = sweeping.tick() => {
                changes.sweep();
                tries.sweep(Instant::now());
            }
            _ = sessions.tick() => drop(tokio::spawn(check_sessions(live.clone()))),
            _ = rooms.tick() => {
                live.hub.tick();
                let live = live.clone();
                let seen = live.hub.take_departed();
                if !seen.is_empty() {
                    tokio::spawn(async move { note_seen(&live, seen).await });
                }
            }
            () = stop.cancelled() => return,
        }
    }
}

/// Notes when people were last there.
async fn note_seen(live: &Live, seen: Vec<(UserId, Millis)>) {
    if !seen.is_empty()
        && let Err(error) = live.store.set_seen(seen).await
    {
        tracing::warn!(%error, "when people were last there is not noted");
    }
}

/// A session with a live connection is used, also when nothing else is asked by it. Those that nobody uses are forgotten.
async fn check_sessions(live: Arc<Live>) {
    let tokens: HashSet<_> = live.wheel.everyone().iter().map(|connection| connection.session).collect();
    for token in tokens {
        // To ask for it is to use it. What fails now does not an hour later.
        let _ = live.store.session(token).await;
    }
    if let Err(error) = live.store.sweep().await {
        tracing::warn!(%error, "old sessions are still there");
    }
}
