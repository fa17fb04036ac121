//! Seeded runs: clients send under load, a nemesis injects faults, all faults end, and the checker decides.
//!
//! A seed determines the messages and their timing, the faults and their order, and the fault of the n-th connection. The
//! interleaving still depends on the operating system, so a replay is similar, not identical.

mod clients;
mod moderator;
mod nemesis;
mod node_fault;
mod nodes;
mod repairs;
mod report;
mod scenario;
mod tmpfs;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clients::Clients;
use moderator::Moderator;
use nemesis::Nemesis;
use nodes::Nodes;
use parlor_protocol::{Event, EventKind, RoomId};
use rand::{SeedableRng, rngs::StdRng};
pub use repairs::Repairs;
pub use report::{Outcome, Report};
pub use scenario::Scenario;
pub use tmpfs::Tmpfs;

use crate::{
    checker::{History, RoomLog, check_complete, check_revocations},
    client::Transport,
    engines::{Nats, Postgres},
    process::has_flag,
};

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
    /// Several nodes on PostgreSQL. Without it, one server that stores in its data folder.
    pub nodes: Option<NodesPlan>,
}

/// Nodes of a run.
#[derive(Clone, Debug)]
pub struct NodesPlan {
    pub count: usize,
    /// URL of a PostgreSQL server, on which the run creates a database for itself. Without it, the run starts a server.
    pub store: Option<String>,
    /// URL of a NATS server. Without it, the run starts one if there are several nodes.
    pub bus: Option<String>,
    /// Another version of the server.
    pub other_binary: Option<PathBuf>,
}

impl Default for NodesPlan {
    fn default() -> Self {
        Self { count: 3, store: None, bus: None, other_binary: None }
    }
}

impl NodesPlan {
    /// Checks that a scenario can be run on this machine and with this plan.
    fn check(&self, binary: &Path, scenario: Scenario) -> anyhow::Result<()> {
        let owns_store = self.store.is_none();
        let owns_bus = self.bus.is_none() && self.count > 1;
        if owns_store {
            Postgres::programs()?;
        }
        if owns_bus {
            Nats::program()?;
        }
        if self.count > 1 && !has_flag(binary, "--bus")? {
            bail!("this server has no --bus");
        }
        match scenario {
            Scenario::Restore | Scenario::DiskFull => bail!("it is for one server without PostgreSQL"),
            Scenario::StoreStop | Scenario::NodesAll if !owns_store => bail!("PostgreSQL has to be the run's own"),
            Scenario::BusStop | Scenario::NodesAll if !owns_bus => bail!("NATS has to be the run's own"),
            Scenario::Partition if self.count == 1 => bail!("several nodes are needed"),
            Scenario::Clock => nodes::faketime_library().map(drop),
            Scenario::MixedVersions if self.other_binary.is_none() => bail!("another binary is needed"),
            _ => Ok(()),
        }
    }
}

impl Plan {
    /// A run of default size.
    pub fn new(binary: PathBuf, scenario: Scenario, seed: u64) -> Self {
        let transports = Transport::ALL.into();
        let time = Duration::from_secs(10);
        let patience = Duration::from_secs(40);
        let nodes = scenario.is_of_nodes().then(NodesPlan::default);
        Self { binary, scenario, seed, time, clients: 24, transports, rooms: 2, rate: 10.0, patience, nodes }
    }
}

/// Size of the disk that is filled.
const DISK: &str = "24m";

/// Executes a run.
///
/// # Errors
/// A violation, or the run could not be executed.
pub async fn run(plan: &Plan) -> anyhow::Result<Outcome> {
    let begun = Instant::now();
    // Dropped last: after the disk mounted in it and the servers that use it.
    let folder = tempfile::Builder::new().prefix("parlor-faults-").tempdir()?;
    let mut rng = StdRng::seed_from_u64(plan.seed);
    let mut disk = None;
    let nodes = match &plan.nodes {
        Some(nodes_plan) => {
            if let Err(reason) = nodes_plan.check(&plan.binary, plan.scenario) {
                return Ok(Outcome::NotRun(format!("{reason:#}")));
            }
            Nodes::several(plan, nodes_plan, folder.path(), &mut rng).await?
        }
        None if plan.scenario.is_of_nodes() => bail!("{} is for several nodes", plan.scenario.slug()),
        None => {
            if plan.scenario == Scenario::DiskFull {
                match Tmpfs::mount(&folder.path().join("disk"), DISK) {
                    Ok(mounted) => disk = Some(mounted),
                    Err(error) => return Ok(Outcome::NotRun(format!("{error:#}"))),
                }
            }
            let data = disk.as_ref().map_or(folder.path(), Tmpfs::path).join("data");
            Nodes::single(plan, data, &mut rng).await?
        }
    };
    let clients = Clients::start(plan, &nodes, &mut rng).await?;
    let guarded = clients.guarded().map(|(_, room)| room.clone());
    let moderator = match clients.guarded() {
        Some((owner, room)) => {
            let (owner, room, transports) = (owner.clone(), room.clone(), plan.transports.clone());
            let rng = StdRng::from_rng(&mut rng);
            Some(Moderator::start(owner, room, nodes.addresses(), transports, rng).await?)
        }
        None => None,
    };
    let mut nemesis = Nemesis::new(plan, nodes, &clients, disk.as_ref(), StdRng::from_rng(&mut rng));
    let writing = clients.write(plan, &mut rng);
    let injected = nemesis.inject_faults(plan.time).await;
    let healed = match injected {
        Ok(()) => nemesis.heal().await,
        Err(error) => Err(error),
    };
    writing.end().await;
    let caught_up = async {
        healed.with_context(|| format!("the nemesis: {}", nemesis.summary()))?;
        let moderation = match moderator {
            Some(moderator) => Some(moderator.end().await.context("the moderator")?),
            None => None,
        };
        let others: Vec<_> = moderation.iter().flat_map(|moderation| moderation.clients().cloned()).collect();
        anyhow::Ok((clients.catch_up(nemesis.address(), &others, plan.patience).await?, moderation))
    };
    let caught_up = caught_up.await;
    let operations = nemesis.summary();
    let (nodes, epochs, repairs, outages) = nemesis.end();
    let finished = async {
        let (caught_up, moderation) = caught_up?;
        let newest = clients.history(nodes.addresses()[0]).await.context("reading the history")?;
        anyhow::Ok((newest, caught_up, moderation))
    };
    let finished = finished.await;
    let connections = nodes.connections();
    let mut ended = clients.end();
    let log = nodes.log_lines();
    let panics: Vec<&String> = log.iter().filter(|line| line.contains("panicked")).collect();
    if !panics.is_empty() {
        bail!("the server panicked: {}", log.join("\n"));
    }
    let (newest, caught_up, moderation) = finished.with_context(|| format!("{operations}\nserver: {}", last(&log)))?;
    let revocations = match moderation {
        Some(moderation) => {
            let (more, revocations, observations, outages) = moderation.end(begun, &newest, &outages);
            ended.extend(more);
            Some(check_revocations(&revocations, &observations, &outages, moderator::MARGINS))
        }
        None => None,
    };
    let is_message = |event: &Event| matches!(event.event, EventKind::Message { .. });
    let of_guarded = guarded.iter().filter_map(|room| newest.get(room)).flatten();
    let notices: Vec<_> = of_guarded.filter(|event| !is_message(event)).map(|event| event.id).collect();
    let mut all = epochs.into_iter().chain([newest]).map(room_logs);
    let first = all.next().unwrap_or_default();
    let history = all.fold(History::new(first), History::then).with_notices(notices);
    let protocol_errors: Vec<String> = ended.iter().flat_map(|ended| ended.protocol_errors.clone()).collect();
    let stats = Report::sum(&ended);
    let logs: Vec<_> = ended.into_iter().map(|ended| ended.log).collect();
    let summary = check_complete(&history, &logs).with_context(|| operations.clone())?;
    let revocations = revocations.transpose().with_context(|| operations.clone())?;
    if !protocol_errors.is_empty() {
        bail!("the protocol was broken:\n{}\n{operations}", protocol_errors.join("\n"));
    }
    if plan.scenario == Scenario::DiskFull && stats.refusals == 0 {
        bail!("the disk was never full: nobody was refused\n{operations}");
    }
    let time = begun.elapsed();
    let report = Report { summary, revocations, stats, connections, caught_up, repairs, operations, time };
    Ok(Outcome::Held(Box::new(report)))
}

fn room_logs(rooms: BTreeMap<RoomId, Vec<Event>>) -> BTreeMap<RoomId, RoomLog> {
    let log = |events: Vec<Event>| events.into_iter().map(|event| (event.seq, event.id)).collect();
    rooms.into_iter().map(|(room, events)| (room, log(events))).collect()
}

fn last(lines: &[String]) -> String {
    lines[lines.len().saturating_sub(10)..].join("\n")
}
