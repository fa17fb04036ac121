//! The compared servers: how each is started and which protocol it uses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use parlor_bench::load::{Dialect, Scenario};
use parlor_protocol::{CommandId, Event, EventKind, ServerFrame, User, UserId, UserKind};
use uuid::Uuid;

use crate::args::Run;

/// A server and its configuration.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) program: Program,
    /// Whether messages are as long as Parlor's frames, to show the cost of its envelope.
    pub(crate) enlarged: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Parlor(PathBuf),
    /// A Rust program of the workspace and its `MODE`.
    Rust {
        name: &'static str,
        mode: Option<&'static str>,
        dialect: Dialect,
    },
    /// A script in `peers/node` and its `MODE`.
    Node {
        script: &'static str,
        mode: Option<&'static str>,
        dialect: Dialect,
    },
    Nats,
}

/// Maximum heartbeat interval of Parlor, where heartbeats should be off.
const HARDLY_EVER_MS: u64 = 300_000;

impl Peer {
    /// All servers, the builds of Parlor first.
    pub(crate) fn all(run: &Run) -> anyhow::Result<Vec<Self>> {
        let plain = |name, program| Self { name, program, enlarged: false };
        let rust = |name, mode, dialect| Program::Rust { name, mode, dialect };
        let node = |script, mode, dialect| Program::Node { script, mode, dialect };
        let single = rust("peer-bare", Some("single"), Dialect::Plain);
        let batch = rust("peer-bare", Some("batch"), Dialect::Plain);
        let mut peers: Vec<Self> =
            run.parlors()?.into_iter().map(|(name, path)| plain(name, Program::Parlor(path))).collect();
        for (name, program) in [
            ("bare-batch", batch.clone()),
            ("bare-single", single.clone()),
            ("axum-tutorial", rust("peer-axum-tutorial", None, Dialect::Plain)),
            ("axum-tuned", rust("peer-axum-tuned", None, Dialect::Plain)),
            ("socketioxide", rust("peer-socketioxide", None, Dialect::SocketIo)),
            ("nats", Program::Nats),
            ("ws-tuned", node("ws-tuned.js", None, Dialect::Plain)),
            ("ws-tuned-batch", node("ws-tuned.js", Some("batch"), Dialect::Plain)),
            ("ws-tutorial", node("ws-tutorial.js", None, Dialect::Plain)),
            ("socket.io", node("socketio.js", None, Dialect::SocketIo)),
        ] {
            peers.push(plain(name.to_owned(), program));
        }
        for (name, program) in [("bare-batch+", batch), ("bare-single+", single)] {
            peers.push(Self { name: name.into(), program, enlarged: true });
        }
        Ok(peers)
    }

    /// Whether it is measured in a scenario by default.
    pub(crate) fn takes_part(&self, scenario: Scenario) -> bool {
        let fanout = matches!(scenario, Scenario::FanoutSaturated | Scenario::FanoutPaced);
        match (self.name.as_str(), scenario) {
            (_, _) if self.enlarged => fanout,
            (_, Scenario::Delivery) => self.is_parlor() || matches!(self.name.as_str(), "bare-batch" | "ws-tuned"),
            // How frames are written makes no difference where there are none.
            ("bare-single" | "ws-tuned-batch", Scenario::IdleMemory | Scenario::Heartbeat | Scenario::Connects) => {
                false
            }
            _ => true,
        }
    }

    pub(crate) fn is_parlor(&self) -> bool {
        matches!(self.program, Program::Parlor(_))
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self.program {
            Program::Parlor(_) => Dialect::Parlor,
            Program::Rust { dialect, .. } | Program::Node { dialect, .. } => dialect,
            Program::Nats => Dialect::Nats,
        }
    }

    /// Why it cannot be measured on this machine, if it cannot.
    pub(crate) fn missing(&self) -> Option<String> {
        match &self.program {
            Program::Parlor(_) => None,
            Program::Rust { name, .. } => {
                let path = own_folder().join(name);
                (!path.is_file()).then(|| format!("{name} was not built"))
            }
            Program::Node { script, .. } => {
                let there = node_folder().join(script).is_file() && node_folder().join("node_modules").is_dir();
                let message = (!there).then(|| format!("{script} or its modules are not there: bench/peers/setup.sh"));
                message.or_else(|| first_line("node", "--version").is_none().then(|| "there is no node".into()))
            }
            Program::Nats => first_line("nats-server", "--version").is_none().then(|| "there is no nats-server".into()),
        }
    }

    /// What starts it on a free port, with heartbeats each so many milliseconds, or none for 0. `folder` is its own.
    pub(crate) fn command(&self, heartbeat_ms: u64, folder: &Path) -> anyhow::Result<Command> {
        let mut command = match &self.program {
            Program::Parlor(path) => {
                let interval = if heartbeat_ms == 0 { HARDLY_EVER_MS } else { heartbeat_ms };
                let mut command = Command::new(path);
                command.args(["--addr", "127.0.0.1:0", "--rate-limits", "off", "--max-connections", "20000"]);
                command.arg("--heartbeat-ms").arg(interval.to_string()).arg("--data").arg(folder.join("data"));
                command
            }
            Program::Rust { name, mode, .. } => {
                let mut command = Command::new(own_folder().join(name));
                command.envs(mode.map(|mode| ("MODE", mode)));
                command
            }
            Program::Node { script, mode, .. } => {
                let mut command = Command::new("node");
                command.arg(node_folder().join(script)).env("NODE_ENV", "production");
                command.envs(mode.map(|mode| ("MODE", mode)));
                command
            }
            Program::Nats => {
                let config = folder.join("nats.conf");
                fs::write(&config, nats_config(heartbeat_ms)?).context("writing nats.conf")?;
                let mut command = Command::new("nats-server");
                // One thread, as all of them have.
                command.arg("--config").arg(config).env("GOMAXPROCS", "1");
                command
            }
        };
        command.env("PORT", "0").env("HEARTBEAT_MS", heartbeat_ms.to_string()).current_dir(folder);
        Ok(command)
    }

    /// Bytes of a message's body where Parlor's has so many.
    pub(crate) fn body(&self, length: usize) -> usize {
        if self.enlarged { frame_bytes(length) - r#"{"body":""}"#.len() } else { length }
    }

    /// Version of the server or its package.
    pub(crate) fn version(&self) -> String {
        let unknown = || "version not known".to_owned();
        match &self.program {
            Program::Parlor(path) => first_line(path, "--version").unwrap_or_else(unknown),
            Program::Rust { name: "peer-axum-tutorial" | "peer-axum-tuned", .. } => {
                locked("axum").unwrap_or_else(unknown)
            }
            Program::Rust { name: "peer-socketioxide", .. } => locked("socketioxide").unwrap_or_else(unknown),
            Program::Rust { .. } => format!("parlor-peers {}", env!("CARGO_PKG_VERSION")),
            Program::Node { script, .. } => {
                let package = if *script == "socketio.js" { "socket.io" } else { "ws" };
                let node = first_line("node", "--version").unwrap_or_else(unknown);
                format!("{package} {}, node {node}", installed(package).unwrap_or_else(unknown))
            }
            Program::Nats => first_line("nats-server", "--version").unwrap_or_else(unknown),
        }
    }
}

/// Bytes of Parlor's frame that carries a body of so many, in a room and by a person as the generator makes them.
fn frame_bytes(body: usize) -> usize {
    let id = CommandId(Uuid::max());
    let body = "x".repeat(body);
    let html = format!("<p>{body}</p>");
    let by = User { id: UserId(Uuid::max()), name: "guest 00001".into(), kind: UserKind::Guest, colour: None };
    let event = EventKind::Message { id, body, html, reply_to: None, mentions: Vec::new() };
    let event = Event { room: "x".repeat(12).as_str().into(), seq: 10_000, id, at: 1_763_683_200_000, by, event };
    ServerFrame::Event(event).encode().len()
}

/// Configuration of nats-server.
fn nats_config(heartbeat_ms: u64) -> anyhow::Result<String> {
    let template = fs::read_to_string(peers_folder().join("nats.conf")).context("reading bench/peers/nats.conf")?;
    let interval = if heartbeat_ms == 0 { HARDLY_EVER_MS } else { heartbeat_ms };
    let filled = template.replace("@PORT@", "-1").replace("@PING_INTERVAL@", &format!("{interval}ms"));
    // Where it listens it says in its log only.
    Ok(filled + "log_file: \"/dev/stdout\"\n")
}

/// Where this program is, and the peers that are built with it.
fn own_folder() -> PathBuf {
    let own = std::env::current_exe().ok();
    own.and_then(|path| path.parent().map(Path::to_owned)).unwrap_or_else(|| "target/release".into())
}

fn peers_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

fn node_folder() -> PathBuf {
    peers_folder().join("node")
}

pub(crate) fn first_line(program: impl AsRef<std::ffi::OsStr>, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(|line| line.trim().to_owned())
}

/// Version of a package in Cargo.lock.
fn locked(package: &str) -> Option<String> {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")).ok()?;
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| format!("{package} {version}"))
}

/// Installed version of a Node package.
fn installed(package: &str) -> Option<String> {
    let text = fs::read_to_string(node_folder().join("node_modules").join(package).join("package.json")).ok()?;
    let json: serde_json::Value = serde_json::from_str(&text).ok()?;
    json["version"].as_str().map(String::from)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn enlarged_messages_have_the_length_of_frames() {
        let peer = Peer { name: "x+".into(), program: Program::Nats, enlarged: true };
        let body = peer.body(120);
        assert_eq!(body + r#"{"body":""}"#.len(), frame_bytes(120));
        assert!((400..800).contains(&body), "{body}");
        assert_eq!(Peer { enlarged: false, ..peer }.body(120), 120);
    }

    #[test]
    fn versions_are_found() {
        assert!(locked("axum").unwrap().starts_with("axum 0."));
        assert_eq!(locked("no-such-package"), None);
    }
}
