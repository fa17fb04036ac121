//! Seeded runs of faults against the real server, from the command line.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use parlor_faults::{
    client::Transport,
    process,
    run::{self, Outcome, Plan, Scenario},
};

/// Does harm to a server under load, and checks that nothing was lost, doubled or put out of order.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes runs, each with the next seed, and stops at the first that fails
    Run(Runs),
}

#[derive(Debug, clap::Args)]
struct Runs {
    /// The server [default: $PARLOR_BIN, target/release/parlor, target/debug/parlor]
    #[arg(long)]
    bin: Option<PathBuf>,
    /// The harm; `each` makes every run once for each scenario
    #[arg(long, default_value = "all", value_parser = scenarios)]
    scenario: Scenarios,
    /// Seed of the first run [default: a random one]
    #[arg(long)]
    seed: Option<u64>,
    /// How many runs
    #[arg(long, default_value_t = 1)]
    runs: u64,
    /// How long each run does harm
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Goes on with runs until so many minutes are over, whatever --runs says
    #[arg(long)]
    minutes: Option<u64>,
    /// Clients of a run
    #[arg(long, default_value_t = 24)]
    clients: usize,
    /// Messages a second of each client
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
        // Dropping the run ends its server.
        () = told_to_end() => ExitCode::from(130),
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

async fn told_to_end() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
}
