//! Measures a release binary from outside and prints a Markdown table.
//!
//! Each figure starts its own server on a free port of 127.0.0.1 with an empty data folder. Progress is written to standard
//! error, the table to standard output.

mod args;
mod client;
mod crowd;
mod flood;
mod hostile;
mod idle;
mod latency;
mod lobby_load;
mod phases;
mod recovery;
mod stalled;
mod start;
mod throughput;
mod wire;

use std::{future::Future, process::ExitCode, time::Duration};

use anyhow::Context;
use args::{Args, Cli, Command, Figure};
use clap::Parser;
use parlor_bench::{machine, server_process, stats};
use phases::PhasePlan;

struct Row {
    figure: String,
    value: String,
    how: String,
}

fn main() -> ExitCode {
    let args = match Cli::parse() {
        Cli { command: Some(Command::Flood(args)), .. } => return flood(&args),
        Cli { command: None, args } => args,
    };
    if let Err(error) = server_process::end_on_signal() {
        eprintln!("figures: a signal will leave the server running: {error:#}");
    }
    let machine = machine::describe(&args.binary, machine::load());
    let mut rows = Vec::new();
    let mut failed = false;
    for figure in &args.figures {
        eprintln!("figures: measuring {} ...", figure.name());
        match measure(*figure, &args) {
            Ok(found) => rows.extend(found),
            Err(error) => {
                failed = true;
                eprintln!("figures: {}: {error:#}", figure.name());
                rows.push(Row {
                    figure: figure.name().into(),
                    value: "not measured".into(),
                    how: format!("{error:#}"),
                });
            }
        }
    }
    print(&rows, &machine);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn flood(args: &flood::FloodArgs) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(anyhow::Error::from).and_then(|runtime| runtime.block_on(flood::run(args))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: flood: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(figure: Figure, args: &Args) -> anyhow::Result<Vec<Row>> {
    if figure.needs_proc() && !cfg!(target_os = "linux") {
        let how = "needs /proc, which only Linux has".into();
        return Ok(vec![Row { figure: figure.name().into(), value: "skipped".into(), how }]);
    }
    match figure {
        Figure::Start => start::first_response(&args.binary),
        Figure::Memory => start::idle_memory(&args.binary),
        Figure::Idle => run(180, idle::memory_per_connection(&args.binary, args.connections)),
        Figure::Latency => run(90, latency::send_to_delivered(&args.binary, &args.latency())),
        Figure::Throughput => run(60, throughput::acked_messages(&args.binary)),
        Figure::Recovery => {
            run(180 + 60 * args.runs() as u64, recovery::reconnect_after_kill(&args.binary, args.runs()))
        }
        Figure::Stalled => {
            let plan = args.stalled();
            run(limit(&plan), stalled::with_stalled_clients(&args.binary, args.members(), &plan))
        }
        Figure::Hostile => {
            let plan = args.hostile();
            run(limit(&plan), hostile::with_hostile_connections(&args.binary, &plan))
        }
        Figure::Flood => {
            let plan = args.hostile();
            run(limit(&plan) + 40 * plan.rounds as u64, flood::with_a_flood(&args.binary, &plan))
        }
        Figure::Crowd => run(600, crowd::with_a_crowd(&args.binary)),
    }
}

/// Time limit in seconds for all phases, even on a busy machine.
fn limit(plan: &PhasePlan) -> u64 {
    240 + 2 * plan.seconds.max(30) * (2 * plan.rounds as u64 + 1)
}

/// Runs a figure on one thread, which leaves the other cores to the server.
fn run(seconds: u64, figure: impl Future<Output = anyhow::Result<Vec<Row>>>) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime
        .block_on(async { tokio::time::timeout(Duration::from_secs(seconds), figure).await })
        .with_context(|| format!("it took more than {seconds} s"))?
}

#[allow(clippy::print_stdout)]
fn print(rows: &[Row], machine: &str) {
    println!("| what | figure | how |");
    println!("|---|---|---|");
    for Row { figure, value, how } in rows {
        println!("| {figure} | {value} | {how} |");
    }
    println!();
    println!("{machine}");
}
