//! Each scenario for a few seconds with a fixed seed. `make faults` runs them longer with new seeds.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    env,
    io::{Write, stderr},
    path::PathBuf,
    process::Command,
    sync::OnceLock,
    time::Duration,
};

use parlor_faults::run::{self, Outcome, Plan, Scenario};
use tokio::sync::Mutex;

/// `PARLOR_BIN`, or the binary of this build, which is built if it does not exist.
fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    let found = BINARY.get_or_init(|| {
        if let Some(named) = env::var_os("PARLOR_BIN") {
            return named.into();
        }
        // target/<profile>/deps/short-…
        let built = env::current_exe().unwrap().ancestors().nth(2).unwrap().join("parlor");
        if !built.is_file() {
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--package", "parlor", "--bin", "parlor"]);
            if !cfg!(debug_assertions) {
                build.arg("--release");
            }
            assert!(build.status().unwrap().success());
        }
        built
    });
    found.clone()
}

async fn holds(scenario: Scenario) {
    // Three servers and PostgreSQL each: at the same time they would measure the machine.
    static SEVERAL_NODES: Mutex<()> = Mutex::const_new(());
    let _alone = if scenario.is_of_nodes() { Some(SEVERAL_NODES.lock().await) } else { None };
    let mut plan = Plan { time: Duration::from_secs(4), clients: 9, rate: 6.0, ..Plan::new(binary(), scenario, 1) };
    if let Some(nodes) = &mut plan.nodes {
        nodes.other_binary = env::var_os("PARLOR_OTHER_BIN").map(PathBuf::from);
    }
    let (name, seed) = (scenario.slug(), plan.seed);
    // The test harness would capture eprintln!.
    let mut screen = stderr();
    match run::run(&plan).await {
        Ok(Outcome::Held(report)) => writeln!(screen, "{name}: held. {report}").unwrap(),
        Ok(Outcome::NotRun(reason)) => writeln!(screen, "{name}: NOT RUN. {reason}").unwrap(),
        Err(error) => panic!("faults run --scenario {name} --seed {seed} --seconds 4: {error:#}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calm() {
    holds(Scenario::Calm).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill() {
    holds(Scenario::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop() {
    holds(Scenario::Stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxy_faults() {
    holds(Scenario::Proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_clients() {
    holds(Scenario::FrozenClients).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_server() {
    holds(Scenario::FrozenServer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restored_backup() {
    holds(Scenario::Restore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk() {
    holds(Scenario::DiskFull).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults() {
    holds(Scenario::All).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "20 s each; make faults runs it, and cargo test -p parlor-faults -- --include-ignored"]
async fn node_kill() {
    holds(Scenario::NodeKill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "20 s each; make faults runs it, and cargo test -p parlor-faults -- --include-ignored"]
async fn bus_stop() {
    holds(Scenario::BusStop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "20 s each; make faults runs it, and cargo test -p parlor-faults -- --include-ignored"]
async fn store_stop() {
    holds(Scenario::StoreStop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partition() {
    holds(Scenario::Partition).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_pause() {
    holds(Scenario::NodePause).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "20 s each; make faults runs it, and cargo test -p parlor-faults -- --include-ignored"]
async fn clock() {
    holds(Scenario::Clock).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "20 s each; make faults runs it, and cargo test -p parlor-faults -- --include-ignored"]
async fn mixed_versions() {
    holds(Scenario::MixedVersions).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_faults_of_nodes() {
    holds(Scenario::NodesAll).await;
}
