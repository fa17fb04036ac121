//! Measures Parlor beside other servers: each scenario is done to each of them in turn, round after round, a fresh server
//! process for each, on one core, with the load generator on another.
//!
//! `compare load …` is the generator alone, against a server that runs already.

#[cfg(target_os = "linux")]
mod args;
#[cfg(target_os = "linux")]
mod cell;
#[cfg(target_os = "linux")]
mod goals;
#[cfg(target_os = "linux")]
mod metrics;
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
        Some(args::Command::Load(ask)) => load(ask),
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
    eprintln!("compare: only Linux has what this measures with");
    ExitCode::FAILURE
}

/// Generates load as asked, and prints the report.
#[cfg(target_os = "linux")]
#[allow(clippy::print_stdout)]
fn load(ask: &parlor_bench::load::Ask) -> anyhow::Result<bool> {
    let report = parlor_bench::load::run(ask)?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    if let Some(cpu) = report.window.cpu_per_delivery() {
        eprintln!("compare: {cpu:.3} CPU-seconds per million deliveries");
    }
    eprintln!("compare: the generator used {:.0} % of its core", report.window.own_share() * 100.0);
    if !report.is_right() {
        eprintln!("compare: {}", report.wrongs());
    }
    Ok(report.is_right())
}
