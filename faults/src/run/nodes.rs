//! The servers of a run, with the proxies before them and, for nodes, the links behind them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, ensure};
use rand::{Rng, rngs::StdRng};
use reqwest::Url;
use tokio::task::block_in_place;

use super::{NodesPlan, Plan, Scenario};
use crate::{
    engines::{Database, Nats, Postgres},
    link::{Condition, Link},
    process::{Launch, Server, has_flag},
    proxy::Proxy,
};

/// Heartbeat interval of the servers. Short, so that silence is detected within a run.
const HEARTBEAT_MS: &str = "1000";

/// How far the clock of one node is off.
const CLOCK_OFFSET: Duration = Duration::from_secs(3_600);

/// A server with its proxy.
pub(super) struct Node {
    pub(super) server: Server,
    /// What its clients connect through.
    pub(super) proxy: Proxy,
    pub(super) store: Option<Link>,
    pub(super) bus: Option<Link>,
}

/// All servers of a run.
pub(super) struct Nodes {
    // Dropped in this order: nothing is stopped before what uses it.
    pub(super) nodes: Vec<Node>,
    _database: Option<Database>,
    pub(super) postgres: Option<Postgres>,
    pub(super) nats: Option<Nats>,
}

impl Nodes {
    /// One server that stores in its data folder.
    pub(super) async fn single(plan: &Plan, data: PathBuf, rng: &mut StdRng) -> anyhow::Result<Self> {
        let args = vec!["--rate-limits".into(), "off".into(), "--heartbeat-ms".into(), HEARTBEAT_MS.into()];
        let launch = Launch { binary: plan.binary.clone(), data, args, env: Vec::new() };
        let server = block_in_place(|| Server::launch(launch))?;
        let proxy = Proxy::start(server.address(), rng.random()).await?;
        let node = Node { server, proxy, store: None, bus: None };
        Ok(Self { nodes: vec![node], _database: None, postgres: None, nats: None })
    }

    /// Nodes on PostgreSQL and, if there are several, NATS. What is not named by the plan is started.
    pub(super) async fn several(
        plan: &Plan,
        nodes_plan: &NodesPlan,
        folder: &Path,
        rng: &mut StdRng,
    ) -> anyhow::Result<Self> {
        let (postgres, database, store) = match &nodes_plan.store {
            Some(server) => {
                let database = block_in_place(|| Database::create(server))?;
                let url = database.url();
                (None, Some(database), url)
            }
            None => {
                let postgres = block_in_place(Postgres::start)?;
                let url = Url::parse(&postgres.url())?;
                (Some(postgres), None, url)
            }
        };
        let (nats, bus) = match &nodes_plan.bus {
            Some(bus) => (None, Some(Url::parse(bus).context("the URL of the bus")?)),
            None if nodes_plan.count > 1 => {
                let nats = block_in_place(Nats::start)?;
                let url = Url::parse(&format!("nats://{}", nats.address()))?;
                (Some(nats), Some(url))
            }
            None => (None, None),
        };
        let mut all = Self { nodes: Vec::new(), _database: database, postgres, nats };
        let odd_one = rng.random_range(0..nodes_plan.count);
        for number in 0..nodes_plan.count {
            let is_odd = number == odd_one;
            all.nodes.push(Node::start(plan, nodes_plan, (&store, bus.as_ref()), folder, number, is_odd, rng).await?);
            if is_odd && plan.scenario == Scenario::Clock {
                check_clock(all.nodes[number].server.address()).await?;
            }
        }
        Ok(all)
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.server.address()).collect()
    }

    pub(super) fn proxies(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.proxy.address()).collect()
    }

    /// Starts nodes again that have ended by themselves, as a service manager does. Returns how many.
    pub(super) fn start_ended(&mut self) -> anyhow::Result<u32> {
        let mut ended = 0;
        for node in &mut self.nodes {
            if node.server.has_ended()? {
                ended += 1;
                node.server.kill();
                block_in_place(|| node.server.restart())?;
            }
        }
        Ok(ended)
    }

    /// Log lines of all of them.
    pub(super) fn log_lines(&self) -> Vec<String> {
        let is_alone = self.nodes.len() == 1;
        let lines = self.nodes.iter().enumerate().flat_map(|(number, node)| {
            let lines = node.server.log_lines().into_iter();
            lines.map(move |line| if is_alone { line } else { format!("node-{number}: {line}") })
        });
        lines.collect()
    }

    /// Connections through the proxies, and how many had a fault.
    pub(super) fn connections(&self) -> (u64, u64) {
        let all = self.nodes.iter().map(|node| node.proxy.connections());
        all.fold((0, 0), |(all, harmed), (more, more_harmed)| (all + more, harmed + more_harmed))
    }
}

impl Node {
    async fn start(
        plan: &Plan,
        nodes_plan: &NodesPlan,
        (store, bus): (&Url, Option<&Url>),
        folder: &Path,
        number: usize,
        is_odd: bool,
        rng: &mut StdRng,
    ) -> anyhow::Result<Self> {
        let mut args: Vec<String> = ["--rate-limits", "off", "--heartbeat-ms", HEARTBEAT_MS].map(Into::into).into();
        let (store, url) = through_link(store, 5432).await?;
        args.extend(["--store".into(), url.into()]);
        let bus = match bus {
            Some(bus) => {
                let (bus, url) = through_link(bus, 4222).await?;
                args.extend(["--bus".into(), url.into()]);
                Some(bus)
            }
            None => None,
        };
        let mut binary = &plan.binary;
        let mut env = Vec::new();
        if is_odd && plan.scenario == Scenario::MixedVersions {
            binary = nodes_plan.other_binary.as_ref().unwrap_or(binary);
        }
        if bus.is_some() && has_flag(binary, "--node-name")? {
            args.extend(["--node-name".into(), format!("node-{number}")]);
        }
        if is_odd && plan.scenario == Scenario::Clock {
            let sign = if rng.random() { '+' } else { '-' };
            let library = faketime_library()?;
            env.push(("LD_PRELOAD".into(), library.to_string_lossy().into_owned()));
            env.push(("FAKETIME".into(), format!("{sign}{}s", CLOCK_OFFSET.as_secs())));
            // Timers go on.
            env.push(("FAKETIME_DONT_FAKE_MONOTONIC".into(), "1".into()));
        }
        let data = folder.join(format!("node-{number}"));
        let launch = Launch { binary: binary.clone(), data, args, env };
        let server = block_in_place(|| Server::launch(launch))?;
        let proxy = Proxy::start(server.address(), rng.random()).await?;
        Ok(Self { server, proxy, store: Some(store), bus })
    }

    /// Ends all faults of its connections.
    pub(super) fn heal(&self) {
        self.proxy.heal();
        for link in [&self.store, &self.bus].into_iter().flatten() {
            link.set(Condition::Open);
        }
    }
}

/// A link to the host of a URL, and the URL by which it is used.
async fn through_link(url: &Url, default_port: u16) -> anyhow::Result<(Link, Url)> {
    let host = url.host_str().context("a URL without a host")?;
    let link = Link::start(format!("{host}:{}", url.port().unwrap_or(default_port))).await?;
    let mut through = url.clone();
    through.set_host(Some(&link.address().ip().to_string()))?;
    ensure!(through.set_port(Some(link.address().port())).is_ok(), "a URL without a port");
    Ok((link, through))
}

/// Fakes the clock of a process (Debian's package `faketime`).
///
/// # Errors
/// It is not installed.
pub(super) fn faketime_library() -> anyhow::Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut libraries = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.is_file()).context("libfaketime is missing")
}

/// Checks that a server's clock is really off.
async fn check_clock(address: SocketAddr) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let answer = client.get(format!("http://{address}/healthz")).send().await?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok()).context("an answer without a date")?;
    // The day and the year can only be wrong together with the hour.
    let time = date.split(' ').nth(4).context("the date of an answer")?;
    let parts: Vec<u64> = time.split(':').map(str::parse).collect::<Result<_, _>>().context("the date of an answer")?;
    let seconds = parts.iter().fold(0, |sum, part| sum * 60 + part);
    let day = 24 * 3_600;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs() % day;
    let difference = (seconds + day - now) % day;
    let difference = difference.min(day - difference);
    let expected = CLOCK_OFFSET.as_secs();
    ensure!(difference.abs_diff(expected) < 60, "the clock of the node was not changed: it says {date}");
    Ok(())
}

/// A time in which a node had no PostgreSQL or was suspended. `None`: all nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeOutage {
    pub(super) node: Option<usize>,
    pub(super) from: Instant,
    pub(super) to: Instant,
}
