//! The load generator against real servers at a small size: every message must be delivered once to everyone, in order.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::{
    env,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, MutexGuard, Once, PoisonError},
};

use parlor_bench::{
    load::{self, Dialect, LoadArgs, Overrides, Report, Scenario},
    server_process::ServerProcess,
};
use tempfile::TempDir;

/// Serialises the tests: one server at a time.
static TURN: Mutex<()> = Mutex::new(());

struct Server {
    process: ServerProcess,
    dialect: Dialect,
    _data: TempDir,
    _turn: MutexGuard<'static, ()>,
}

/// A program of this build, which is built if it does not exist.
fn program(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let path = Path::new(env!("CARGO_BIN_EXE_compare")).with_file_name(name);
    BUILT.call_once(|| {
        let there = ["parlor", "peer-bare"].iter().all(|name| path.with_file_name(name).is_file());
        if !there {
            let mut build = Command::new(env!("CARGO"));
            build.args([
                "build",
                "--package",
                "parlor",
                "--package",
                "parlor-peers",
                "--bin",
                "parlor",
                "--bin",
                "peer-bare",
            ]);
            if !cfg!(debug_assertions) {
                build.arg("--release");
            }
            assert!(build.status().unwrap().success());
        }
    });
    path
}

impl Server {
    fn start(dialect: Dialect, mut command: Command) -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let data = tempfile::tempdir().unwrap();
        command.current_dir(data.path());
        let process = ServerProcess::start_command(&mut command, SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        Self { process, dialect, _data: data, _turn: turn }
    }

    fn parlor() -> Self {
        let mut command = Command::new(program("parlor"));
        command.args(["--addr", "127.0.0.1:0", "--rate-limits", "off", "--data", "data"]);
        Self::start(Dialect::Parlor, command)
    }

    fn bare(mode: &str, heartbeat_ms: u32) -> Self {
        let mut command = Command::new(program("peer-bare"));
        command.env("PORT", "0").env("MODE", mode).env("HEARTBEAT_MS", heartbeat_ms.to_string());
        Self::start(Dialect::Plain, command)
    }

    fn load(&self, scenario: Scenario, overrides: &Overrides) -> Report {
        let ask = LoadArgs {
            connect: vec![self.process.address()],
            dialect: self.dialect,
            scenario,
            pid: vec![self.process.pid()],
            core: None,
            overrides: Overrides { warm_up: Some(0.1), seconds: Some(0.5), ..overrides.clone() },
        };
        load::run(&ask).unwrap()
    }
}

/// 20 connections in four rooms of five, three of which send.
fn rooms() -> Overrides {
    let (rooms, connections) = (Some(4), Some(20));
    Overrides { rooms, connections, people: Some(20), senders: Some(3), window: Some(16), ..Overrides::default() }
}

fn assert_all_came(report: &Report, members: u64) {
    assert!(report.is_correct(), "{}", report.errors());
    assert!(report.sent >= 20, "{} messages were sent", report.sent);
    assert_eq!(report.delivered, report.sent * members);
    assert!(report.window.deliveries > 0 && report.window.server_cpu.is_some());
}

#[test]
fn closed_loop_messages_are_all_delivered() {
    for server in [Server::parlor as fn() -> Server, || Server::bare("single", 0), || Server::bare("batch", 0)] {
        assert_all_came(&server().load(Scenario::RoomsSaturated, &rooms()), 5);
    }
}

#[test]
fn a_large_room_gets_every_message() {
    let large = || Overrides { connections: Some(20), people: Some(3), ..Overrides::default() };
    assert_all_came(&Server::parlor().load(Scenario::FanoutSaturated, &large()), 20);
    assert_all_came(&Server::bare("batch", 0).load(Scenario::FanoutSaturated, &large()), 20);
}

#[test]
fn open_loop_messages_are_timed() {
    for server in [Server::parlor as fn() -> Server, || Server::bare("single", 0)] {
        let report = server().load(Scenario::Delivery, &Overrides { rate: Some(100.0), ..rooms() });
        assert_all_came(&report, 5);
        // Half a second of messages to five members each.
        assert_eq!(report.latency.unwrap().count, 250);
    }
}

#[test]
fn heartbeats_are_answered_and_counted() {
    let connections = Overrides { connections: Some(10), rooms: Some(2), ..Overrides::default() };
    let report = Server::bare("batch", 200).load(Scenario::Heartbeat, &connections);
    // The server would have closed connections that do not answer.
    assert!(report.window.heartbeats > 0);
    assert_eq!((report.connections, report.sent), (10, 0));
}

#[test]
fn users_join_several_rooms() {
    let few = Overrides { connections: Some(20), people: Some(20), rooms: Some(10), ..Overrides::default() };
    let report = Server::parlor().load(Scenario::IdleMemory, &few);
    assert!(report.memory.unwrap().after > 0);
}

#[test]
fn short_connections_are_counted() {
    for server in [Server::parlor as fn() -> Server, || Server::bare("batch", 0)] {
        let report =
            server().load(Scenario::Connects, &Overrides { people: Some(20), rooms: Some(2), ..Overrides::default() });
        assert!(report.window.connects > 0);
    }
}
