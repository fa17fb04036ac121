//! A peer as a process of its own, ended with the test.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Far longer than anything here takes: a test that waits this long has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How a peer is started.
#[derive(Clone)]
pub(crate) struct Program {
    path: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
}

impl Program {
    pub(crate) fn new(path: &str) -> Self {
        Self { path: path.to_owned(), args: Vec::new(), env: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A running peer.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Killed when dropped.
    _child: Child,
}

impl Peer {
    /// Starts it on a free port, and waits until it says that it listens.
    pub(crate) async fn start(program: &Program, heartbeat_ms: u64) -> Self {
        let mut child = Command::new(&program.path)
            .args(&program.args)
            .env("PORT", "0")
            .env("HEARTBEAT_MS", heartbeat_ms.to_string())
            .envs(program.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap();
        let address = line.strip_prefix("listening on http://").unwrap().parse().unwrap();
        Self { address, _child: child }
    }
}
