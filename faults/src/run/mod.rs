//! Seeded runs: clients send under load, a nemesis injects faults, all faults end, and the checker decides.
//!
//! A seed determines the messages and their timing, the faults and their order, and the fault of the n-th connection. The
//! interleaving still depends on the operating system, so a replay is similar, not identical.

mod clients;
mod nemesis;
mod report;
mod tmpfs;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clients::Clients;
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

/// Faults of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Scenario {
    /// No faults
    Calm,
    /// The server is killed (SIGKILL) and restarted at random times
    Kill,
    /// The server is stopped (SIGTERM) and restarted
    Stop,
    /// The proxy delays, fragments, closes, half-closes, stalls and holds back connections, and drops acks
    Proxy,
    /// Clients stop reading for a time, with open sockets
    FrozenClients,
    /// The server is suspended (SIGSTOP) for a time
    FrozenServer,
    /// An older copy of the data is restored while clients have newer cursors
    Restore,
    /// The disk is full for a time
    DiskFull,
    /// All of the above except the full disk
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

    /// Name on the command line.
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

/// Parameters of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Server binary.
    pub binary: PathBuf,
    /// Faults.
    pub scenario: Scenario,
    /// Seed of all random choices.
    pub seed: u64,
    /// Duration of load and faults.
    pub time: Duration,
    /// Number of clients, spread over the transports.
    pub clients: usize,
    /// How they connect.
    pub transports: Vec<Transport>,
    /// Number of rooms besides the lobby.
    pub rooms: usize,
    /// Messages per second of each client.
    pub rate: f64,
    /// Time to catch up after the faults end.
    pub patience: Duration,
}

impl Plan {
    /// A run of default size.
    pub fn new(binary: PathBuf, scenario: Scenario, seed: u64) -> Self {
        let transports = Transport::ALL.into();
        let time = Duration::from_secs(10);
        let patience = Duration::from_secs(40);
        Self { binary, scenario, seed, time, clients: 24, transports, rooms: 2, rate: 10.0, patience }
    }
}

/// Heartbeat interval of the server. Short, so that silence is detected within a run.
const HEARTBEAT_MS: &str = "1000";

/// Size of the disk that is filled.
const DISK: &str = "24m";

/// Executes a run.
///
/// # Errors
/// A violation, or the run could not be executed.
pub async fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    // Dropped last: after the disk mounted in it and the server that uses it.
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
    let clients = Clients::start(plan, server.address(), proxy.address(), &mut rng).await?;
    let mut nemesis = Nemesis::new(plan.scenario, server, &proxy, &clients, disk.as_ref(), StdRng::from_rng(&mut rng));
    let writing = clients.write(plan, &mut rng);
    let injected = nemesis.inject_faults(plan.time).await;
    let healed = match injected {
        Ok(()) => nemesis.heal().await,
        Err(error) => Err(error),
    };
    writing.end().await;
    let health = healed.with_context(|| format!("the nemesis: {}", nemesis.summary()));
    let caught_up = match health {
        Ok(()) => catch_up(plan, &nemesis, &clients).await,
        Err(error) => Err(error),
    };
    let operations = nemesis.summary();
    let (server, epochs) = nemesis.end();
    let finished = async {
        let caught_up = caught_up?;
        let newest = clients.history(server.address()).await.context("reading the history")?;
        let mut all = epochs.into_iter().chain([newest]);
        let first = all.next().unwrap_or_default();
        anyhow::Ok((all.fold(History::new(first), History::then), caught_up))
    };
    let finished = finished.await;
    let connections = proxy.connections();
    let ended = clients.end();
    let log = server.log_lines();
    let panics: Vec<&String> = log.iter().filter(|line| line.contains("panicked")).collect();
    if !panics.is_empty() {
        bail!("the server panicked: {}", log.join("\n"));
    }
    let (history, caught_up) = finished.with_context(|| format!("{operations}\nserver: {}", last(&log)))?;
    let protocol_errors: Vec<String> = ended.iter().flat_map(|ended| ended.protocol_errors.clone()).collect();
    let stats = Report::sum(&ended);
    let logs: Vec<_> = ended.into_iter().map(|ended| ended.log).collect();
    let summary = check_complete(&history, &logs).with_context(|| operations.clone())?;
    if !protocol_errors.is_empty() {
        bail!("the protocol was broken:\n{}\n{operations}", protocol_errors.join("\n"));
    }
    if plan.scenario == Scenario::DiskFull && stats.refusals == 0 {
        bail!("the disk was never full: nobody was refused\n{operations}");
    }
    let report = Report { summary, stats, connections, caught_up, operations, time: begun.elapsed() };
    Ok(Outcome::Held(Box::new(report)))
}

/// Waits until every client has seen and stored everything. Returns how long that took.
async fn catch_up(plan: &Plan, nemesis: &Nemesis<'_>, clients: &Clients) -> anyhow::Result<Duration> {
    let healed = Instant::now();
    loop {
        let behind = clients.behind(nemesis.address()).await;
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
