//! All clients of a run, their rooms and the messages that they send.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use parlor_protocol::{RoomId, Seq};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::{sync::watch, task::JoinSet, time::sleep};

use super::Plan;
use crate::{
    checker::RoomLog,
    client::{Backoff, Client, Config, Ended, Http},
};

/// Maximum size of an outbox; a client sends no more until it is smaller.
const MOST_WAITING: usize = 200;

pub(super) struct Clients {
    pub(super) clients: Vec<Arc<Client>>,
    rooms: Vec<RoomId>,
    token: String,
}

/// Tasks that send messages, stopped when dropped.
pub(super) struct WriteLoad {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Clients {
    /// Creates users and rooms on the server directly, and starts the clients through the proxy.
    pub(super) async fn start(
        plan: &Plan,
        server: SocketAddr,
        proxy: SocketAddr,
        rng: &mut StdRng,
    ) -> anyhow::Result<Self> {
        let http = Http::new(server)?;
        let reader = http.session("reader").await?;
        let mut rooms = vec![RoomId::lobby()];
        for number in 0..plan.rooms {
            rooms.push(http.make_room(&reader.token, &format!("room {number}")).await?);
        }
        let mut clients = Vec::new();
        for number in 0..plan.clients {
            let transport = plan.transports[number % plan.transports.len()];
            let name = format!("{}{number}", transport.slug());
            let made = http.session(&name).await?;
            let (rooms, backoff, seed) = (rooms.clone(), Backoff::default(), rng.random());
            let config = Config { name, made, address: proxy, transport, rooms, backoff, seed };
            clients.push(Arc::new(Client::start(config)));
        }
        Ok(Self { clients, rooms, token: reader.token })
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

    /// Describes the clients that have not seen everything or wait for an ack.
    pub(super) async fn behind(&self, server: SocketAddr) -> anyhow::Result<Vec<String>> {
        let http = Http::new(server)?;
        let mut heads: BTreeMap<&RoomId, Seq> = BTreeMap::new();
        for room in &self.rooms {
            heads.insert(room, http.newest_page(&self.token, room).await?.head);
        }
        let is_behind =
            |client: &Client| client.waiting() > 0 || heads.iter().any(|(room, head)| client.seen(room) != Some(*head));
        let behind = self.clients.iter().filter(|client| is_behind(client));
        Ok(behind.map(|client| format!("{}; heads {heads:?}", client.describe())).collect())
    }

    /// The full log of each room.
    pub(super) async fn history(&self, server: SocketAddr) -> anyhow::Result<BTreeMap<RoomId, RoomLog>> {
        Http::new(server)?.history(&self.token, &self.rooms).await
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
