//! A TCP proxy between clients and the server that does them harm, by a seeded plan.
//!
//! Each connection draws its fault when it comes. With one seed the n-th connection always draws the same from the same
//! plan; which client is the n-th is up to the network, as it is with real ones.

mod carry;
mod fault;
mod sniff;

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

/// Bytes that the proxy's own sockets keep, so that a client that does not read is soon felt by the server.
const SOCKET_BUFFER: u32 = 16 * 1024;

/// The proxy. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

/// What all connections look at.
#[derive(Debug)]
struct Shared {
    upstream: Mutex<SocketAddr>,
    plan: Mutex<Plan>,
    seed: u64,
    /// How many connections there have been.
    accepted: watch::Sender<u64>,
    /// How often it was healed.
    healed: watch::Sender<u64>,
    /// How often all were cut, and how the last time.
    cuts: watch::Sender<(u64, End)>,
    harmed: AtomicU64,
}

impl Proxy {
    /// Listens on a free port of 127.0.0.1; nothing happens to anyone until [`Proxy::plan`].
    ///
    /// # Errors
    /// There is no port.
    pub async fn start(upstream: SocketAddr, seed: u64) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Those that are accepted take these over.
        socket.set_send_buffer_size(SOCKET_BUFFER)?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).context("a port for the proxy")?;
        let listener = socket.listen(4096)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            upstream: Mutex::new(upstream),
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
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where new connections lead from now on.
    pub fn lead_to(&self, upstream: SocketAddr) {
        *self.shared.upstream.lock() = upstream;
    }

    /// What may befall connections from now on.
    pub fn plan(&self, plan: Plan) {
        *self.shared.plan.lock() = plan;
    }

    /// Breaks off every connection.
    pub fn cut_all(&self, end: End) {
        self.shared.cuts.send_modify(|(count, how)| (*count, *how) = (*count + 1, end));
    }

    /// Ends all harm: nothing befalls new connections, what stalls flows again, and what cannot be made whole is cut.
    pub fn heal(&self) {
        self.plan(Plan::calm());
        self.shared.healed.send_modify(|count| *count += 1);
    }

    /// Connections so far, and how many of them drew something else than to pass.
    #[must_use]
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
    // Ends them when it is dropped itself.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Out of files for a moment, or gone before it was there.
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
                connections.spawn(connect_and_carry(client, fault, rng, number, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connect_and_carry(client: TcpStream, fault: fault::Fault, rng: StdRng, number: u64, shared: Arc<Shared>) {
    let address = *shared.upstream.lock();
    let connected = async {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.connect(address).await
    };
    match connected.await {
        Ok(upstream) => carry::carry(client, upstream, fault, rng, number, &shared).await,
        // Nobody listens: the client is told as it would be without a proxy.
        Err(_) => {
            let _ = client.set_zero_linger();
        }
    }
}

#[cfg(test)]
mod tests;
