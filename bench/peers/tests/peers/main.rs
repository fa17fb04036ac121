//! Every peer as a process, over real sockets: what is compared must do the same work, and lose nothing.
//!
//! Peers that need programs which are not installed are listed as ignored, and named on standard error.
#![allow(clippy::unwrap_used, clippy::panic)]

mod plain;
mod process;

use std::future::Future;
use std::pin::Pin;

use libtest_mimic::{Arguments, Failed, Trial};

use process::{Peer, Program};

/// What a peer is asked to show.
type Check = fn(&Peer) -> Pin<Box<dyn Future<Output = ()> + '_>>;

/// One peer: its name, how it is started, and whether what it needs is there.
struct Case {
    name: &'static str,
    program: Program,
    /// What is missing, and how to get it.
    missing: Option<&'static str>,
    /// Name, `HEARTBEAT_MS`, check.
    checks: Vec<(&'static str, u64, Check)>,
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in cases() {
        if let Some(missing) = case.missing
            && !arguments.list
        {
            eprintln!("NOT TESTED: {}: {missing}", case.name);
        }
        for (check, heartbeat_ms, run) in case.checks {
            let program = case.program.clone();
            let test = move || -> Result<(), Failed> {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                runtime.block_on(async { run(&Peer::start(&program, heartbeat_ms).await).await });
                Ok(())
            };
            trials.push(Trial::test(format!("{}::{check}", case.name), test).with_ignored_flag(case.missing.is_some()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn cases() -> Vec<Case> {
    let bare = |mode| Program::new(env!("CARGO_BIN_EXE_peer-bare")).env("MODE", mode);
    vec![
        Case { name: "bare-single", program: bare("single"), missing: None, checks: exacting() },
        Case { name: "bare-batch", program: bare("batch"), missing: None, checks: exacting() },
    ]
}

/// What every peer of the plain dialect must do.
fn plain() -> Vec<(&'static str, u64, Check)> {
    vec![
        ("order", 0, |peer| Box::pin(plain::order(peer))),
        ("none_lost", 0, |peer| Box::pin(plain::none_lost(peer))),
        ("heartbeat", 50, |peer| Box::pin(plain::heartbeat(peer))),
    ]
}

/// What else must be tried where the frames are our own work.
fn exacting() -> Vec<(&'static str, u64, Check)> {
    let mut checks = plain();
    checks.extend::<[(_, _, Check); 4]>([
        ("slow_reader", 20, |peer| Box::pin(plain::slow_reader(peer))),
        ("sizes", 0, |peer| Box::pin(plain::sizes(peer))),
        ("goodbye", 0, |peer| Box::pin(plain::goodbye(peer))),
        ("strangers", 0, |peer| Box::pin(plain::strangers(peer))),
    ]);
    checks
}
