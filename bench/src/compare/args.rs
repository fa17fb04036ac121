//! Command line of `compare`.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use parlor_bench::load::{LoadArgs, Overrides, Scenario};

use crate::nodes::NodesArgs;

/// Compares Parlor with other servers
#[derive(Parser, Debug)]
#[command(name = "compare", args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Runs the load generator against a running server and prints the report as JSON
    Load(Box<LoadArgs>),
    /// Compares SQLite, PostgreSQL and several nodes; needs PostgreSQL and nats-server
    Nodes(NodesArgs),
}

/// What to measure.
#[derive(Args, Clone, Debug)]
pub(crate) struct Run {
    /// Number of rounds
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Measure only these scenarios
    #[arg(long, value_name = "SCENARIO", value_delimiter = ',')]
    pub(crate) only: Vec<Scenario>,
    /// Measure only these servers, for example parlor,bare-batch,nats
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) peers: Vec<String>,
    /// Builds of Parlor to measure, as PATH or NAME=PATH [default: target/release/parlor]
    #[arg(long = "bin", value_name = "[NAME=]PATH", value_delimiter = ',')]
    pub(crate) binaries: Vec<String>,
    /// File for the results; a partial run is only printed [default: bench/RESULTS.md]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Run a short check with generous bounds instead
    #[arg(long)]
    pub(crate) smoke: bool,
    /// CPU core of the server
    #[arg(long, default_value_t = 0)]
    pub(crate) server_core: usize,
    /// CPU core of the load generator
    #[arg(long, default_value_t = 1)]
    pub(crate) generator_core: usize,
    #[command(flatten)]
    pub(crate) overrides: Overrides,
}

impl Run {
    /// The scenarios to measure, in their usual order.
    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        let wanted = |scenario: &Scenario| self.only.is_empty() || self.only.contains(scenario);
        Scenario::ALL.into_iter().filter(wanted).collect()
    }

    /// The builds of Parlor to measure: names and paths.
    ///
    /// # Errors
    /// There is no such file, or two have one name.
    pub(crate) fn parlors(&self) -> anyhow::Result<Vec<(String, PathBuf)>> {
        let default = || std::env::var("PARLOR_BIN").unwrap_or_else(|_| "target/release/parlor".into());
        let given = if self.binaries.is_empty() { vec![default()] } else { self.binaries.clone() };
        let mut found: Vec<(String, PathBuf)> = Vec::new();
        for one in given {
            let (name, path) = one.split_once('=').unwrap_or(("parlor", &one));
            ensure!(!found.iter().any(|(other, _)| other == name), "two builds are called {name}: give NAME=PATH");
            let path = PathBuf::from(path).canonicalize().with_context(|| format!("there is no {path}"))?;
            found.push((name.to_owned(), path));
        }
        Ok(found)
    }

    /// Whether the run is complete, so that its results may replace the published ones.
    pub(crate) fn is_complete(&self) -> bool {
        self.only.is_empty() && self.peers.is_empty() && self.binaries.len() <= 1 && self.rounds >= 5
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(line: &str) -> Result<Run, clap::Error> {
        Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.run)
    }

    #[test]
    fn reads_flags() {
        let run = parse("compare --only connects,fanout-paced --peers parlor,nats --rounds 2 --seconds 1.5").unwrap();
        assert_eq!(run.scenarios(), [Scenario::FanoutPaced, Scenario::Connects]);
        assert_eq!((run.rounds, run.overrides.seconds), (2, Some(1.5)));
        assert_eq!(run.peers, ["parlor", "nats"]);
        assert!(!run.is_complete() && parse("compare").unwrap().is_complete());
        assert!(parse("compare --only what").is_err());
    }

    #[test]
    fn several_builds_have_names() {
        let run = parse("compare --bin old=/bin/true --bin new=/bin/false").unwrap();
        let names: Vec<_> = run.parlors().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["old", "new"]);
        assert!(parse("compare --bin /bin/true,/bin/false").unwrap().parlors().is_err());
        assert!(parse("compare --bin /nowhere/parlor").unwrap().parlors().is_err());
    }

    #[test]
    fn the_generator_has_its_own_command() {
        let cli = Cli::try_parse_from(["compare", "load", "--connect", "127.0.0.1:1", "--dialect", "nats"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Load(_))));
    }
}
