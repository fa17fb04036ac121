//! Seeded runs: clients write under load, a nemesis does harm, all is healed, and the checker has the last word.
//!
//! A seed fixes who writes what how fast, which harm is done in which order after which pauses, and what befalls the n-th
//! connection. The operating system still decides how all that interleaves, so a replay is the same storm, not the same
//! waves.

mod crew;
mod nemesis;
mod report;
mod tmpfs;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use crew::Crew;
use nemesis::Nemesis;
use rand::{Rng, SeedableRng, rngs::StdRng};
pub use report::{Outcome, Report};
pub use tmpfs::Tmpfs;

use crate::{
    checker::{History, check_complete},
    client::Transport,
    process::Server,
    proxy::Proxy,
};

/// What harm is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Scenario {
    /// None: the measure of the others
    Calm,
    /// The server is killed (-9) and started again, at random moments
    Kill,
    /// The server is told to stop (SIGTERM) and started again
    Stop,
    /// The proxy delays, slices, cuts, half-closes, stalls, holds back, and loses acks
    Proxy,
    /// Clients stop reading for a while, their sockets open
    FrozenClients,
    /// The server is frozen (SIGSTOP) for a while
    FrozenServer,
    /// An older copy of the data is put back, while clients hold newer cursors
    Restore,
    /// The disk is full for a while
    DiskFull,
    /// Everything together, but for the full disk
    All,
}

impl Scenario {
    /// Each of them.
    pub const EACH: [Self; 9] = [
        Self::Calm,
        Self::Kill,
        Self::Stop,
        Self::Proxy,
        Self::FrozenClients,
        Self::FrozenServer,
        Self::Restore,
        Self::DiskFull,
        Self::All,
    ];

    /// As on the command line.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Proxy => "proxy",
            Self::FrozenClients => "frozen-clients",
            Self::FrozenServer => "frozen-server",
            Self::Restore => "restore",
            Self::DiskFull => "disk-full",
            Self::All => "all",
        }
    }
}

/// One run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The server.
    pub binary: PathBuf,
    /// The harm.
    pub scenario: Scenario,
    /// All chance comes from it.
    pub seed: u64,
    /// How long they write and harm is done.
    pub time: Duration,
    /// Clients, spread over the transports.
    pub clients: usize,
    /// How they connect.
    pub transports: Vec<Transport>,
    /// Rooms beside the lobby.
    pub rooms: usize,
    /// Messages a second of each client.
    pub rate: f64,
    /// Time to catch up once all is healed.
    pub patience: Duration,
}

impl Plan {
    /// A run of usual size.
    #[must_use]
    pub fn new(binary: PathBuf, scenario: Scenario, seed: u64) -> Self {
        let transports = Transport::ALL.into();
        let time = Duration::from_secs(10);
        let patience = Duration::from_secs(40);
        Self { binary, scenario, seed, time, clients: 24, transports, rooms: 2, rate: 10.0, patience }
    }
}

/// Heartbeats of the server in a run: short, so that what is silent is found within it.
const HEARTBEAT_MS: &str = "1000";

/// The size of the disk that gets full.
const DISK: &str = "24m";

/// Runs it.
///
/// # Errors
/// A violation, or that the run could not be made. The seed is the caller's to tell.
pub async fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    // The folder goes last: after the disk on it, and the server in it.
    let folder = tempfile::Builder::new().prefix("parlor-faults-").tempdir()?;
    let disk = match (plan.scenario == Scenario::DiskFull).then(|| Tmpfs::mount(&folder.path().join("disk"), DISK)) {
        Some(Err(error)) => return Ok(Outcome::NotRun(format!("{error:#}"))),
        Some(Ok(disk)) => Some(disk),
        None => None,
    };
    let data = disk.as_ref().map_or(folder.path(), Tmpfs::path).join("data");
    let server = Server::start(&plan.binary, &data, &["--rate-limits", "off", "--heartbeat-ms", HEARTBEAT_MS])?;
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let proxy = Proxy::start(server.address(), rng.random()).await?;
    let crew = Crew::enter(plan, server.address(), proxy.address(), &mut rng).await?;
    let mut nemesis = Nemesis::new(plan.scenario, server, &proxy, &crew, disk.as_ref(), StdRng::from_rng(&mut rng));
    let writing = crew.write(plan, &mut rng);
    let harmed = nemesis.harm(plan.time).await;
    let healed = match harmed {
        Ok(()) => nemesis.heal().await,
        Err(error) => Err(error),
    };
    writing.end().await;
    let health = healed.with_context(|| format!("the nemesis: {}", nemesis.deeds()));
    let caught_up = match health {
        Ok(()) => catch_up(plan, &nemesis, &crew).await,
        Err(error) => Err(error),
    };
    let deeds = nemesis.deeds();
    let (server, epochs) = nemesis.end();
    let finished = async {
        let caught_up = caught_up?;
        let newest = crew.history(server.address()).await.context("reading the history")?;
        let mut all = epochs.into_iter().chain([newest]);
        let first = all.next().unwrap_or_default();
        anyhow::Ok((all.fold(History::new(first), History::then), caught_up))
    };
    let finished = finished.await;
    let connections = proxy.connections();
    let ended = crew.end();
    let said = server.said();
    let panics: Vec<&String> = said.iter().filter(|line| line.contains("panicked")).collect();
    if !panics.is_empty() {
        bail!("the server panicked: {}", said.join("\n"));
    }
    let (history, caught_up) = finished.with_context(|| format!("{deeds}\nserver: {}", last(&said)))?;
    let complaints: Vec<String> = ended.iter().flat_map(|ended| ended.complaints.clone()).collect();
    let stats = Report::sum(&ended);
    let logs: Vec<_> = ended.into_iter().map(|ended| ended.log).collect();
    let summary = check_complete(&history, &logs).with_context(|| deeds.clone())?;
    if !complaints.is_empty() {
        bail!("the protocol was broken:\n{}\n{deeds}", complaints.join("\n"));
    }
    if plan.scenario == Scenario::DiskFull && stats.refusals == 0 {
        bail!("the disk was never full: nobody was refused\n{deeds}");
    }
    let report = Report { summary, stats, connections, caught_up, deeds, time: begun.elapsed() };
    Ok(Outcome::Held(Box::new(report)))
}

/// Waits until everyone has everything, and all is stored. How long that took.
async fn catch_up(plan: &Plan, nemesis: &Nemesis<'_>, crew: &Crew) -> anyhow::Result<Duration> {
    let healed = Instant::now();
    loop {
        let behind = crew.behind(nemesis.address()).await;
        match behind {
            Ok(behind) if behind.is_empty() => return Ok(healed.elapsed()),
            Ok(behind) if healed.elapsed() > plan.patience => {
                bail!("not caught up {:?} after all was healed:\n{}", plan.patience, behind.join("\n"));
            }
            Err(error) if healed.elapsed() > plan.patience => return Err(error.context("asking for the heads")),
            Ok(_) | Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn last(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(10)..].join("\n")
}
