//! A TCP proxy between clients and the server that injects faults by a seeded plan.
//!
//! Each connection chooses its fault when it is accepted. With the same seed and plan, the n-th connection always gets the
//! same fault; which client is the n-th depends on timing.

mod connection;
mod fault;
mod send_detector;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context;
pub use fault::{End, Kind, Plan};
use parking_lot::Mutex;
use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// Small socket buffers, so that a client that does not read exerts back-pressure on the server soon.
const SOCKET_BUFFER: u32 = 16 * 1024;

/// A running proxy. Stopped with all its connections when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// State shared by all connections.
#[derive(Debug)]
struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
    seed: u64,
    /// Number of accepted connections.
    accepted: watch::Sender<u64>,
    /// Number of calls to `heal`.
    healed: watch::Sender<u64>,
    /// Number of calls to `cut_all`, and how the last one closed connections.
    cuts: watch::Sender<(u64, End)>,
    harmed: AtomicU64,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1. Injects no faults until [`Proxy::plan`].
    ///
    /// # Errors
    /// No port is available.
    pub async fn start(upstream: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Inherited by accepted sockets.
        socket.set_send_buffer_size(SOCKET_BUFFER)?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).context("a port for the proxy")?;
        let listener = socket.listen(4096)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream,
            plan: Mutex::new(Plan::calm()),
            seed,
            accepted: watch::Sender::new(0),
            healed: watch::Sender::new(0),
            cuts: watch::Sender::new((0, End::Finish)),
            harmed: AtomicU64::new(0),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where clients connect.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the faults of new connections.
    pub fn plan(&self, plan: Plan) {
        *self.shared.plan.lock() = plan;
    }

    /// Closes every connection.
    pub fn cut_all(&self, end: End) {
        self.shared.cuts.send_modify(|(count, how)| (*count, *how) = (*count + 1, end));
    }

    /// Ends all faults: new connections get none, stalled ones continue, broken ones are closed.
    pub fn heal(&self) {
        self.plan(Plan::calm());
        self.shared.healed.send_modify(|count| *count += 1);
    }

    /// Number of connections so far, and of those with a fault.
    pub fn connections(&self) -> (u64, u64) {
        (*self.shared.accepted.borrow(), self.shared.harmed.load(Ordering::Relaxed))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Stops them when dropped.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of file descriptors, or the client is already gone.
                let Ok((client, _)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                let number = *shared.accepted.borrow() + 1;
                let mut rng = StdRng::seed_from_u64(shared.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let fault = shared.plan.lock().draw(&mut rng);
                if fault != fault::Fault::Pass {
                    shared.harmed.fetch_add(1, Ordering::Relaxed);
                }
                shared.accepted.send_replace(number);
                connections.spawn(connect_and_run(client, fault, rng, number, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect_and_run(client: TcpStream, fault: fault::Fault, rng: StdRng, number: u64, shared: Arc<Shared>) {
    let address = shared.upstream;
    let connected = async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.connect(address).await
    };
    match connected.await {
        Ok(upstream) => connection::run(client, upstream, fault, rng, number, &shared).await,
        // Nobody listens: reset, as without a proxy.
        Err(_) => {
            let _ = client.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests;
