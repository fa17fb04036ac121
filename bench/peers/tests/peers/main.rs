//! Tests every peer as a process over real sockets, so that all compared servers do the same work and lose nothing.
//!
//! Peers whose programs are not installed are ignored, and named on standard error.

#![allow(clippy::unwrap_used, clippy::panic)]

mod checks;
mod frames;
mod member;
mod process;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Failed, Trial};

use member::Dialect;
use process::{Peer, Program};

type Check = fn(&Peer) -> Pin<Box<dyn Future<Output = ()> + '_>>;

/// Name of a check, its `HEARTBEAT_MS`, and the check.
type Named = (&'static str, u64, Check);

/// Checks of every peer.
const ALL: [Named; 3] = [
    ("order", 0, |peer| Box::pin(checks::order(peer))),
    ("none_lost", 0, |peer| Box::pin(checks::none_lost(peer))),
    ("heartbeat", 500, |peer| Box::pin(checks::heartbeat(peer))),
];

/// Checks of peers with hand-written frames.
const FRAMES: [Named; 4] = [
    ("slow_reader", 20, |peer| Box::pin(frames::slow_reader(peer))),
    ("sizes", 0, |peer| Box::pin(frames::sizes(peer))),
    ("goodbye", 0, |peer| Box::pin(frames::goodbye(peer))),
    ("strangers", 0, |peer| Box::pin(frames::strangers(peer))),
];

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, program) in peers() {
        let missing = program.missing();
        if let Some(missing) = missing
            && !arguments.list
        {
            eprintln!("NOT TESTED: {name}: {missing}; bench/peers/setup.sh installs it");
        }
        let more = if program.dialect == Dialect::Bare { &FRAMES[..] } else { &[] };
        for &(check, heartbeat_ms, run) in ALL.iter().chain(more) {
            let program = program.clone();
            let test = move || -> Result<(), Failed> {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async { run(&Peer::start(&program, heartbeat_ms).await).await });
                Ok(())
            };
            trials.push(Trial::test(format!("{name}::{check}"), test).with_ignored_flag(missing.is_some()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn peers() -> [(&'static str, Program); 10] {
    let bare = |mode| Program::new(env!("CARGO_BIN_EXE_peer-bare"), Dialect::Bare).mode(mode);
    [
        ("bare-single", bare("single")),
        ("bare-batch", bare("batch")),
        ("axum-tutorial", Program::new(env!("CARGO_BIN_EXE_peer-axum-tutorial"), Dialect::Plain)),
        ("axum-tuned", Program::new(env!("CARGO_BIN_EXE_peer-axum-tuned"), Dialect::Plain)),
        ("ws-tutorial", Program::node("ws-tutorial.js", Dialect::Plain)),
        ("ws-tuned", Program::node("ws-tuned.js", Dialect::Plain)),
        ("ws-tuned-batch", Program::node("ws-tuned.js", Dialect::Plain).mode("batch")),
        ("socket.io", Program::node("socketio.js", Dialect::SocketIo)),
        ("socketioxide", Program::new(env!("CARGO_BIN_EXE_peer-socketioxide"), Dialect::SocketIo)),
        ("nats", Program::new("nats-server", Dialect::Nats)),
    ]
}
