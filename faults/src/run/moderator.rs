//! An owner who removes people from a room, adds them again and bans some, on random nodes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{bail, ensure};
use parlor_protocol::{Event, EventKind, RoomId, RoomKind, Seq, UserId, http::CreatedSession};
use rand::{
    Rng,
    rngs::StdRng,
    seq::{IndexedRandom, IteratorRandom},
};
use reqwest::StatusCode;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::nodes::NodeOutage;
use crate::{
    checker::{Connected, Margins, Observation, Outage, Revocation},
    client::{Backoff, Client, Config, Ended, Http, Transport},
};

/// People who are in the room at first, and when nobody was removed.
const PEOPLE: usize = 4;

/// Clients of each person, on different nodes if there are several.
const CLIENTS: usize = 2;

/// One of so many revocations is a ban.
const BANS: u32 = 4;

/// Time after which a change fails that no node has acknowledged. Longer than any fault.
const PATIENCE: Duration = Duration::from_secs(120);

/// Time in which the rights of a node may be older than those of others.
const STALE: Duration = Duration::from_millis(1_100);

pub(super) const MARGINS: Margins = Margins {
    ack: Duration::from_secs(1),
    // A writer without its database tries to connect every two seconds.
    outage: Duration::from_secs(5),
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Member,
    Removed,
    Banned,
}

#[derive(Clone, Copy, Debug)]
enum Change {
    Remove,
    Ban,
}

struct Person {
    made: CreatedSession,
    clients: Vec<Arc<Client>>,
    standing: Standing,
    /// An attempt to add them was not answered, and may have an effect at any time.
    may_be_added: bool,
}

/// A removal or ban that a node has acknowledged.
struct Act {
    person: usize,
    /// Heads of the rooms that were lost, read from the node after its answer.
    heads: BTreeMap<RoomId, Seq>,
    acked: Instant,
    undone: Option<Instant>,
    is_ban: bool,
}

/// A running moderator.
pub(super) struct Moderator {
    stop: watch::Sender<bool>,
    task: JoinHandle<anyhow::Result<Moderation>>,
}

/// What a moderator did.
pub(super) struct Moderation {
    owner: CreatedSession,
    room: RoomId,
    rooms: Vec<RoomId>,
    nodes: Vec<SocketAddr>,
    rng: StdRng,
    transports: Vec<Transport>,
    people: Vec<Person>,
    acts: Vec<Act>,
}

/// Creates the room that people are removed from.
pub(super) async fn create_room(node: SocketAddr, owner: &CreatedSession) -> anyhow::Result<RoomId> {
    Http::new(node)?.make_room(&owner.token, "guarded", RoomKind::Private).await
}

impl Moderator {
    pub(super) async fn start(
        owner: CreatedSession,
        room: RoomId,
        nodes: Vec<SocketAddr>,
        transports: Vec<Transport>,
        rng: StdRng,
    ) -> anyhow::Result<Self> {
        let rooms = vec![RoomId::lobby(), room.clone()];
        let (people, acts) = (Vec::new(), Vec::new());
        let mut moderation = Moderation { owner, room, rooms, nodes, rng, transports, people, acts };
        for _ in 0..PEOPLE {
            moderation.admit_new_person().await?;
        }
        let stop = watch::Sender::new(false);
        let mut stopped = stop.subscribe();
        let task = tokio::spawn(async move {
            loop {
                let pause = Duration::from_millis(moderation.rng.random_range(50..500));
                if timeout(pause, stopped.wait_for(|stop| *stop)).await.is_ok() {
                    break;
                }
                moderation.act().await?;
            }
            moderation.admit_everyone().await?;
            Ok(moderation)
        });
        Ok(Self { stop, task })
    }

    /// Adds everyone who is not banned, and ends.
    pub(super) async fn end(self) -> anyhow::Result<Moderation> {
        self.stop.send_replace(true);
        self.task.await?
    }
}

impl Moderation {
    async fn admit_new_person(&mut self) -> anyhow::Result<()> {
        // Another one at each attempt, because a name may be taken by one that was not answered.
        let name = format!("guest{}-{:04x}", self.people.len(), self.rng.random::<u16>());
        let http = self.node()?;
        let made = http.session(&name).await?;
        let status = http.add_member(&self.owner.token, &self.room, made.user.id).await?;
        ensure!(status.is_success(), "adding {name}: {status}");
        let mut clients = Vec::new();
        let first = self.rng.random_range(0..self.nodes.len());
        for number in 0..CLIENTS {
            let mut addresses = self.nodes.clone();
            addresses.rotate_left((first + number) % self.nodes.len());
            let transport = self.transports.choose(&mut self.rng).copied().unwrap_or(Transport::WebSocket);
            let config = Config {
                name: format!("{name}-{}{number}", transport.slug()),
                made: made.clone(),
                addresses,
                transport,
                rooms: self.rooms.clone(),
                backoff: Backoff::default(),
                seed: self.rng.random(),
                revocable: true,
            };
            clients.push(Arc::new(Client::start(config)));
        }
        self.people.push(Person { made, clients, standing: Standing::Member, may_be_added: false });
        Ok(())
    }

    fn node(&mut self) -> anyhow::Result<Http> {
        Http::new(self.nodes[self.rng.random_range(0..self.nodes.len())])
    }

    async fn act(&mut self) -> anyhow::Result<()> {
        let present = (0..self.people.len()).filter(|index| self.people[*index].standing != Standing::Banned);
        let Some(index) = present.choose(&mut self.rng) else { return Ok(()) };
        match self.people[index].standing {
            // It is unknown when they will be a member, which only a ban changes.
            _ if self.people[index].may_be_added => self.ban(index).await,
            Standing::Removed => self.add(index).await,
            Standing::Member if self.rng.random_ratio(1, BANS) => self.ban(index).await,
            Standing::Member => self.remove(index).await,
            Standing::Banned => Ok(()),
        }
    }

    async fn remove(&mut self, index: usize) -> anyhow::Result<()> {
        let (http, acked) = self.change(Change::Remove, self.people[index].made.user.id).await?;
        self.people[index].standing = Standing::Removed;
        // Without the head it is unknown which event it was.
        if let Ok(page) = http.newest_page(&self.owner.token, &self.room).await {
            let heads = [(self.room.clone(), page.head)].into();
            self.acts.push(Act { person: index, heads, acked, undone: None, is_ban: false });
        }
        Ok(())
    }

    async fn add(&mut self, index: usize) -> anyhow::Result<()> {
        let user = self.people[index].made.user.id;
        if let Some(act) = self.acts.iter_mut().rfind(|act| act.person == index) {
            act.undone.get_or_insert_with(Instant::now);
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.node()?.add_member(&self.owner.token, &self.room, user).await {
                Ok(status) if status.is_success() || status == StatusCode::CONFLICT => {
                    self.people[index].standing = Standing::Member;
                    return Ok(());
                }
                Ok(_) => {}
                Err(_) => self.people[index].may_be_added = true,
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("nobody could add {user} within {PATIENCE:?}")
    }

    async fn ban(&mut self, index: usize) -> anyhow::Result<()> {
        self.people[index].standing = Standing::Banned;
        for client in &self.people[index].clients {
            client.may_end();
        }
        let (http, acked) = self.change(Change::Ban, self.people[index].made.user.id).await?;
        let mut heads = BTreeMap::new();
        for room in &self.rooms {
            if let Ok(page) = http.newest_page(&self.owner.token, room).await {
                heads.insert(room.clone(), page.head);
            }
        }
        self.acts.push(Act { person: index, heads, acked, undone: None, is_ban: true });
        let begun = Instant::now();
        while let Err(error) = self.admit_new_person().await {
            if begun.elapsed() > PATIENCE {
                return Err(error);
            }
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Tries on random nodes until one acknowledges it. Returns that node and the time.
    async fn change(&mut self, change: Change, user: UserId) -> anyhow::Result<(Http, Instant)> {
        let begun = Instant::now();
        let mut last = String::new();
        while begun.elapsed() < PATIENCE {
            let http = self.node()?;
            let answer = match change {
                Change::Ban => http.ban(&self.owner.token, user).await,
                Change::Remove => self.remove_if_member(&http, user).await,
            };
            match answer {
                Ok(status) if status.is_success() => return Ok((http, Instant::now())),
                Ok(status) => last = status.to_string(),
                Err(error) => last = format!("{error:#}"),
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("no node has acknowledged {change:?} of {user} within {PATIENCE:?}: {last}")
    }

    /// Someone who is no member may have been removed by an attempt without an answer, or this node does not know yet that
    /// they were added.
    async fn remove_if_member(&self, http: &Http, user: UserId) -> anyhow::Result<StatusCode> {
        let first = http.remove_member(&self.owner.token, &self.room, user).await?;
        if first != StatusCode::NOT_FOUND {
            return Ok(first);
        }
        sleep(STALE).await;
        let second = http.remove_member(&self.owner.token, &self.room, user).await?;
        Ok(if second == StatusCode::NOT_FOUND { StatusCode::NO_CONTENT } else { second })
    }

    /// An attempt to remove someone that was not answered may have had an effect since they were added.
    async fn admit_everyone(&mut self) -> anyhow::Result<()> {
        for index in 0..self.people.len() {
            if self.people[index].standing != Standing::Banned {
                self.add(index).await?;
            }
        }
        Ok(())
    }

    /// The clients of everyone who is not banned.
    pub(super) fn clients(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.people.iter().filter(|person| person.standing != Standing::Banned).flat_map(|person| &person.clients)
    }

    /// Stops all clients. Returns what they logged, and what they observed.
    pub(super) fn end(
        self,
        begun: Instant,
        history: &BTreeMap<RoomId, Vec<Event>>,
        outages: &[NodeOutage],
    ) -> (Vec<Ended>, Vec<Revocation>, Vec<Observation>, Vec<Outage>) {
        let now = begun.elapsed();
        let since = |at: Instant| at.saturating_duration_since(begun);
        let name = |index: usize| format!("guest{index}");
        let node = |address| self.nodes.iter().position(|other| *other == address).unwrap_or_default();
        let (mut all_ended, mut observations) = (Vec::new(), Vec::new());
        for (index, person) in self.people.iter().enumerate() {
            for client in &person.clients {
                let mut ended = client.end();
                if person.standing == Standing::Banned {
                    ended.log.over();
                }
                let received = ended.receipts.drain(..).map(|one| (one.room, one.seq, since(one.at))).collect();
                let connected = ended.connected.drain(..).map(|period| Connected {
                    node: node(period.address),
                    from: since(period.from),
                    to: period.to.map_or(now, since),
                });
                let connected = connected.collect();
                let client = ended.log.name().to_owned();
                observations.push(Observation { person: name(index), client, received, connected });
                all_ended.push(ended);
            }
        }
        let revocations = self.acts.iter().map(|act| {
            let user = self.people[act.person].made.user.id;
            let last = act.heads.iter().filter_map(|(room, head)| {
                let last = if act.is_ban { Some(*head) } else { last_removal(history.get(room)?, user, *head) };
                Some((room.clone(), last?))
            });
            let (acked, undone) = (since(act.acked), act.undone.map(since));
            Revocation { person: name(act.person), last: last.collect(), acked, undone, ban: act.is_ban }
        });
        let outage = |one: &NodeOutage| Outage { node: one.node, from: since(one.from), to: since(one.to) };
        (all_ended, revocations.collect(), observations, outages.iter().map(outage).collect())
    }
}

/// The event that removed a person, up to a seq. None if they were added again by then.
fn last_removal(events: &[Event], person: UserId, head: Seq) -> Option<Seq> {
    let known = events.iter().rev().filter(|event| event.seq <= head);
    let mut changes = known.filter_map(|event| match &event.event {
        EventKind::MemberAdded { user } if user.id == person => Some(None),
        EventKind::MemberRemoved { user } if user.id == person => Some(Some(event.seq)),
        _ => None,
    });
    changes.next().flatten()
}
