//! Shared code of the peers written in Rust: settings, messages and the ready line.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::time::Interval;

/// A message sent by a client of the plain dialect.
#[derive(Debug, Deserialize)]
pub struct Sent {
    /// Text of the message.
    pub body: String,
}

/// A message delivered to members.
#[derive(Debug, Serialize)]
pub struct Said<'a> {
    /// The author: always `guest`, because peers do not authenticate.
    pub user: &'static str,
    /// Text of the message.
    pub body: &'a str,
}

impl<'a> Said<'a> {
    /// A guest's message.
    pub fn by_guest(body: &'a str) -> Self {
        Self { user: "guest", body }
    }
}

/// Settings of a peer, from the environment.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Listening address: 127.0.0.1 and `PORT`, by default any free port.
    pub address: SocketAddr,
    /// `HEARTBEAT_MS`: heartbeat interval of each connection, by default 25 seconds, 0 for none.
    pub heartbeat: Option<Duration>,
}

impl Settings {
    /// Reads the environment, and raises the limit on open files, which 10,000 connections need.
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

/// Waits for the next heartbeat, forever if there are none.
pub async fn beat(beats: &mut Option<Interval>) {
    match beats {
        Some(beats) => {
            beats.tick().await;
        }
        None => std::future::pending().await,
    }
}

/// Prints the ready line.
pub fn announce(address: SocketAddr) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "listening on http://{address}")?;
    out.flush()
}
