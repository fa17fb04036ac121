//! Injects the faults of a scenario one after another, and ends them.

use std::{
    collections::BTreeMap,
    fs, io,
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::Context;
use parlor_protocol::RoomId;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use tempfile::TempDir;
use tokio::{task::block_in_place, time::sleep};

use super::{Clients, Scenario, Tmpfs};
use crate::{
    checker::RoomLog,
    process::Server,
    proxy::{End, Plan, Proxy},
};

/// Time to end after SIGTERM; the server promises five seconds.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

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
    scenario: Scenario,
    server: Server,
    proxy: &'a Proxy,
    clients: &'a Clients,
    disk: Option<&'a Tmpfs>,
    rng: StdRng,
    /// Older copy of the data.
    copy: Option<TempDir>,
    /// Histories before each restore.
    epochs: Vec<BTreeMap<RoomId, RoomLog>>,
    done: BTreeMap<Operation, u32>,
}

impl<'a> Nemesis<'a> {
    pub(super) fn new(
        scenario: Scenario,
        server: Server,
        proxy: &'a Proxy,
        clients: &'a Clients,
        disk: Option<&'a Tmpfs>,
        rng: StdRng,
    ) -> Self {
        let (copy, epochs, done) = (None, Vec::new(), BTreeMap::new());
        Self { scenario, server, proxy, clients, disk, rng, copy, epochs, done }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Counts of the operations as text.
    pub(super) fn summary(&self) -> String {
        let count = |operation| self.done.get(&operation).copied().unwrap_or_default();
        let others: Vec<String> = self
            .done
            .iter()
            .filter(|(operation, _)| **operation != Operation::Kill)
            .map(|(operation, count)| format!("{operation:?} {count}"))
            .collect();
        format!("{} kills{}{}", count(Operation::Kill), if others.is_empty() { "" } else { ", " }, others.join(", "))
    }

    /// The server, and the histories before each restore.
    pub(super) fn end(self) -> (Server, Vec<BTreeMap<RoomId, RoomLog>>) {
        (self.server, self.epochs)
    }

    fn choices(&self) -> &'static [Operation] {
        match self.scenario {
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
        }
    }

    /// Performs random operations for a time.
    pub(super) async fn inject_faults(&mut self, time: Duration) -> anyhow::Result<()> {
        if matches!(self.scenario, Scenario::Proxy | Scenario::All) {
            self.proxy.plan(Plan::rough());
        }
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            sleep(Duration::from_millis(self.rng.random_range(30..800)).min(left)).await;
            if let Some(operation) = self.choices().choose(&mut self.rng).copied() {
                let operation =
                    if operation == Operation::Restore && self.copy.is_none() { Operation::Copy } else { operation };
                self.act(operation).await.with_context(|| format!("{operation:?}"))?;
                *self.done.entry(operation).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Ends all faults.
    pub(super) async fn heal(&mut self) -> anyhow::Result<()> {
        self.proxy.heal();
        if let Some(disk) = self.disk {
            disk.empty()?;
        }
        if self.server.pid().is_none() {
            block_in_place(|| self.server.restart())?;
        }
        self.server.thaw()
    }

    fn pause(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.random_range(0..most))
    }

    async fn act(&mut self, operation: Operation) -> anyhow::Result<()> {
        match operation {
            Operation::Kill => {
                block_in_place(|| self.server.kill());
                sleep(self.pause(300)).await;
                block_in_place(|| self.server.restart())
            }
            Operation::Stop => {
                block_in_place(|| self.server.terminate(STOP_PATIENCE))?;
                block_in_place(|| self.server.restart())
            }
            Operation::FreezeServer => {
                self.server.freeze()?;
                sleep(self.pause(2_500)).await;
                self.server.thaw()
            }
            Operation::FreezeClient => {
                let time = self.pause(4_000);
                if let Some(client) = self.clients.clients.choose(&mut self.rng) {
                    client.freeze(time);
                }
                Ok(())
            }
            Operation::CutAll => {
                let end = if self.rng.random() { End::Reset } else { End::Finish };
                self.proxy.cut_all(end);
                Ok(())
            }
            Operation::DropClient => {
                if let Some(client) = self.clients.clients.choose(&mut self.rng) {
                    client.reconnect();
                }
                Ok(())
            }
            Operation::Copy => {
                block_in_place(|| self.server.kill());
                let copy = tempfile::Builder::new().prefix("parlor-faults-copy-").tempdir()?;
                block_in_place(|| copy_folder(self.server.data(), copy.path()))?;
                self.copy = Some(copy);
                block_in_place(|| self.server.restart())
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

    /// Kills the server, records its history and restores the older copy.
    async fn restore(&mut self) -> anyhow::Result<()> {
        let Some(copy) = &self.copy else { return Ok(()) };
        block_in_place(|| self.server.kill());
        let aside = block_in_place(|| self.server.start_on_other_port())?;
        self.epochs.push(self.clients.history(aside).await?);
        block_in_place(|| self.server.terminate(STOP_PATIENCE))?;
        block_in_place(|| {
            fs::remove_dir_all(self.server.data())?;
            copy_folder(copy.path(), self.server.data())
        })?;
        block_in_place(|| self.server.restart())
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
