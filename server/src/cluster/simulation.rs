//! Simulates nodes, their database and the bus: transactions commit in any order that their locks allow, announcements are lost,
//! doubled, delayed and reordered, nodes die between commit and publication, are cut off from the database and start again,
//! and the database crashes. Each node must tell of each commit once, in the order of its room and user.
//!
//! `cargo test -p parlor --lib cluster::simulation` runs [`SEEDS`] seeds. `CLUSTER_SEED=n` repeats one that failed.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use parlor_protocol::{CommandId, Event, EventKind, Millis, RoomId, RoomKind, Seq, User, UserId, UserKind};
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::order::{CommitOrder, Offer};
use crate::{
    domain::{Commit, CommitPosition, CommitSink, ControlEvent, NodeId, NodeUser, RoomRecord, StoreError},
    store::{CommitLog, EventRange, LogCursor, LogEntry, LogPage},
};

const SEEDS: u64 = 10_000;

/// Steps of one seed, before everything is repaired.
const STEPS: usize = 120;

const ROOMS: usize = 3;
const USERS: u128 = 2;

/// Numbers of transactions that a crash of the database may give out again.
const LOST_TRANSACTIONS: i64 = 3;

fn room(n: usize) -> RoomId {
    RoomId::from(format!("room{n}"))
}

fn user(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn event(room: &RoomId, seq: Seq) -> Event {
    let by = User { id: user(0), name: String::new(), kind: UserKind::Account, colour: None };
    let id = CommandId(Uuid::from_u128(seq.into()));
    Event { room: room.clone(), seq, id, at: 0, by, event: EventKind::TopicSet { topic: String::new() } }
}

/// A transaction that holds its locks.
struct Transaction {
    node: NodeId,
    number: i64,
    rooms: Vec<usize>,
    users: Vec<u128>,
    /// Drawn with the entry in the commit log, which is its last write.
    entry: Option<LogEntry>,
    events: Vec<Event>,
}

#[derive(Default)]
struct Database {
    heads: BTreeMap<RoomId, Seq>,
    /// How often a mute of each user was changed.
    versions: BTreeMap<u128, Millis>,
    events: BTreeMap<(RoomId, Seq), Event>,
    log: BTreeMap<i64, LogEntry>,
    running: Vec<Transaction>,
    next_transaction: i64,
    next_id: i64,
    /// Nodes that cannot reach it.
    cut_off: BTreeSet<NodeId>,
    /// Commits that happen between two reads of a node.
    surprises: usize,
}

impl Database {
    fn is_locked(&self, rooms: &[usize], users: &[u128]) -> bool {
        self.running.iter().any(|transaction| {
            transaction.rooms.iter().any(|room| rooms.contains(room))
                || transaction.users.iter().any(|user| users.contains(user))
        })
    }

    /// Begins a transaction that adds events to rooms and changes users; false if another one holds their locks.
    fn begin(&mut self, node: NodeId, rooms: Vec<usize>, users: Vec<u128>) -> bool {
        if self.is_locked(&rooms, &users) {
            return false;
        }
        self.next_transaction += 1;
        let number = self.next_transaction;
        self.running.push(Transaction { node, number, rooms, users, entry: None, events: Vec::new() });
        true
    }

    /// Writes the events and the entry of a running transaction.
    fn write(&mut self, at: usize, events: u64) {
        let (heads, versions) = (&self.heads, &self.versions);
        let transaction = &mut self.running[at];
        if transaction.entry.is_some() {
            return;
        }
        self.next_id += 1;
        for id in transaction.rooms.iter().map(|n| room(*n)) {
            let head = heads.get(&id).copied().unwrap_or(0);
            for seq in head + 1..=head + events {
                transaction.events.push(event(&id, seq));
            }
        }
        let change = |n: &u128| ControlEvent::UserMuted {
            user: user(*n),
            room: None,
            until: versions.get(n).copied().unwrap_or(0) + 1,
        };
        transaction.entry = Some(LogEntry {
            position: CommitPosition { id: self.next_id, transaction: transaction.number },
            node: transaction.node,
            ranges: EventRange::of(&transaction.events),
            control: transaction.users.iter().map(change).collect(),
        });
    }

    /// Commits a transaction that has written everything. Returns what is to be published.
    fn commit(&mut self, at: usize) -> Option<(NodeId, Commit)> {
        self.running[at].entry.as_ref()?;
        let Transaction { node, users, entry, events, .. } = self.running.swap_remove(at);
        let entry = entry?;
        for event in &events {
            self.heads.insert(event.room.clone(), event.seq);
            self.events.insert((event.room.clone(), event.seq), event.clone());
        }
        users.iter().for_each(|user| *self.versions.entry(*user).or_default() += 1);
        self.log.insert(entry.position.id, entry.clone());
        let commit = Commit { events, control: entry.control, position: Some(entry.position), is_foreign: false };
        Some((node, commit))
    }

    /// Everything that was not committed is lost, and numbers of transactions that left nothing behind are given out again.
    fn crash(&mut self) {
        self.running.clear();
        let durable = self.log.values().map(|entry| entry.position.transaction).max().unwrap_or(0);
        self.next_transaction = durable.max(self.next_transaction - LOST_TRANSACTIONS);
    }

    fn rooms(&self) -> Vec<RoomRecord> {
        let record = |n| RoomRecord {
            id: room(n),
            name: String::new(),
            kind: RoomKind::Public,
            topic: None,
            head: self.heads.get(&room(n)).copied().unwrap_or(0),
            archived: false,
            created_by: None,
            people: Arc::from([]),
        };
        (0..ROOMS).map(record).collect()
    }
}

/// A node's view of the database.
struct Connection {
    node: NodeId,
    database: Arc<Mutex<Database>>,
}

impl Connection {
    fn read<T>(&self, read: impl FnOnce(&mut Database) -> T) -> Result<T, StoreError> {
        let mut database = self.database.lock();
        if database.cut_off.contains(&self.node) {
            return Err(StoreError::Closed);
        }
        Ok(read(&mut database))
    }
}

#[async_trait]
impl CommitLog for Connection {
    fn node(&self) -> NodeId {
        self.node
    }

    async fn positions(&self, cursor: LogCursor) -> Result<LogPage, StoreError> {
        self.read(|database| {
            let news = database.log.values().map(|entry| entry.position);
            let positions = news.filter(|new| new.transaction >= cursor.transaction || new.id > cursor.id).collect();
            let running = database.running.iter().map(|transaction| transaction.number);
            let page = LogPage {
                positions,
                oldest_running: running.min().unwrap_or(database.next_transaction + 1),
                newest: database.log.keys().next_back().copied().unwrap_or(0),
                removed: 0,
            };
            // Others commit before this node reads on.
            while database.surprises > 0 && !database.running.is_empty() {
                database.surprises -= 1;
                database.write(0, 1);
                database.commit(0);
            }
            page
        })
    }

    async fn entries(&self, ids: &[i64]) -> Result<Vec<LogEntry>, StoreError> {
        self.read(|database| ids.iter().map(|id| database.log[id].clone()).collect())
    }

    async fn events_in(&self, ranges: &[EventRange]) -> Result<Vec<Event>, StoreError> {
        self.read(|database| {
            let of = |range: &EventRange| {
                let (first, last) = ((range.room.clone(), range.first), (range.room.clone(), range.last));
                database.events.range(first..=last).map(|(_, event)| event.clone()).collect::<Vec<_>>()
            };
            let mut events: Vec<_> = ranges.iter().flat_map(of).collect();
            events.sort_by(|a, b| (&a.room, a.seq).cmp(&(&b.room, b.seq)));
            events
        })
    }

    async fn remove_old_entries(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn renew_lease(&self) -> Result<Vec<NodeId>, StoreError> {
        Ok(Vec::new())
    }

    async fn save_connected_users(&self, _: Vec<NodeUser>, _: bool) -> Result<(), StoreError> {
        Ok(())
    }

    async fn connected_users(&self, _: NodeId) -> Result<Vec<NodeUser>, StoreError> {
        Ok(Vec::new())
    }
}

/// What a node has told its clients.
#[derive(Default)]
struct Told {
    heads: HashMap<RoomId, Seq>,
    versions: HashMap<UserId, Millis>,
    /// What it has loaded at its start. Changes that it contains may be applied once more.
    loaded: HashMap<UserId, Millis>,
}

struct Clients(Mutex<Told>);

#[async_trait]
impl CommitSink for Clients {
    async fn publish(&self, commit: Commit) {
        let told = &mut *self.0.lock();
        for event in commit.events {
            let head = told.heads.entry(event.room).or_default();
            assert_eq!(event.seq, *head + 1, "an event is lost, doubled or out of order");
            *head = event.seq;
        }
        for event in commit.control {
            let ControlEvent::UserMuted { user, until, .. } = event else { panic!("{event:?}") };
            if told.loaded.get(&user).is_some_and(|loaded| until <= *loaded) {
                continue;
            }
            let version = told.versions.entry(user).or_default();
            assert_eq!(until, *version + 1, "a change of a user is lost, doubled or out of order");
            *version = until;
        }
    }

    fn is_idle(&self) -> bool {
        true
    }

    async fn idle(&self) {}
}

struct Node {
    id: NodeId,
    order: Arc<CommitOrder>,
    clients: Arc<Clients>,
    announcements: mpsc::Receiver<Commit>,
    /// What the bus brings it, in any order.
    inbox: Vec<Commit>,
    /// It has read the log within the last second.
    has_read: bool,
}

impl Node {
    /// Starts a node, which loads what is in the database.
    async fn start(number: u128, database: &Arc<Mutex<Database>>, random: &mut StdRng) -> Self {
        let id = NodeId(Uuid::from_u128(number));
        let clients = Arc::new(Clients(Mutex::default()));
        let order = CommitOrder::before(clients.clone());
        let announcements = order.share(Arc::new(Connection { node: id, database: database.clone() })).await.unwrap();
        let rooms = {
            let mut database = database.lock();
            // Between the beginning and the loading of rooms.
            if random.random_bool(0.5) && !database.running.is_empty() {
                database.write(0, 1);
                database.commit(0);
            }
            let mut told = clients.0.lock();
            told.heads.extend(database.heads.clone());
            told.versions.extend(database.versions.iter().map(|(n, version)| (user(*n), *version)));
            told.loaded = told.versions.clone();
            drop(told);
            database.rooms()
        };
        order.set_heads(&rooms).await;
        Self { id, order, clients, announcements, inbox: Vec::new(), has_read: true }
    }

    async fn read_log(&mut self) {
        if self.order.read_log().await.is_ok() {
            self.has_read = true;
        }
    }
}

async fn run(seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    let database = Arc::new(Mutex::new(Database::default()));
    let mut nodes = Vec::new();
    let mut last_node = 0;
    for _ in 0..3 {
        last_node += 1;
        nodes.push(Node::start(last_node, &database, random).await);
    }
    for _ in 0..STEPS {
        let at = random.random_range(0..nodes.len());
        match random.random_range(0..100) {
            0..30 => {
                let rooms = (0..ROOMS).filter(|_| random.random_bool(0.4)).collect();
                let users = (0..USERS).filter(|_| random.random_bool(0.2)).collect();
                let mut database = database.lock();
                if !database.cut_off.contains(&nodes[at].id) {
                    database.begin(nodes[at].id, rooms, users);
                }
            }
            30..55 => {
                let (mut database, events) = (database.lock(), random.random_range(1..4));
                if !database.running.is_empty() {
                    let at = random.random_range(0..database.running.len());
                    database.write(at, events);
                }
            }
            55..75 => {
                let committed = {
                    let mut database = database.lock();
                    let count = database.running.len();
                    if count == 0 { None } else { database.commit(random.random_range(0..count)) }
                };
                // A node that dies now has committed and published nothing.
                if let Some((node, commit)) = committed
                    && random.random_bool(0.9)
                    && let Some(node) = nodes.iter_mut().find(|other| other.id == node)
                {
                    node.order.publish(commit).await;
                    // It may have had to read the log.
                    node.has_read = true;
                }
            }
            75..85 => deliver(&mut nodes, random).await,
            85..92 => {
                database.lock().surprises = random.random_range(0..3);
                nodes[at].read_log().await;
                database.lock().surprises = 0;
            }
            92..94 => {
                let (mut database, id) = (database.lock(), nodes[at].id);
                if !database.cut_off.remove(&id) {
                    database.cut_off.insert(id);
                }
            }
            94..96 => {
                for node in &mut nodes {
                    node.order.forget_last_read().await;
                    node.has_read = false;
                }
            }
            96..98 => {
                {
                    let mut database = database.lock();
                    database.running.retain(|transaction| transaction.node != nodes[at].id);
                    database.cut_off.clear();
                }
                last_node += 1;
                nodes[at] = Node::start(last_node, &database, random).await;
            }
            _ => database.lock().crash(),
        }
    }
    database.lock().cut_off.clear();
    while !database.lock().running.is_empty() {
        let mut database = database.lock();
        database.write(0, 1);
        database.commit(0);
    }
    for node in &mut nodes {
        node.read_log().await;
        let database = database.lock();
        let told = node.clients.0.lock();
        let heads: BTreeMap<_, _> = told.heads.iter().map(|(room, head)| (room.clone(), *head)).collect();
        assert_eq!(heads, database.heads);
        assert!(database.versions.iter().all(|(n, version)| told.versions.get(&user(*n)) == Some(version)));
    }
}

/// The bus takes what nodes announce, and brings some of it.
async fn deliver(nodes: &mut [Node], random: &mut StdRng) {
    for from in 0..nodes.len() {
        while let Ok(commit) = nodes[from].announcements.try_recv() {
            for (_, node) in nodes.iter_mut().enumerate().filter(|(to, _)| *to != from) {
                // Lost, once, or twice.
                for _ in 0..random.random_range(0..3) {
                    node.inbox.push(Commit { is_foreign: true, ..commit.clone() });
                }
            }
        }
    }
    for node in nodes {
        for _ in 0..random.random_range(0..4) {
            if node.inbox.is_empty() {
                break;
            }
            let commit = node.inbox.swap_remove(random.random_range(0..node.inbox.len()));
            let offer = node.order.offer(commit).await;
            if offer == Offer::Taken {
                assert!(node.has_read, "believed without having read the log");
            }
        }
    }
}

#[test]
fn nodes_tell_of_each_commit_once_and_in_order() {
    let seeds = match std::env::var("CLUSTER_SEED") {
        Ok(seed) => {
            let seed = seed.parse().unwrap();
            seed..seed + 1
        }
        Err(_) => 0..SEEDS,
    };
    for seed in seeds {
        let result = std::panic::catch_unwind(|| futures::executor::block_on(run(seed)));
        assert!(result.is_ok(), "seed {seed}: repeat it with CLUSTER_SEED={seed}");
    }
}
