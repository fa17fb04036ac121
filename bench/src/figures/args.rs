//! Command line of `figures`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, builder::RangedU64ValueParser};

use crate::{flood::FloodArgs, latency::Load, phases::PhasePlan};

/// Measures a Parlor server from outside and prints a Markdown table.
#[derive(Debug, Parser)]
#[command(name = "figures", args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) args: Args,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The connections that `--only flood` measures with, in a process of their own
    #[command(hide = true)]
    Flood(FloodArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The server to measure
    #[arg(long = "bin", value_name = "PATH", env = "PARLOR_BIN", default_value = "target/release/parlor")]
    pub(crate) binary: PathBuf,
    /// Measure only these figures
    #[arg(long = "only", value_name = "FIGURE", value_delimiter = ',', default_values_t = Figure::value_variants().to_vec())]
    pub(crate) figures: Vec<Figure>,
    /// Idle connections for `idle`
    #[arg(long, value_name = "N", default_value = "5000", value_parser = at_most(20_000))]
    pub(crate) connections: usize,
    /// Clients in the room for `latency`
    #[arg(long, value_name = "N", default_value = "100", value_parser = at_most(2_000))]
    clients: usize,
    /// Messages per second for `latency`
    #[arg(long, value_name = "N", default_value = "50", value_parser = at_most(10_000))]
    rate: usize,
    /// Duration of `latency`
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = at_most(60))]
    seconds: usize,
    /// How often `recovery` kills the server [default: 3, with --long 50]
    #[arg(long, value_name = "N", value_parser = at_most(1_000))]
    runs: Option<usize>,
    /// Clients in the room of `stalled`, a tenth of which stop reading [default: 300, with --long 1000]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(2..=2_000))]
    members: Option<usize>,
    /// Phases with faults in `stalled`, `hostile` and `flood` [default: 2, with --long 3 and 7]
    #[arg(long, value_name = "N", value_parser = at_most(20))]
    rounds: Option<usize>,
    /// Duration of a phase of `stalled`, `hostile` and `flood` [default: 6, with --long 60 and 10]
    #[arg(long, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::new().range(1..=300))]
    phase: Option<u64>,
    /// Measure for about 15 minutes, with more runs and longer phases
    #[arg(long)]
    long: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Figure {
    Start,
    Memory,
    Idle,
    Latency,
    Throughput,
    #[value(alias = "comeback")]
    Recovery,
    Stalled,
    Hostile,
    Flood,
    Crowd,
}

impl Figure {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Memory => "memory",
            Self::Idle => "idle",
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::Recovery => "recovery",
            Self::Stalled => "stalled",
            Self::Hostile => "hostile",
            Self::Flood => "flood",
            Self::Crowd => "crowd",
        }
    }

    /// Whether the figure itself is read from /proc. The others only lose their notes on processor time without it.
    pub(crate) const fn needs_proc(self) -> bool {
        matches!(self, Self::Memory | Self::Idle | Self::Stalled)
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Args {
    pub(crate) const fn latency(&self) -> Load {
        Load { clients: self.clients, rate: self.rate, seconds: self.seconds }
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.unwrap_or(if self.long { 50 } else { 3 })
    }

    pub(crate) fn members(&self) -> usize {
        self.members.unwrap_or(if self.long { 1_000 } else { 300 })
    }

    pub(crate) fn stalled(&self) -> PhasePlan {
        self.phases(if self.long { (3, 60) } else { (2, 6) })
    }

    pub(crate) fn hostile(&self) -> PhasePlan {
        self.phases(if self.long { (7, 10) } else { (2, 6) })
    }

    fn phases(&self, (rounds, seconds): (usize, u64)) -> PhasePlan {
        PhasePlan { rounds: self.rounds.unwrap_or(rounds), seconds: self.phase.unwrap_or(seconds) }
    }
}

fn at_most(limit: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=limit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Ok(Cli::try_parse_from(std::iter::once("figures").chain(line.split_whitespace()))?.args)
    }

    #[test]
    fn parses_flags() {
        let args = parse("--bin /x/parlor --only idle,start --connections 10 --rate 7").unwrap();
        assert_eq!(args.binary, PathBuf::from("/x/parlor"));
        assert_eq!(args.figures, [Figure::Idle, Figure::Start]);
        assert_eq!((args.connections, args.latency().rate), (10, 7));
        let default = parse("").unwrap();
        assert_eq!((default.figures.len(), default.runs(), default.stalled().seconds), (10, 3, 6));
        let long = parse("--long --runs 5").unwrap();
        assert_eq!((long.runs(), long.members(), long.stalled().seconds), (5, 1_000, 60));
    }

    #[test]
    fn rejects_invalid_flags() {
        for line in ["--what 1", "--bin", "--only idle,what", "--connections 0", "--connections 20001", "--rate x"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
