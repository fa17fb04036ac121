//! Who is connected to which node. Each node stores its users under its lease and tells the others of changes in the commit
//! log; the others forget the users of a node whose lease has ended.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use parlor_protocol::UserId;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::MissedTickBehavior,
};

use crate::{
    bus::Consumer,
    cache::CachedStore,
    domain::{ControlEvent, Membership, NodeId, NodePresence, NodeUser, StoreError},
    room::{Absence, Hub},
    store::CommitLog,
};

/// How often changes are stored.
const SAVE_INTERVAL: Duration = Duration::from_millis(250);

/// How often a node says that it is alive. Its lease is four times as long.
const LEASE_INTERVAL: Duration = Duration::from_secs(5);

/// Users whose rooms are loaded at the same time.
const LOADS: usize = 4;

/// A change on another node.
pub(super) type Change = (NodeId, Vec<NodeUser>);

/// Takes the changes of other nodes out of the commits. Loading what they mean takes longer than a consumer of the bus may.
pub(super) fn forward(mut commits: Consumer, node: NodeId) -> UnboundedReceiver<Change> {
    let (sender, changes) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(delivery) = commits.recv().await {
            for event in &delivery.commit.control {
                if let ControlEvent::PresenceChanged { node: other, users } = event
                    && *other != node
                {
                    // Without a receiver the server stops.
                    let _ = sender.send((*other, users.clone()));
                }
            }
        }
    });
    changes
}

pub(super) struct Presence {
    hub: Arc<Hub>,
    store: Arc<CachedStore>,
    log: Arc<dyn CommitLog>,
    /// What is stored of this node.
    saved: HashMap<UserId, NodeUser>,
    /// Before the first time, and after a failure, it may be more or less than that.
    is_uncertain: bool,
    /// The other nodes whose users are known.
    nodes: HashSet<NodeId>,
    renewed_at: Instant,
}

impl Presence {
    pub(super) fn new(hub: Arc<Hub>, store: Arc<CachedStore>, log: Arc<dyn CommitLog>) -> Self {
        hub.watch_local_changes();
        Self {
            hub,
            store,
            log,
            saved: HashMap::new(),
            is_uncertain: true,
            nodes: HashSet::new(),
            renewed_at: Instant::now(),
        }
    }

    pub(super) async fn run(mut self, mut changes: UnboundedReceiver<Change>) {
        let mut saves = tokio::time::interval(SAVE_INTERVAL);
        saves.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewals = tokio::time::interval(LEASE_INTERVAL);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let result = tokio::select! {
                biased;
                _ = renewals.tick() => self.renew().await,
                change = changes.recv() => match change {
                    Some((node, users)) => self.apply(node, users).await,
                    None => return,
                },
                _ = saves.tick() => self.save().await,
            };
            if let Err(error) = result {
                tracing::debug!(%error, "cannot tell or learn who is connected to which node");
            }
        }
    }

    /// Stores who has connected to this node or left it.
    async fn save(&mut self) -> Result<(), StoreError> {
        let mut changed = self.hub.take_local_changes();
        let all = self.is_uncertain;
        if all {
            changed.extend(self.hub.connected_users());
            changed.extend(self.saved.keys().copied());
        }
        let users: Vec<_> = changed.into_iter().filter_map(|user| self.change_of(user, all)).collect();
        if users.is_empty() && !all {
            return Ok(());
        }
        self.is_uncertain = true;
        self.log.save_connected_users(users.clone(), all).await?;
        self.is_uncertain = false;
        for user in users {
            if user.presence == NodePresence::Disconnected {
                self.saved.remove(&user.user.id);
            } else {
                self.saved.insert(user.user.id, user);
            }
        }
        Ok(())
    }

    /// What is to be stored of a user whose connections have changed, or with `always`, also if they have not.
    fn change_of(&self, user: UserId, always: bool) -> Option<NodeUser> {
        let before = self.saved.get(&user);
        match self.hub.local_user(user) {
            Some(now) => (always || before != Some(&now)).then_some(now),
            None => before.map(|before| NodeUser { presence: NodePresence::Disconnected, ..before.clone() }),
        }
    }

    /// Says that this node is alive, forgets the users of nodes that are not, and learns those of nodes that are new.
    async fn renew(&mut self) -> Result<(), StoreError> {
        let alive: HashSet<_> = self.log.renew_lease().await?.into_iter().collect();
        // After an outage of the database nobody has renewed a lease: the others get the time to do so.
        let was_cut_off = self.renewed_at.elapsed() > LEASE_INTERVAL * 2;
        self.renewed_at = Instant::now();
        for dead in self.nodes.difference(&alive).filter(|_| !was_cut_off).copied().collect::<Vec<_>>() {
            // They have had longer to come back than a short absence.
            self.hub
                .users_of_node(dead)
                .into_iter()
                .for_each(|user| self.hub.disconnect_elsewhere(dead, user, Absence::Long));
            self.nodes.remove(&dead);
        }
        for new in alive.difference(&self.nodes).copied().collect::<Vec<_>>() {
            if new != self.log.node() {
                self.set_users(new, self.log.connected_users(new).await?).await?;
                self.nodes.insert(new);
            }
        }
        Ok(())
    }

    /// Replaces what is known of a node's users.
    async fn set_users(&self, node: NodeId, users: Vec<NodeUser>) -> Result<(), StoreError> {
        let present: HashSet<_> = users.iter().map(|user| user.user.id).collect();
        for gone in self.hub.users_of_node(node).into_iter().filter(|user| !present.contains(user)) {
            self.hub.disconnect_elsewhere(node, gone, Absence::Short);
        }
        self.connect(node, users).await
    }

    async fn apply(&mut self, node: NodeId, users: Vec<NodeUser>) -> Result<(), StoreError> {
        let (gone, present): (Vec<_>, Vec<_>) =
            users.into_iter().partition(|user| user.presence == NodePresence::Disconnected);
        gone.iter().for_each(|user| self.hub.disconnect_elsewhere(node, user.user.id, Absence::Short));
        self.connect(node, present).await
    }

    /// Makes users of a node present in their rooms.
    async fn connect(&self, node: NodeId, users: Vec<NodeUser>) -> Result<(), StoreError> {
        let mut loads = stream::iter(users)
            .map(async |user| {
                let memberships = self.store.memberships(user.user.id).await?;
                Ok::<_, StoreError>((user, memberships))
            })
            .buffered(LOADS);
        while let Some(loaded) = loads.next().await {
            let (NodeUser { user, presence }, memberships) = loaded?;
            let user = Arc::new(user);
            self.hub.connect_elsewhere(node, &user, presence == NodePresence::Away, &memberships);
            // A room that they have joined meanwhile was told to nobody.
            let now = self.store.memberships(user.id).await?;
            let missed: Vec<Membership> =
                now.iter().filter(|membership| !memberships.contains(membership)).cloned().collect();
            if !missed.is_empty() {
                self.hub.connect_elsewhere(node, &user, presence == NodePresence::Away, &missed);
            }
        }
        Ok(())
    }
}
