//! A peer as a child process.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::member::Dialect;

/// How long tests wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const NODE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node");
const NATS_CONF: &str = include_str!("../../nats.conf");

#[derive(Clone)]
pub(crate) struct Program {
    path: &'static str,
    script: Option<String>,
    mode: Option<&'static str>,
    pub(crate) dialect: Dialect,
}

impl Program {
    pub(crate) fn new(path: &'static str, dialect: Dialect) -> Self {
        Self { path, script: None, mode: None, dialect }
    }

    pub(crate) fn node(script: &str, dialect: Dialect) -> Self {
        Self { script: Some(format!("{NODE}/{script}")), ..Self::new("node", dialect) }
    }

    pub(crate) fn mode(self, mode: &'static str) -> Self {
        Self { mode: Some(mode), ..self }
    }

    /// The missing program or package, if any.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let is_program = |dir: std::path::PathBuf| dir.join(self.path).is_file();
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !Path::new(self.path).is_absolute() && !std::env::split_paths(&path).any(is_program) {
            return Some(self.path);
        }
        let packages = Path::new(NODE).join("node_modules");
        (self.script.is_some() && !packages.is_dir()).then_some("bench/peers/node/node_modules")
    }
}

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) dialect: Dialect,
    /// Killed when dropped.
    _child: Child,
    _config: Option<TempDir>,
}

impl Peer {
    /// Starts it on a free port and waits until it listens.
    pub(crate) async fn start(program: &Program, heartbeat_ms: u64) -> Self {
        let mut command = Command::new(program.path);
        command.env("PORT", "0").env("HEARTBEAT_MS", heartbeat_ms.to_string());
        command.args(&program.script).envs(program.mode.map(|mode| ("MODE", mode)));
        command.stdin(Stdio::null()).kill_on_drop(true);
        if program.dialect != Dialect::Nats {
            let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
            let address = address(child.stdout.take().unwrap(), "listening on http://").await;
            return Self { address, dialect: program.dialect, _child: child, _config: None };
        }
        let config = TempDir::new().unwrap();
        let file = config.path().join("nats.conf");
        let interval = if heartbeat_ms == 0 { "24h".to_owned() } else { format!("{heartbeat_ms}ms") };
        std::fs::write(&file, NATS_CONF.replace("@PORT@", "-1").replace("@PING_INTERVAL@", &interval)).unwrap();
        let mut child = command.arg("-c").arg(&file).stderr(Stdio::piped()).spawn().unwrap();
        let address = address(child.stderr.take().unwrap(), "Listening for websocket clients on ws://").await;
        Self { address, dialect: program.dialect, _child: child, _config: Some(config) }
    }
}

/// The address after `before` in the output. Keeps reading, so that the peer never blocks on its output.
async fn address(output: impl AsyncRead + Unpin + Send + 'static, before: &str) -> SocketAddr {
    let mut lines = BufReader::new(output).lines();
    let found = timeout(PATIENCE, async {
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if let Some((_, address)) = line.split_once(before) {
                return address.parse().unwrap();
            }
        }
    });
    let found = found.await.unwrap();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    found
}
