//! Injects the faults of a scenario one after another, and ends them.

use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;
use parlor_protocol::{Event, RoomId};
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use tempfile::TempDir;
use tokio::{task::block_in_place, time::sleep};

use super::{
    Clients, Plan, Repairs, Scenario, Tmpfs,
    node_fault::{NodeFault, Ongoing},
    nodes::{Node, NodeOutage, Nodes},
};
use crate::proxy::{self, End};

/// Time to end after SIGTERM; the server promises five seconds.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Time in which a node that has fallen behind finds out and ends.
const END_TIME: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Kill,
    Stop,
    FreezeServer,
    FreezeClient,
    CutAll,
    DropClient,
    Copy,
    Restore,
    FillDisk,
}

pub(super) struct Nemesis<'a> {
    plan: &'a Plan,
    nodes: Nodes,
    clients: &'a Clients,
    disk: Option<&'a Tmpfs>,
    rng: StdRng,
    /// Older copy of the data.
    copy: Option<TempDir>,
    /// Histories before each restore.
    epochs: Vec<Epoch>,
    done: BTreeMap<Operation, u32>,
    node_faults: BTreeMap<NodeFault, u32>,
    /// Nodes that ended by themselves, as they do when they have fallen too far behind.
    ended: u32,
    ongoing: Vec<Ongoing>,
    repairs: Repairs,
    outages: Vec<NodeOutage>,
}

type Epoch = BTreeMap<RoomId, Vec<Event>>;

impl<'a> Nemesis<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        nodes: Nodes,
        clients: &'a Clients,
        disk: Option<&'a Tmpfs>,
        rng: StdRng,
    ) -> Self {
        let (copy, epochs, done, node_faults) = (None, Vec::new(), BTreeMap::new(), BTreeMap::new());
        let (ongoing, repairs, outages) = (Vec::new(), Repairs::default(), Vec::new());
        Self { plan, nodes, clients, disk, rng, copy, epochs, done, node_faults, ended: 0, ongoing, repairs, outages }
    }

    /// A server that can be asked when all faults have ended.
    pub(super) fn address(&self) -> SocketAddr {
        self.nodes.nodes[0].server.address()
    }

    /// Counts of the operations as text.
    pub(super) fn summary(&self) -> String {
        if self.plan.scenario.is_of_nodes() {
            let counts = self.node_faults.iter().map(|(fault, count)| format!("{} {count}", fault.name()));
            let counts = counts.collect::<Vec<_>>().join(", ");
            return if self.ended == 0 {
                counts
            } else {
                format!("{counts}, {} nodes ended by themselves", self.ended)
            };
        }
        let count = |operation| self.done.get(&operation).copied().unwrap_or_default();
        let others: Vec<String> = self
            .done
            .iter()
            .filter(|(operation, _)| **operation != Operation::Kill)
            .map(|(operation, count)| format!("{operation:?} {count}"))
            .collect();
        format!("{} kills{}{}", count(Operation::Kill), if others.is_empty() { "" } else { ", " }, others.join(", "))
    }

    /// The servers, the histories before each restore, the times of repairs, and when nodes were cut off.
    pub(super) fn end(self) -> (Nodes, Vec<Epoch>, Repairs, Vec<NodeOutage>) {
        (self.nodes, self.epochs, self.repairs, self.outages)
    }

    fn choices(&self) -> &'static [Operation] {
        match self.plan.scenario {
            Scenario::Calm => &[],
            Scenario::Kill => &[Operation::Kill],
            Scenario::Stop => &[Operation::Stop],
            Scenario::Proxy => &[Operation::CutAll, Operation::DropClient, Operation::DropClient],
            Scenario::FrozenClients => &[Operation::FreezeClient],
            Scenario::FrozenServer => &[Operation::FreezeServer],
            // The first becomes a copy, because there is none yet.
            Scenario::Restore => &[Operation::Restore, Operation::Restore, Operation::Copy, Operation::Kill],
            Scenario::DiskFull => &[Operation::FillDisk],
            Scenario::All => &[
                Operation::Kill,
                Operation::Kill,
                Operation::Stop,
                Operation::FreezeServer,
                Operation::FreezeClient,
                Operation::FreezeClient,
                Operation::CutAll,
                Operation::DropClient,
                Operation::Copy,
                Operation::Restore,
            ],
            _ => &[],
        }
    }

    /// Performs random operations for a time.
    pub(super) async fn inject_faults(&mut self, time: Duration) -> anyhow::Result<()> {
        if matches!(self.plan.scenario, Scenario::Proxy | Scenario::All) {
            self.nodes.nodes.iter().for_each(|node| node.proxy.plan(proxy::Plan::rough()));
        }
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            sleep(Duration::from_millis(self.rng.random_range(30..800)).min(left)).await;
            if self.plan.nodes.is_some() {
                self.ended += self.nodes.start_ended()?;
            }
            let faults = NodeFault::choose(self.plan.scenario, &mut self.rng);
            if !faults.is_empty() {
                let name = faults.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(" and ");
                self.inject_node_faults(&faults).await.context(name)?;
            } else if let Some(operation) = self.choices().choose(&mut self.rng).copied() {
                let operation = self.possible(operation);
                self.act(operation).await.with_context(|| format!("{operation:?}"))?;
                *self.done.entry(operation).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Injects faults at once, ends them, and waits until they are repaired.
    async fn inject_node_faults(&mut self, faults: &[NodeFault]) -> anyhow::Result<()> {
        for fault in faults {
            *self.node_faults.entry(*fault).or_default() += 1;
            self.ongoing.push(fault.begin(&mut self.nodes, &mut self.rng)?);
        }
        let mut since = Instant::now();
        let longest = faults.iter().map(|fault| fault.duration(self.plan.time, &mut self.rng)).max();
        let label = match faults {
            [one] => one.name(),
            _ => "two at once",
        };
        // Clients that lost their node need not wait for its return.
        let others_take_over = self.nodes.nodes.len() > 1 && faults.iter().all(|fault| fault.is_loss_of_node());
        if others_take_over {
            self.repaired(label, since).await?;
        }
        sleep(longest.unwrap_or_default().saturating_sub(since.elapsed())).await;
        self.end_node_faults()?;
        if !others_take_over {
            since = Instant::now();
            self.repaired(label, since).await?;
        }
        Ok(())
    }

    async fn repaired(&mut self, label: &'static str, since: Instant) -> anyhow::Result<()> {
        self.clients.repaired(&self.nodes.addresses(), self.plan.patience).await?;
        self.repairs.add(label, since);
        Ok(())
    }

    /// PostgreSQL and links first, because a server needs them to start.
    fn end_node_faults(&mut self) -> anyhow::Result<()> {
        self.ongoing.sort_by_key(|ongoing| ongoing.fault);
        for ongoing in self.ongoing.drain(..) {
            self.outages.extend(ongoing.end(&mut self.nodes)?);
        }
        Ok(())
    }

    /// Only the data of a single server can be copied. The first restore is a copy.
    fn possible(&self, operation: Operation) -> Operation {
        match operation {
            Operation::Copy | Operation::Restore if self.plan.nodes.is_some() => Operation::Kill,
            Operation::Restore if self.copy.is_none() => Operation::Copy,
            other => other,
        }
    }

    /// Ends all faults.
    pub(super) async fn heal(&mut self) -> anyhow::Result<()> {
        if let Some(disk) = self.disk {
            disk.empty()?;
        }
        self.end_node_faults()?;
        for node in &mut self.nodes.nodes {
            node.heal();
            if node.server.pid().is_none() {
                block_in_place(|| node.server.restart())?;
            }
            node.server.thaw()?;
        }
        if self.plan.nodes.is_some() {
            sleep(END_TIME).await;
            self.ended += self.nodes.start_ended()?;
        }
        Ok(())
    }

    /// A random server.
    fn node(&mut self) -> &mut Node {
        let index = self.rng.random_range(0..self.nodes.nodes.len());
        &mut self.nodes.nodes[index]
    }

    fn pause(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.random_range(0..most))
    }

    async fn act(&mut self, operation: Operation) -> anyhow::Result<()> {
        match operation {
            Operation::Kill => {
                let pause = self.pause(300);
                let server = &mut self.node().server;
                block_in_place(|| server.kill());
                sleep(pause).await;
                block_in_place(|| server.restart())
            }
            Operation::Stop => {
                let server = &mut self.node().server;
                block_in_place(|| server.terminate(STOP_PATIENCE))?;
                block_in_place(|| server.restart())
            }
            Operation::FreezeServer => self.freeze_server().await,
            Operation::FreezeClient => {
                let time = self.pause(4_000);
                if let Some(client) = self.clients.clients.choose(&mut self.rng) {
                    client.freeze(time);
                }
                Ok(())
            }
            Operation::CutAll => {
                let end = if self.rng.random() { End::Reset } else { End::Finish };
                self.node().proxy.cut_all(end);
                Ok(())
            }
            Operation::DropClient => {
                if let Some(client) = self.clients.clients.choose(&mut self.rng) {
                    client.reconnect();
                }
                Ok(())
            }
            Operation::Copy => {
                let server = &mut self.nodes.nodes[0].server;
                block_in_place(|| server.kill());
                let copy = tempfile::Builder::new().prefix("parlor-faults-copy-").tempdir()?;
                block_in_place(|| copy_folder(server.data(), copy.path()))?;
                self.copy = Some(copy);
                block_in_place(|| server.restart())
            }
            Operation::Restore => self.restore().await,
            Operation::FillDisk => {
                let Some(disk) = self.disk else { return Ok(()) };
                block_in_place(|| disk.fill())?;
                sleep(self.pause(2_000)).await;
                // The server may have to start on a full disk.
                disk.empty()
            }
        }
    }

    async fn freeze_server(&mut self) -> anyhow::Result<()> {
        let pause = self.pause(2_500);
        let index = self.rng.random_range(0..self.nodes.nodes.len());
        let (server, from) = (&self.nodes.nodes[index].server, Instant::now());
        server.freeze()?;
        sleep(pause).await;
        server.thaw()?;
        self.outages.push(NodeOutage { node: Some(index), from, to: Instant::now() });
        Ok(())
    }

    /// Kills the server, records its history and restores the older copy.
    async fn restore(&mut self) -> anyhow::Result<()> {
        let Some(copy) = &self.copy else { return Ok(()) };
        let server = &mut self.nodes.nodes[0].server;
        block_in_place(|| server.kill());
        let aside = block_in_place(|| server.start_on_other_port())?;
        self.epochs.push(self.clients.history(aside).await?);
        block_in_place(|| server.terminate(STOP_PATIENCE))?;
        block_in_place(|| {
            fs::remove_dir_all(server.data())?;
            copy_folder(copy.path(), server.data())
        })?;
        block_in_place(|| server.restart())
    }
}

/// Copies a folder recursively.
fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
