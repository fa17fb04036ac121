//! Runs all rounds: each scenario against every server, in another order each round, so that other load on the machine
//! affects all alike.

use std::path::PathBuf;

use anyhow::{Context, ensure};
use parlor_bench::{load::Scenario, machine, server_process};

use crate::{
    args::Run,
    cell::{self, Outcome},
    metrics,
    peers::Peer,
    results,
};

/// Results of a server in a scenario.
pub(crate) struct Row {
    pub(crate) scenario: Scenario,
    pub(crate) peer: Peer,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) failures: Vec<String>,
}

/// Unavailable servers with the reason.
type Missing = Vec<(String, String)>;

pub(crate) struct Results {
    pub(crate) peers: Vec<Peer>,
    pub(crate) rows: Vec<Row>,
    pub(crate) missing: Missing,
}

/// Measures, prints and writes the results. True if Parlor delivered every message correctly in all rounds.
#[allow(clippy::print_stdout)]
pub(crate) fn run(run: &Run) -> anyhow::Result<bool> {
    let load_before = machine::load();
    let results = measure(run)?;
    let machine = machine::describe(&std::env::current_exe()?, load_before);
    let text = results::page(run, &results, &machine);
    println!("{text}");
    let file = run.out.clone().or_else(|| run.is_complete().then(|| PathBuf::from("bench/RESULTS.md")));
    if let Some(file) = file {
        std::fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        eprintln!("compare: written to {}", file.display());
    }
    Ok(results.rows.iter().filter(|row| row.peer.is_parlor()).all(Row::is_correct))
}

pub(crate) fn measure(run: &Run) -> anyhow::Result<Results> {
    server_process::end_on_signal().context("a signal would leave servers running")?;
    // Inherited by the servers.
    machine::sockets(usize::from(u16::MAX))?;
    let (peers, missing) = there(run)?;
    let mut rows = Vec::new();
    for scenario in run.scenarios() {
        let named = |peer: &&Peer| peer.takes_part(scenario) || run.peers.contains(&peer.name);
        let mut of_it: Vec<Row> = peers.iter().filter(named).map(|peer| Row::new(scenario, peer)).collect();
        ensure!(!of_it.is_empty(), "no selected server takes part in {}", scenario.name());
        for round in 0..run.rounds {
            let count = of_it.len();
            for turn in 0..count {
                of_it[(turn + round) % count].measure(run, round);
            }
        }
        rows.append(&mut of_it);
    }
    Ok(Results { peers, rows, missing })
}

/// The selected servers that are available.
fn there(run: &Run) -> anyhow::Result<(Vec<Peer>, Missing)> {
    let all = Peer::all(run)?;
    for name in &run.peers {
        ensure!(all.iter().any(|peer| peer.name == *name), "there is no {name}");
    }
    let asked = |peer: &Peer| run.peers.is_empty() || run.peers.contains(&peer.name);
    let (mut peers, mut missing) = (Vec::new(), Vec::new());
    for peer in all.into_iter().filter(asked) {
        match peer.missing() {
            None => peers.push(peer),
            Some(reason) => {
                eprintln!("compare: without {}: {reason}", peer.name);
                missing.push((peer.name, reason));
            }
        }
    }
    Ok((peers, missing))
}

impl Row {
    fn new(scenario: Scenario, peer: &Peer) -> Self {
        Self { scenario, peer: peer.clone(), outcomes: Vec::new(), failures: Vec::new() }
    }

    fn measure(&mut self, run: &Run, round: usize) {
        let what = format!("{} {}/{} {}", self.scenario.name(), round + 1, run.rounds, self.peer.name);
        match cell::run(run, &self.peer, self.scenario) {
            Ok(outcome) => {
                let told = metrics::of(self.scenario).into_iter().filter_map(|metric| {
                    (metric.of)(&outcome).map(|value| format!("{} {}", metric.show(value), metric.name))
                });
                let errors = outcome.report.errors();
                eprintln!("compare: {what}: {} {errors}", told.collect::<Vec<_>>().join(", "));
                self.outcomes.push(outcome);
            }
            Err(error) => {
                eprintln!("compare: {what}: {error:#}");
                self.failures.push(format!("{error:#}"));
            }
        }
    }

    /// Whether every message was delivered once to everyone, in order, in all rounds.
    pub(crate) fn is_correct(&self) -> bool {
        self.failures.is_empty() && self.outcomes.iter().all(|outcome| outcome.report.is_correct())
    }
}

impl Results {
    /// The row of a server by its name.
    pub(crate) fn row(&self, scenario: Scenario, peer: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.scenario == scenario && row.peer.name == peer)
    }

    /// Those of all builds of Parlor.
    pub(crate) fn parlors(&self) -> impl Iterator<Item = &Peer> {
        self.peers.iter().filter(|peer| peer.is_parlor())
    }

    pub(crate) fn scenarios(&self) -> Vec<Scenario> {
        let mut scenarios: Vec<_> = self.rows.iter().map(|row| row.scenario).collect();
        scenarios.dedup();
        scenarios
    }
}
