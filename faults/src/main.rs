//! Command line of seeded fault runs against the real server.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use parlor_faults::{
    client::Transport,
    process,
    run::{self, Outcome, Plan, Scenario},
    shutdown_signal,
};

/// Injects faults into a server under load, and checks that nothing was lost, duplicated or reordered
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs scenarios with successive seeds, and stops at the first failure
    Run(Runs),
}

#[derive(Debug, clap::Args)]
struct Runs {
    /// The server [default: $PARLOR_BIN, or the newest of target/release/parlor and target/debug/parlor]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// Scenarios, separated by commas; `each` runs all of them
    #[arg(long, default_value = "all", value_parser = scenarios)]
    scenario: Scenarios,
    /// Seed of the first run [default: random]
    #[arg(long)]
    seed: Option<u64>,
    /// Number of runs
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// Duration of the faults of each run
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Keep running for this many minutes, regardless of --runs
    #[arg(long)]
    minutes: Option<u64>,
    /// Number of clients
    #[arg(long, default_value_t = 24)]
    clients: usize,
    /// Messages per second of each client
    #[arg(long, default_value_t = 10.0)]
    rate: f64,
    /// Transports, separated by commas: ws, sse, poll
    #[arg(long, value_delimiter = ',', value_parser = transport, default_value = "ws,sse,poll")]
    transports: Vec<Transport>,
}

#[derive(Clone, Debug)]
struct Scenarios(Vec<Scenario>);

fn scenarios(text: &str) -> Result<Scenarios, String> {
    if text == "each" {
        return Ok(Scenarios(Scenario::EACH.into()));
    }
    let names: Vec<&str> = Scenario::EACH.iter().map(|scenario| scenario.slug()).collect();
    let all = text
        .split(',')
        .map(|name| Scenario::from_str(name, false).map_err(|_| format!("give each or some of {}", names.join(","))));
    all.collect::<Result<_, _>>().map(Scenarios)
}

fn transport(text: &str) -> Result<Transport, String> {
    Transport::ALL.into_iter().find(|one| one.slug() == text).ok_or_else(|| "give ws, sse or poll".into())
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(runs) = Args::parse().command;
    tokio::select! {
        code = all(&runs) => code,
        // Dropping the run stops its server.
        () = shutdown_signal() => ExitCode::from(130),
    }
}

#[allow(clippy::print_stdout)]
async fn all(runs: &Runs) -> ExitCode {
    let binary = match process::binary(runs.bin.as_deref()) {
        Ok(binary) => binary,
        Err(error) => {
            eprintln!("faults: {error:#}");
            return ExitCode::from(2);
        }
    };
    let first = runs.seed.unwrap_or_else(|| rand::random_range(1..1_000_000_000));
    let end = runs.minutes.map(|minutes| std::time::Instant::now() + Duration::from_secs(60 * minutes));
    let (mut held, mut not_run) = (0, 0);
    for number in 0.. {
        if end.map_or(number >= runs.runs, |end| std::time::Instant::now() >= end) {
            break;
        }
        let seed = first.wrapping_add(number);
        for scenario in runs.scenario.0.iter().copied() {
            let plan = Plan {
                time: Duration::from_secs(runs.seconds),
                clients: runs.clients,
                rate: runs.rate,
                transports: runs.transports.clone(),
                ..Plan::new(binary.clone(), scenario, seed)
            };
            let name = scenario.slug();
            match run::run(&plan).await {
                Ok(Outcome::Held(report)) => {
                    held += 1;
                    println!("{name}, seed {seed}: held. {report}");
                }
                Ok(Outcome::NotRun(reason)) => {
                    not_run += 1;
                    println!("{name}, seed {seed}: NOT RUN. {reason}");
                }
                Err(error) => {
                    println!("{name}, seed {seed}: BROKEN. {error:#}");
                    println!("again: faults run --scenario {name} --seed {seed} --seconds {}", runs.seconds);
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    println!("{held} runs held, {not_run} not run");
    ExitCode::SUCCESS
}
