//! Does the harm of a scenario, one deed after another, and takes it back in the end.

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

use super::{Crew, Scenario, Tmpfs};
use crate::{
    checker::RoomLog,
    process::Server,
    proxy::{End, Plan, Proxy},
};

/// Time to end after SIGTERM; the server promises five seconds.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
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
    crew: &'a Crew,
    disk: Option<&'a Tmpfs>,
    rng: StdRng,
    /// An older copy of the data.
    copy: Option<TempDir>,
    /// What the server had before each restore.
    epochs: Vec<BTreeMap<RoomId, RoomLog>>,
    done: BTreeMap<Deed, u32>,
}

impl<'a> Nemesis<'a> {
    pub(super) fn new(
        scenario: Scenario,
        server: Server,
        proxy: &'a Proxy,
        crew: &'a Crew,
        disk: Option<&'a Tmpfs>,
        rng: StdRng,
    ) -> Self {
        let (copy, epochs, done) = (None, Vec::new(), BTreeMap::new());
        Self { scenario, server, proxy, crew, disk, rng, copy, epochs, done }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// How often it did what, in words.
    pub(super) fn deeds(&self) -> String {
        let count = |deed| self.done.get(&deed).copied().unwrap_or_default();
        let others: Vec<String> = self
            .done
            .iter()
            .filter(|(deed, _)| **deed != Deed::Kill)
            .map(|(deed, count)| format!("{deed:?} {count}"))
            .collect();
        format!("{} kills{}{}", count(Deed::Kill), if others.is_empty() { "" } else { ", " }, others.join(", "))
    }

    /// The server, and what it had before each restore.
    pub(super) fn end(self) -> (Server, Vec<BTreeMap<RoomId, RoomLog>>) {
        (self.server, self.epochs)
    }

    fn deeds_of(&self) -> &'static [Deed] {
        match self.scenario {
            Scenario::Calm => &[],
            Scenario::Kill => &[Deed::Kill],
            Scenario::Stop => &[Deed::Stop],
            Scenario::Proxy => &[Deed::CutAll, Deed::DropClient, Deed::DropClient],
            Scenario::FrozenClients => &[Deed::FreezeClient],
            Scenario::FrozenServer => &[Deed::FreezeServer],
            // The first becomes a copy: there is none yet.
            Scenario::Restore => &[Deed::Restore, Deed::Restore, Deed::Copy, Deed::Kill],
            Scenario::DiskFull => &[Deed::FillDisk],
            Scenario::All => &[
                Deed::Kill,
                Deed::Kill,
                Deed::Stop,
                Deed::FreezeServer,
                Deed::FreezeClient,
                Deed::FreezeClient,
                Deed::CutAll,
                Deed::DropClient,
                Deed::Copy,
                Deed::Restore,
            ],
        }
    }

    /// Does deeds until the time is over.
    pub(super) async fn harm(&mut self, time: Duration) -> anyhow::Result<()> {
        if matches!(self.scenario, Scenario::Proxy | Scenario::All) {
            self.proxy.plan(Plan::rough());
        }
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            sleep(Duration::from_millis(self.rng.random_range(30..800)).min(left)).await;
            if let Some(deed) = self.deeds_of().choose(&mut self.rng).copied() {
                let deed = if deed == Deed::Restore && self.copy.is_none() { Deed::Copy } else { deed };
                self.act(deed).await.with_context(|| format!("{deed:?}"))?;
                *self.done.entry(deed).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Ends all harm.
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

    async fn act(&mut self, deed: Deed) -> anyhow::Result<()> {
        match deed {
            Deed::Kill => {
                block_in_place(|| self.server.kill());
                sleep(self.pause(300)).await;
                block_in_place(|| self.server.restart())
            }
            Deed::Stop => {
                block_in_place(|| self.server.terminate(STOP_PATIENCE))?;
                block_in_place(|| self.server.restart())
            }
            Deed::FreezeServer => {
                self.server.freeze()?;
                sleep(self.pause(2_500)).await;
                self.server.thaw()
            }
            Deed::FreezeClient => {
                let time = self.pause(4_000);
                if let Some(client) = self.crew.clients.choose(&mut self.rng) {
                    client.freeze(time);
                }
                Ok(())
            }
            Deed::CutAll => {
                let end = if self.rng.random() { End::Reset } else { End::Finish };
                self.proxy.cut_all(end);
                Ok(())
            }
            Deed::DropClient => {
                if let Some(client) = self.crew.clients.choose(&mut self.rng) {
                    client.reconnect();
                }
                Ok(())
            }
            Deed::Copy => {
                block_in_place(|| self.server.kill());
                let copy = tempfile::Builder::new().prefix("parlor-faults-copy-").tempdir()?;
                block_in_place(|| copy_folder(self.server.data(), copy.path()))?;
                self.copy = Some(copy);
                block_in_place(|| self.server.restart())
            }
            Deed::Restore => self.restore().await,
            Deed::FillDisk => {
                let Some(disk) = self.disk else { return Ok(()) };
                block_in_place(|| disk.fill())?;
                sleep(self.pause(2_000)).await;
                // Now and then it has to start on a full disk; whether it can is its own choice.
                disk.empty()
            }
        }
    }

    /// Kills the server, writes down what it had, and puts the older copy in its place.
    async fn restore(&mut self) -> anyhow::Result<()> {
        let Some(copy) = &self.copy else { return Ok(()) };
        block_in_place(|| self.server.kill());
        let aside = block_in_place(|| self.server.start_aside())?;
        self.epochs.push(self.crew.history(aside).await?);
        block_in_place(|| self.server.terminate(STOP_PATIENCE))?;
        block_in_place(|| {
            fs::remove_dir_all(self.server.data())?;
            copy_folder(copy.path(), self.server.data())
        })?;
        block_in_place(|| self.server.restart())
    }
}

/// Files and folders, with all in them.
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
