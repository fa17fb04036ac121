//! What the peers written in Rust have in common: settings, messages, and how they say that they are ready.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::time::Interval;

/// A message as a client of the plain dialect sends it.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// What is said.
    pub body: String,
}

/// A message as members get it.
#[derive(Debug, Serialize)]
pub struct Said<'a> {
    /// Who said it. Nobody is known here, so always `guest`.
    pub user: &'static str,
    /// What was said.
    pub body: &'a str,
}

impl<'a> Said<'a> {
    /// What a guest said.
    pub fn by_guest(body: &'a str) -> Self {
        Self { user: "guest", body }
    }
}

/// Settings of a peer, from the environment.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Where to listen: 127.0.0.1 and `PORT`; 0 or nothing takes any free port.
    pub address: SocketAddr,
    /// `HEARTBEAT_MS`: the interval of heartbeats to each connection; 25 seconds when not set, none when 0.
    pub heartbeat: Option<Duration>,
}

impl Settings {
    /// Reads the environment, and lifts the limit on open files to what the system allows (10,000 connections need it).
    ///
    /// # Errors
    /// A variable that is not a number, or a limit that cannot be changed.
    pub fn from_env() -> anyhow::Result<Self> {
        rlimit::increase_nofile_limit(u64::MAX).context("raising the limit on open files")?;
        let port = number("PORT", 0)?;
        let beat = number("HEARTBEAT_MS", 25_000)?;
        Ok(Self {
            address: (Ipv4Addr::LOCALHOST, u16::try_from(port).context("PORT")?).into(),
            heartbeat: (beat > 0).then(|| Duration::from_millis(beat)),
        })
    }
}

fn number(name: &str, default: u64) -> anyhow::Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} must be a number, not {text:?}")),
        Err(_) => Ok(default),
    }
}

/// The next heartbeat; never, when there are none.
pub async fn beat(beats: &mut Option<Interval>) {
    match beats {
        Some(beats) => {
            beats.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Prints the line that whoever started the peer waits for.
///
/// # Errors
/// A closed standard output.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}
