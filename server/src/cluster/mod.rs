//! Several nodes on one database.
//!
//! Each commit of a node has an entry in the commit log ([`crate::store::CommitLog`]). The others read it, in the order of the
//! entries ([`order`]), at intervals and whenever the bus says so ([`nats`]). The bus may lose, double and reorder what it
//! likes. Who is connected to which node is stored under a lease, so that the users of a dead node go offline ([`presence`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::MissedTickBehavior,
};
use tokio_util::sync::CancellationToken;

use crate::{bus::Consumer, cache::CachedStore, domain::Commit, room::Hub, store::CommitLog};
use nats::Nats;
use order::{CommitOrder, Offer, OrderError};

pub mod nats;
pub mod order;
mod presence;
#[cfg(test)]
mod simulation;

/// How often the log is read: half of the time in which a lost right must have its effect, because the bus may lose anything;
/// more often without the bus, which otherwise says when there is something to read.
const READ_INTERVAL: Duration = Duration::from_millis(500);
const READ_INTERVAL_WITHOUT_BUS: Duration = Duration::from_millis(250);

/// Notices of typing that may wait for the bus.
const TYPING: usize = 256;

/// How long a commit that the bus has brought too early waits for the one before it.
const GAP_PATIENCE: Duration = Duration::from_millis(20);

const REMOVAL_INTERVAL: Duration = Duration::from_secs(60);

/// This node, and its connection to the others.
pub struct Cluster {
    name: String,
    log: Arc<dyn CommitLog>,
    bus: Nats,
    /// There may be something to read.
    news: Notify,
    /// The last attempt to read the log failed.
    is_cut_off: AtomicBool,
    /// This node cannot go on.
    failed: CancellationToken,
}

impl Cluster {
    /// `name`: the node's among those of the load balancer. Without one it has a part of its id.
    pub fn new(name: Option<String>, log: Arc<dyn CommitLog>, bus: Nats) -> Arc<Self> {
        let name = name.unwrap_or_else(|| {
            let id = log.node().0.simple().to_string();
            id.chars().rev().take(8).collect()
        });
        let (news, failed) = (Notify::new(), CancellationToken::new());
        Arc::new(Self { name, log, bus, news, is_cut_off: AtomicBool::new(false), failed })
    }

    /// Starts the tasks, which run until `stop`. Only they hold `order`: the bus of the process closes when nothing is published
    /// any more. `announcements` are this node's own commits.
    pub fn start(
        self: &Arc<Self>,
        order: Arc<CommitOrder>,
        hub: &Arc<Hub>,
        store: &Arc<CachedStore>,
        announcements: mpsc::Receiver<Commit>,
        commits: Consumer,
        stop: &CancellationToken,
    ) {
        let until_stop = |task| {
            let stop = stop.clone();
            tokio::spawn(async move { stop.run_until_cancelled(task).await });
        };
        until_stop(Box::pin(self.clone().read_log(order.clone())) as futures::future::BoxFuture<'static, ()>);
        until_stop(Box::pin(self.clone().announce(announcements)));
        until_stop(Box::pin(self.clone().listen(order)));
        until_stop(Box::pin(self.clone().send_typing(hub.clone())));
        until_stop(Box::pin(self.clone().show_typing(hub.clone())));
        until_stop(Box::pin(self.clone().remove_old_entries()));
        let presence = presence::Presence::new(hub.clone(), store.clone(), self.log.clone());
        let changes = presence::forward(commits, self.log.node());
        until_stop(Box::pin(presence.run(changes)));
    }

    /// The node's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the bus works.
    pub fn is_bus_connected(&self) -> bool {
        self.bus.is_connected()
    }

    /// Whether the last attempt to read the commits of other nodes failed.
    pub fn is_cut_off(&self) -> bool {
        self.is_cut_off.load(Ordering::Relaxed)
    }

    /// Returns when this node cannot go on and has to be started again.
    pub async fn failed(&self) {
        self.failed.cancelled().await;
    }

    async fn read_log(self: Arc<Self>, order: Arc<CommitOrder>) {
        loop {
            let interval = if self.bus.is_connected() { READ_INTERVAL } else { READ_INTERVAL_WITHOUT_BUS };
            let _ = tokio::time::timeout(interval, self.news.notified()).await;
            let result = order.read_log().await;
            let was_cut_off = self.is_cut_off.swap(result.is_err(), Ordering::Relaxed);
            match result {
                Ok(()) if was_cut_off => tracing::warn!("the commits of other nodes can be read again"),
                Ok(()) => {}
                Err(OrderError::FellBehind) => {
                    tracing::error!("{}", OrderError::FellBehind);
                    return self.failed.cancel();
                }
                Err(error) if was_cut_off => tracing::debug!(%error, "cannot read the commit log"),
                Err(error) => {
                    tracing::error!(%error, "cannot read the commits of other nodes; what they store is shown later");
                }
            }
        }
    }

    /// Tells other nodes of this one's commits.
    async fn announce(self: Arc<Self>, mut announcements: mpsc::Receiver<Commit>) {
        while let Some(commit) = announcements.recv().await {
            self.bus.announce(&commit).await;
        }
    }

    /// Passes on what other nodes announce.
    async fn listen(self: Arc<Self>, order: Arc<CommitOrder>) {
        let mut commits = self.bus.commits().await;
        let mut gap = None;
        loop {
            let patience = async {
                match gap {
                    Some(until) => tokio::time::sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            let offer = tokio::select! {
                commit = commits.next() => match commit {
                    Some(Some(commit)) => order.offer(commit).await,
                    Some(None) => Offer::ReadLog,
                    None => return,
                },
                () = patience => Offer::ReadLog,
            };
            match offer {
                Offer::Taken | Offer::Known => {}
                Offer::HasGap => {
                    gap.get_or_insert_with(|| tokio::time::Instant::now() + GAP_PATIENCE);
                }
                Offer::ReadLog => {
                    gap = None;
                    self.news.notify_one();
                }
            }
        }
    }

    async fn send_typing(self: Arc<Self>, hub: Arc<Hub>) {
        let (sender, mut typing) = mpsc::channel(TYPING);
        // What does not fit was typed a moment ago.
        hub.on_typing(move |typing| drop(sender.try_send(typing)));
        while let Some(typing) = typing.recv().await {
            self.bus.send_typing(&typing).await;
        }
    }

    async fn show_typing(self: Arc<Self>, hub: Arc<Hub>) {
        let mut typing = self.bus.typing().await;
        while let Some(typing) = typing.next().await {
            hub.show_typing(&typing);
        }
    }

    async fn remove_old_entries(self: Arc<Self>) {
        let mut interval = tokio::time::interval(REMOVAL_INTERVAL);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            if let Err(error) = self.log.remove_old_entries().await {
                tracing::debug!(%error, "cannot remove old entries of the commit log");
            }
        }
    }
}
