//! A network link between a server and PostgreSQL or NATS that can be cut and become a black hole.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// State of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    Open,
    /// Connections are reset, also new ones.
    Cut,
    /// Connections stay open, and nothing arrives. New ones are accepted, as by a full queue of a router. What was sent
    /// arrives when the link is open again.
    BlackHole,
}

/// A TCP proxy. Stopped with all its connections when dropped.
#[derive(Debug)]
pub struct Link {
    address: SocketAddr,
    condition: watch::Sender<Condition>,
    accepting: JoinHandle<()>,
}

impl Link {
    /// Listens on a free port of 127.0.0.1 and forwards to `host:port`.
    ///
    /// # Errors
    /// No port is available.
    pub async fn start(upstream: String) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("a port for a link")?;
        let address = listener.local_addr()?;
        let condition = watch::Sender::new(Condition::Open);
        let accepting = tokio::spawn(accept(listener, upstream, condition.subscribe()));
        Ok(Self { address, condition, accepting })
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn set(&self, condition: Condition) {
        self.condition.send_replace(condition);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: String, condition: watch::Receiver<Condition>) {
    // Stops them when dropped.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((client, _)) => drop(connections.spawn(forward(client, upstream.clone(), condition.clone()))),
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn forward(mut client: TcpStream, upstream: String, condition: watch::Receiver<Condition>) {
    let mut cut = condition.clone();
    let mut server = None;
    let run = async {
        condition.clone().wait_for(|now| *now == Condition::Open).await.ok()?;
        let connected = server.insert(TcpStream::connect(upstream).await.ok()?);
        connected.set_nodelay(true).ok()?;
        client.set_nodelay(true).ok()?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = connected.split();
        tokio::join!(pump(from_client, to_server, condition.clone()), pump(from_server, to_client, condition.clone()));
        Some(())
    };
    let ended_by_itself = tokio::select! {
        ended = run => ended.is_some(),
        _ = cut.wait_for(|now| *now == Condition::Cut) => false,
    };
    if !ended_by_itself {
        let _ = client.set_zero_linger();
        if let Some(server) = server {
            let _ = server.set_zero_linger();
        }
    }
}

/// Forwards one direction to its end.
async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, mut condition: watch::Receiver<Condition>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        // What was read during a black hole waits for its end.
        if condition.wait_for(|now| *now == Condition::Open).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    // The other side learns of the end when it could.
    if condition.wait_for(|now| *now == Condition::Open).await.is_ok() {
        let _ = to.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);
    const MOMENT: Duration = Duration::from_millis(200);

    async fn echo() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = socket.split();
                    let _ = tokio::io::copy(&mut from, &mut to).await;
                });
            }
        });
        address.to_string()
    }

    async fn connect() -> (Link, TcpStream) {
        let link = Link::start(echo().await).await.unwrap();
        let client = TcpStream::connect(link.address()).await.unwrap();
        (link, client)
    }

    async fn answer(client: &mut TcpStream) -> std::io::Result<u8> {
        timeout(PATIENCE, client.read_u8()).await.unwrap()
    }

    #[tokio::test]
    async fn black_hole_delays_and_loses_nothing() {
        let (link, mut client) = connect().await;
        client.write_u8(1).await.unwrap();
        assert_eq!(answer(&mut client).await.unwrap(), 1);
        link.set(Condition::BlackHole);
        client.write_u8(2).await.unwrap();
        let mut newer = TcpStream::connect(link.address()).await.unwrap();
        newer.write_u8(3).await.unwrap();
        assert!(timeout(MOMENT, client.read_u8()).await.is_err());
        assert!(timeout(MOMENT, newer.read_u8()).await.is_err());
        link.set(Condition::Open);
        assert_eq!(answer(&mut client).await.unwrap(), 2);
        assert_eq!(answer(&mut newer).await.unwrap(), 3);
    }

    #[tokio::test]
    async fn cut_resets_old_and_new_connections() {
        let (link, mut client) = connect().await;
        client.write_u8(1).await.unwrap();
        assert_eq!(answer(&mut client).await.unwrap(), 1);
        link.set(Condition::Cut);
        assert!(answer(&mut client).await.is_err());
        let mut newer = TcpStream::connect(link.address()).await.unwrap();
        assert!(answer(&mut newer).await.is_err());
        link.set(Condition::Open);
        let mut last = TcpStream::connect(link.address()).await.unwrap();
        last.write_u8(4).await.unwrap();
        assert_eq!(answer(&mut last).await.unwrap(), 4);
    }
}
