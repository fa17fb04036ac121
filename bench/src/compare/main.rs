//! Compares Parlor with other servers. Each round runs each scenario against a new process of each server on one core,
//! with the load generator on another.
//!
//! `compare load …` runs the load generator against a running server. `compare nodes` compares stores and numbers of nodes.

#[cfg(target_os = "linux")]
mod args;
#[cfg(target_os = "linux")]
mod cell;
#[cfg(target_os = "linux")]
mod goals;
#[cfg(target_os = "linux")]
mod metrics;
#[cfg(target_os = "linux")]
mod nodes;
#[cfg(target_os = "linux")]
mod peers;
#[cfg(target_os = "linux")]
mod results;
#[cfg(target_os = "linux")]
mod rounds;
#[cfg(target_os = "linux")]
mod smoke;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    use clap::Parser;
    let cli = args::Cli::parse();
    let done = match &cli.command {
        Some(args::Command::Load(args)) => load(args),
        Some(args::Command::Nodes(args)) => nodes::run(args),
        None if cli.run.smoke => smoke::run(&cli.run),
        None => rounds::run(&cli.run),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compare: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("compare: only available on Linux");
    ExitCode::FAILURE
}

/// Runs the load generator and prints its report.
#[cfg(target_os = "linux")]
#[allow(clippy::print_stdout)]
fn load(args: &parlor_bench::load::LoadArgs) -> anyhow::Result<bool> {
    let report = parlor_bench::load::run(args)?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    if let Some(cpu) = report.window.cpu_per_delivery() {
        eprintln!("compare: {cpu:.3} CPU-seconds per million deliveries");
    }
    eprintln!("compare: the generator used {:.0} % of its core", report.window.own_share() * 100.0);
    if !report.is_correct() {
        eprintln!("compare: {}", report.errors());
    }
    Ok(report.is_correct())
}
