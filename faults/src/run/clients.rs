//! All clients of a run, their rooms and the messages that they send.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use futures::future::join_all;
use parlor_protocol::{CommandId, Event, RoomId, RoomKind, Seq, http::CreatedSession};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use uuid::Uuid;

use super::{Plan, moderator::create_room, nodes::Nodes};
use crate::{
    client::{Backoff, Client, Config, Ended, Http},
    process::Server,
};

/// Maximum size of an outbox; a client sends no more until it is smaller.
const MOST_WAITING: usize = 200;

/// Time for a node to say the heads of all rooms. It may be suspended.
const HEADS_TIMEOUT: Duration = Duration::from_secs(1);

/// Time for a server to print the link for the first owner after its address.
const LINK_TIMEOUT: Duration = Duration::from_secs(20);

pub(super) struct Clients {
    pub(super) clients: Vec<Arc<Client>>,
    rooms: Vec<RoomId>,
    /// A member of all rooms: the owner of the server, in a run of nodes.
    reader: CreatedSession,
    guarded: Option<RoomId>,
}

/// Tasks that send messages, stopped when dropped.
pub(super) struct WriteLoad {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Clients {
    /// Creates users and rooms on a server directly, and starts the clients through the proxies. Each begins at another node.
    pub(super) async fn start(plan: &Plan, nodes: &Nodes, rng: &mut StdRng) -> anyhow::Result<Self> {
        let address = nodes.nodes[0].server.address();
        let http = Http::new(address)?;
        let reader = match plan.nodes {
            Some(_) => http.create_owner("owner", &first_owner_token(&nodes.nodes[0].server).await?).await?,
            None => http.session("reader").await?,
        };
        let mut rooms = vec![RoomId::lobby()];
        for number in 0..plan.rooms {
            rooms.push(http.make_room(&reader.token, &format!("room {number}"), RoomKind::Public).await?);
        }
        let mut guarded = None;
        if plan.nodes.is_some() {
            let room = create_room(address, &reader).await?;
            rooms.push(room.clone());
            guarded = Some(room);
        }
        let mut clients = Vec::new();
        for number in 0..plan.clients {
            let transport = plan.transports[number % plan.transports.len()];
            let name = format!("{}{number}", transport.slug());
            let made = http.session(&name).await?;
            if let Some(room) = &guarded {
                let status = http.add_member(&reader.token, room, made.user.id).await?;
                ensure!(status.is_success(), "adding {name}: {status}");
            }
            let mut addresses = nodes.proxies();
            // Each transport is on each node.
            addresses.rotate_left((number / plan.transports.len()) % nodes.nodes.len());
            let (rooms, backoff, seed) = (rooms.clone(), Backoff::default(), rng.random());
            let config = Config { name, made, addresses, transport, rooms, backoff, seed, revocable: false };
            clients.push(Arc::new(Client::start(config)));
        }
        Ok(Self { clients, rooms, reader, guarded })
    }

    /// The owner of the server and the room that people are removed from, in a run of nodes.
    pub(super) fn guarded(&self) -> Option<(&CreatedSession, &RoomId)> {
        self.guarded.as_ref().map(|room| (&self.reader, room))
    }

    /// Makes every client send at random times to random rooms.
    pub(super) fn write(&self, plan: &Plan, rng: &mut StdRng) -> WriteLoad {
        let stop = watch::Sender::new(false);
        let mut tasks = JoinSet::new();
        for client in &self.clients {
            let (client, rooms, rng) = (Arc::clone(client), self.rooms.clone(), StdRng::from_rng(rng));
            tasks.spawn(write(client, rooms, plan.rate, rng, stop.subscribe()));
        }
        WriteLoad { stop, tasks }
    }

    /// Heads of all rooms.
    pub(super) async fn heads(&self, server: SocketAddr) -> anyhow::Result<BTreeMap<RoomId, Seq>> {
        let http = Http::new(server)?;
        let mut heads = BTreeMap::new();
        for room in &self.rooms {
            heads.insert(room.clone(), http.newest_page(&self.reader.token, room).await?.head);
        }
        Ok(heads)
    }

    /// Describes the clients that have not seen everything or wait for an ack.
    async fn behind(&self, server: SocketAddr, others: &[Arc<Client>]) -> anyhow::Result<Vec<String>> {
        let heads = self.heads(server).await?;
        let is_behind = |client: &Client| {
            let lacks = |(room, head): (&RoomId, &Seq)| client.has_room(room) && client.seen(room) != Some(*head);
            client.waiting() > 0 || heads.iter().any(lacks)
        };
        let behind = self.clients.iter().chain(others).filter(|client| is_behind(client));
        Ok(behind.map(|client| format!("{}; heads {heads:?}", client.describe())).collect())
    }

    /// Waits until every client, and these others, have seen and stored everything. Returns how long that took.
    pub(super) async fn catch_up(
        &self,
        server: SocketAddr,
        others: &[Arc<Client>],
        patience: Duration,
    ) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        loop {
            match self.behind(server, others).await {
                Ok(behind) if behind.is_empty() => return Ok(begun.elapsed()),
                Ok(behind) if begun.elapsed() > patience => {
                    bail!("not caught up {patience:?} after all was healed:\n{}", behind.join("\n"));
                }
                Err(error) if begun.elapsed() > patience => return Err(error.context("asking for the heads")),
                Ok(_) | Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }

    /// Waits until every client has seen everything that was stored by now, and stored what it wanted to send by now, while
    /// they go on sending.
    pub(super) async fn repaired(&self, servers: &[SocketAddr], patience: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        let newest = CommandId(Uuid::now_v7());
        let heads = loop {
            // Any of them may be stopped.
            let asked = join_all(servers.iter().map(|server| timeout(HEADS_TIMEOUT, self.heads(*server)))).await;
            let answers = asked.into_iter().flatten().flatten();
            match answers.max_by_key(|heads| heads.values().sum::<Seq>()) {
                Some(heads) => break heads,
                None if begun.elapsed() > patience => bail!("no node said the heads within {patience:?}"),
                None => sleep(Duration::from_millis(50)).await,
            }
        };
        let is_behind = |client: &&Arc<Client>| {
            let lacks = |(room, head): (&RoomId, &Seq)| client.seen(room).is_none_or(|seen| seen < *head);
            client.waits_for(newest) || heads.iter().any(lacks)
        };
        while let Some(behind) = self.clients.iter().find(is_behind) {
            if begun.elapsed() > patience {
                bail!("not caught up {patience:?} after a fault: {}; heads {heads:?}", behind.describe());
            }
            sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// All events of each room.
    pub(super) async fn history(&self, server: SocketAddr) -> anyhow::Result<BTreeMap<RoomId, Vec<Event>>> {
        Http::new(server)?.events(&self.reader.token, &self.rooms).await
    }

    pub(super) fn end(self) -> Vec<Ended> {
        self.clients.iter().map(|client| client.end()).collect()
    }
}

impl WriteLoad {
    pub(super) async fn end(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn first_owner_token(server: &Server) -> anyhow::Result<String> {
    let begun = Instant::now();
    loop {
        match server.first_owner_token() {
            None if begun.elapsed() < LINK_TIMEOUT => sleep(Duration::from_millis(10)).await,
            token => return token.context("the server has printed no link for the first owner"),
        }
    }
}

async fn write(client: Arc<Client>, rooms: Vec<RoomId>, rate: f64, mut rng: StdRng, mut stop: watch::Receiver<bool>) {
    let mut number = 0_u64;
    loop {
        let pause = Duration::from_secs_f64(rng.random_range(0.0..2.0) / rate);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = sleep(pause) => {}
        }
        let Some(room) = rooms.choose(&mut rng) else { return };
        // Mostly short, sometimes long, so that queues overflow.
        let words = if rng.random_ratio(1, 8) { rng.random_range(100..900) } else { rng.random_range(0..12) };
        number += 1;
        if client.waiting() < MOST_WAITING {
            client.write(room, format!("message **{number}**{}", " word".repeat(words)));
        }
    }
}
