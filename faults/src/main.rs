//! Command line of seeded fault runs against the real server.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand, ValueEnum};
use parlor_faults::{
    client::Transport,
    process,
    run::{self, NodesPlan, Outcome, Plan, Repairs, Scenario},
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
    /// Scenarios, separated by commas; `each` runs all of one server, `each-of-nodes` all of several
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
    /// Number of nodes on PostgreSQL [default: 3 in scenarios of nodes; otherwise one server with its data folder]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=16))]
    nodes: Option<u16>,
    /// PostgreSQL server on which a database is created for each run [default: a server of the run's own]
    #[arg(long, value_name = "URL", requires = "nodes")]
    store: Option<String>,
    /// NATS server [default: one of the run's own, if there are several nodes]
    #[arg(long, value_name = "URL", requires = "nodes")]
    bus: Option<String>,
    /// Another version of the server, for mixed-versions [default: $PARLOR_OTHER_BIN]
    #[arg(long, value_name = "FILE")]
    other_bin: Option<PathBuf>,
}

#[derive(Clone, Debug)]
struct Scenarios(Vec<Scenario>);

fn scenarios(text: &str) -> Result<Scenarios, String> {
    let mut all = Vec::new();
    for name in text.split(',') {
        match name {
            "each" => all.extend(Scenario::EACH),
            "each-of-nodes" => all.extend(Scenario::EACH_OF_NODES),
            name => all.push(Scenario::from_str(name, false).map_err(|_| {
                let names: Vec<&str> =
                    Scenario::EACH.iter().chain(&Scenario::EACH_OF_NODES).map(|scenario| scenario.slug()).collect();
                format!("give each, each-of-nodes or some of {}", names.join(","))
            })?),
        }
    }
    Ok(Scenarios(all))
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
    let other_binary = runs.other_bin.clone().or_else(|| std::env::var_os("PARLOR_OTHER_BIN").map(PathBuf::from));
    let nodes = |scenario: Scenario| {
        let (store, bus, other_binary) = (runs.store.clone(), runs.bus.clone(), other_binary.clone());
        let count = runs.nodes.map(usize::from).or_else(|| scenario.is_of_nodes().then(|| NodesPlan::default().count));
        count.map(|count| NodesPlan { count, store, bus, other_binary })
    };
    let mut repairs = Repairs::default();
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
                nodes: nodes(scenario),
                ..Plan::new(binary.clone(), scenario, seed)
            };
            let name = scenario.slug();
            match run::run(&plan).await {
                Ok(Outcome::Held(report)) => {
                    held += 1;
                    repairs.extend(&report.repairs);
                    println!("{name}, seed {seed}: held. {report}");
                }
                Ok(Outcome::NotRun(reason)) => {
                    not_run += 1;
                    println!("{name}, seed {seed}: NOT RUN. {reason}");
                }
                Err(error) => {
                    println!("{name}, seed {seed}: BROKEN. {error:#}");
                    let nodes = runs.nodes.map_or_else(String::new, |nodes| format!(" --nodes {nodes}"));
                    println!("again: faults run --scenario {name} --seed {seed} --seconds {}{nodes}", runs.seconds);
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    if !repairs.is_empty() {
        println!("\nTime until all clients had caught up:\n\n{repairs}\n");
    }
    println!("{held} runs held, {not_run} not run");
    ExitCode::SUCCESS
}
