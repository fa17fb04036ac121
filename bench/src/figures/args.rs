//! The command line of `figures`.

use std::path::PathBuf;

use crate::{latency::Load, turns::Turns};

pub(crate) const USAGE: &str = "\
usage: figures [--bin PATH] [--only start,memory,idle,latency,throughput,comeback,stalled,hostile] [--long]
               [--connections N] [--clients N] [--rate N] [--seconds N] [--runs N] [--members N] [--rounds N]
               [--phase N]
  --bin PATH         the server to measure (default: $PARLOR_BIN, else target/release/parlor)
  --only LIST        these figures only
  --connections N    idle connections for `idle` (default 5000)
  --clients N        clients in the room for `latency` (default 100)
  --rate N           messages a second for `latency` (default 50)
  --seconds N        how long `latency` sends (default 20)
  --runs N           how often `comeback` kills the server (default 3)
  --members N        people in the room of `stalled`, a tenth of whom stop reading (default 300)
  --rounds N         how often `stalled` and `hostile` do harm (default 2)
  --phase N          seconds of a phase of these two (default 6); in `hostile`, harm lasts until all are closed
  --long             50 runs; 1000 members, 3 rounds and phases of 60 s for `stalled`, 7 rounds and phases of 10 s for
                     `hostile`; flags behind it change that again";

/// Those that take a value.
const FLAGS: [&str; 10] = [
    "--bin",
    "--only",
    "--connections",
    "--clients",
    "--rate",
    "--seconds",
    "--runs",
    "--members",
    "--rounds",
    "--phase",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    Start,
    Memory,
    Idle,
    Latency,
    Throughput,
    Comeback,
    Stalled,
    Hostile,
}

#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) binary: PathBuf,
    pub(crate) figures: Vec<Figure>,
    pub(crate) connections: usize,
    pub(crate) latency: Load,
    /// Kills, for `comeback`.
    pub(crate) runs: usize,
    /// People, for `stalled`.
    pub(crate) members: usize,
    pub(crate) stalled: Turns,
    pub(crate) hostile: Turns,
}

impl Figure {
    const ALL: [Self; 8] = [
        Self::Start,
        Self::Memory,
        Self::Idle,
        Self::Latency,
        Self::Throughput,
        Self::Comeback,
        Self::Stalled,
        Self::Hostile,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Memory => "memory",
            Self::Idle => "idle",
            Self::Latency => "latency",
            Self::Throughput => "throughput",
            Self::Comeback => "comeback",
            Self::Stalled => "stalled",
            Self::Hostile => "hostile",
        }
    }

    /// Whether there is no figure without /proc. The others only lose the notes on processor time.
    pub(crate) fn needs_proc(self) -> bool {
        matches!(self, Self::Memory | Self::Idle | Self::Stalled)
    }

    fn from_name(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|figure| figure.name() == name).ok_or_else(|| format!("there is no figure {name:?}"))
    }
}

impl Args {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut args = Self {
            binary: std::env::var_os("PARLOR_BIN").unwrap_or_else(|| "target/release/parlor".into()).into(),
            figures: Figure::ALL.into(),
            connections: 5_000,
            latency: Load { clients: 100, rate: 50, seconds: 20 },
            runs: 3,
            members: 300,
            stalled: Turns { rounds: 2, seconds: 6 },
            hostile: Turns { rounds: 2, seconds: 6 },
        };
        let mut words = words;
        while let Some(flag) = words.next() {
            if flag == "--long" {
                (args.runs, args.members) = (50, 1_000);
                args.stalled = Turns { rounds: 3, seconds: 60 };
                args.hostile = Turns { rounds: 7, seconds: 10 };
                continue;
            }
            if !FLAGS.contains(&flag.as_str()) {
                return Err(format!("unknown argument {flag:?}"));
            }
            let value = words.next().ok_or_else(|| format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--bin" => args.binary = value.into(),
                "--only" => args.figures = value.split(',').map(Figure::from_name).collect::<Result<_, _>>()?,
                "--connections" => args.connections = number(&value, 1, 20_000)?,
                "--clients" => args.latency.clients = number(&value, 1, 2_000)?,
                "--rate" => args.latency.rate = number(&value, 1, 10_000)?,
                "--runs" => args.runs = number(&value, 1, 1_000)?,
                "--members" => args.members = number(&value, 2, 2_000)?,
                "--rounds" => (args.stalled.rounds, args.hostile.rounds) = twice(number(&value, 1, 20)?),
                "--phase" => (args.stalled.seconds, args.hostile.seconds) = twice(number(&value, 1, 300)? as u64),
                _ => args.latency.seconds = number(&value, 1, 60)?,
            }
        }
        Ok(args)
    }
}

fn twice<T: Copy>(value: T) -> (T, T) {
    (value, value)
}

fn number(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{text:?} is no number from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(String::from))
    }

    #[test]
    fn reads_flags() {
        let args = parse("--bin /x/parlor --only idle,start --connections 10 --rate 7").unwrap();
        assert_eq!(args.binary, PathBuf::from("/x/parlor"));
        assert_eq!(args.figures, [Figure::Idle, Figure::Start]);
        assert_eq!((args.connections, args.latency.rate), (10, 7));
        let default = parse("").unwrap();
        assert_eq!((default.figures.len(), default.runs, default.stalled.seconds), (8, 3, 6));
        let long = parse("--long --runs 5").unwrap();
        assert_eq!((long.runs, long.members, long.stalled.seconds), (5, 1_000, 60));
    }

    #[test]
    fn says_what_is_wrong() {
        for (line, reason) in [
            ("--what 1", "unknown argument"),
            ("--bin", "needs a value"),
            ("--only idle,what", "no figure"),
            ("--connections 0", "no number"),
            ("--rate x", "no number"),
        ] {
            assert!(parse(line).unwrap_err().contains(reason), "{line}");
        }
    }
}
