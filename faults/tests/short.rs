//! Each scenario once, for a few seconds and with a fixed seed. `make faults` runs them longer, with new seeds.
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

/// `PARLOR_BIN`, or the one of this build: `cargo test --workspace` makes it before it runs any test. Without it, it is
/// built first.
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
    let plan = Plan { time: Duration::from_secs(4), clients: 9, rate: 6.0, ..Plan::new(binary(), scenario, 1) };
    let (name, seed) = (scenario.slug(), plan.seed);
    // eprintln! would be kept back when the test passes.
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
async fn killed_and_started_again() {
    holds(Scenario::Kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopped_and_started_again() {
    holds(Scenario::Stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_does_harm() {
    holds(Scenario::Proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frozen_clients() {
    holds(Scenario::FrozenClients).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server() {
    holds(Scenario::FrozenServer).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_database_put_back() {
    holds(Scenario::Restore).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk() {
    holds(Scenario::DiskFull).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_together() {
    holds(Scenario::All).await;
}
