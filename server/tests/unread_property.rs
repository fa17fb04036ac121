//! Property test: after each step of a random history over several devices, the unread counts of the server, of the
//! devices
//! and of a fresh count from the log are equal.

use std::time::{Duration, Instant};

use crate::support::{Client, FrameReader, PATIENCE, Server, http_client, rooms::counts};
use parlor_app::live::state::{Effect, State};
use parlor_protocol::{
    ClientFrame, CommandId, Event, EventKind, RoomId, RoomSummary, Seq, ServerFrame, UserId,
    http::{CreatedSession, EventPage, MessagePage, RoomList},
};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

const CASES: u32 = 8;
const STEPS: usize = 36;
const DEVICES: [usize; 2] = [3, 2];

/// A step. Numbers select an item modulo the number of items.
#[derive(Clone, Debug)]
enum Step {
    /// By one of the two people on one of their devices, or by the third.
    Say {
        by: usize,
        device: usize,
        names: Option<usize>,
    },
    /// One of their own messages; the third, a moderator, may select any.
    Delete {
        by: usize,
        device: usize,
        which: usize,
    },
    Read {
        who: usize,
        device: usize,
        to: u64,
    },
    Mark {
        who: usize,
        device: usize,
        from: u64,
    },
    Remove {
        who: usize,
    },
    Add {
        who: usize,
    },
    Reconnect {
        who: usize,
        device: usize,
    },
    SetTopic,
}

fn step() -> impl Strategy<Value = Step> {
    let (who, device) = (0..2_usize, 0..6_usize);
    prop_oneof![
        6 => (0..3_usize, device.clone(), proptest::option::of(0..2_usize))
            .prop_map(|(by, device, names)| Step::Say { by, device, names }),
        2 => (0..3_usize, device.clone(), any::<usize>())
            .prop_map(|(by, device, which)| Step::Delete { by, device, which }),
        3 => (who.clone(), device.clone(), any::<u64>()).prop_map(|(who, device, to)| Step::Read { who, device, to }),
        2 => (who.clone(), device.clone(), any::<u64>())
            .prop_map(|(who, device, from)| Step::Mark { who, device, from }),
        1 => who.clone().prop_map(|who| Step::Remove { who }),
        2 => who.clone().prop_map(|who| Step::Add { who }),
        1 => (who, device).prop_map(|(who, device)| Step::Reconnect { who, device }),
        1 => Just(Step::SetTopic),
    ]
}

/// A device: its connection, and the state of its page.
struct Device {
    client: Client,
    page: State,
}

struct Person {
    made: CreatedSession,
    devices: Vec<Device>,
    /// The expected read position and mark; `None` while they are no member.
    mine: Option<(Seq, Option<Seq>)>,
}

struct World {
    server: Server,
    http: reqwest::Client,
    room: RoomId,
    people: Vec<Person>,
    writer: (CreatedSession, Client),
    head: Seq,
    log: Vec<Event>,
    topics: u64,
}

/// Counts from the log: read position, unread messages, mentions, and whether there is a mark.
fn recount(log: &[Event], who: UserId, (read, marked): (Seq, Option<Seq>)) -> (Seq, u64, u64, bool) {
    let read = marked.map_or(read, |from| read.min(from - 1));
    let (mut unread, mut named) = (0, 0);
    for event in log.iter().filter(|event| event.seq > read && event.by.id != who) {
        if let EventKind::Message { body, mentions, .. } = &event.event
            && !body.is_empty()
        {
            unread += 1;
            named += u64::from(mentions.contains(&who));
        }
    }
    (read, unread, named, marked.is_some())
}

impl World {
    async fn begin() -> Self {
        let server = Server::start().await;
        let writer = server.session("writer").await;
        let room = server.room(&writer, "Kitchen", "private").await;
        let mut client = Client::greet(server.address, &writer).await;
        client.join(room.as_str(), None).await;
        let mut people = Vec::new();
        for (name, devices) in ["ann", "bob"].into_iter().zip(DEVICES) {
            let made = server.session(name).await;
            let mut person = Person { made, devices: Vec::new(), mine: None };
            for _ in 0..devices {
                // Only the client sees `welcome`, so pass it to the page.
                let mut page = State::default();
                page.me = Some(person.made.user.clone());
                person.devices.push(Device { client: Client::greet(server.address, &person.made).await, page });
            }
            people.push(person);
        }
        let http = http_client();
        let mut world =
            Self { server, http, room, people, writer: (writer, client), head: 0, log: Vec::new(), topics: 0 };
        for who in 0..2 {
            world.step(Step::Add { who }).await;
        }
        world
    }

    async fn get<T: DeserializeOwned>(&self, who: &CreatedSession, path: &str) -> T {
        let answer = self.http.get(self.server.url(path)).bearer_auth(&who.token).send().await.unwrap();
        answer.json().await.unwrap()
    }

    async fn listed(&self, who: &CreatedSession) -> Option<RoomSummary> {
        let rooms: RoomList = self.get(who, "/api/rooms").await;
        rooms.rooms.into_iter().find(|room| room.id == self.room)
    }

    /// Waits for one more event in the room.
    async fn grown(&mut self) {
        self.head = self.writer.1.event().await.seq;
        let room = &self.room;
        let page: EventPage = self.get(&self.writer.0, &format!("/api/rooms/{room}/events?after=0&limit=500")).await;
        self.log = page.events;
        assert_eq!(self.log.len() as u64, self.head);
    }

    /// Sends a frame from a device and receives what has arrived.
    async fn say(&mut self, who: usize, device: usize, frame: &ClientFrame) -> Vec<ServerFrame> {
        let devices = &mut self.people[who].devices;
        let at = device % devices.len();
        devices[at].client.say(frame).await;
        self.settle(who, at).await
    }

    async fn settle(&mut self, who: usize, device: usize) -> Vec<ServerFrame> {
        let frames = self.people[who].devices[device].client.settle().await;
        for frame in &frames {
            assert!(!matches!(frame, ServerFrame::Refused { .. } | ServerFrame::Gap { .. }), "{frame:?}");
            let effects = self.people[who].devices[device].page.apply(frame.clone(), 0);
            self.act(who, device, effects).await;
        }
        frames
    }

    /// Runs the effects of a page.
    async fn act(&mut self, who: usize, device: usize, mut effects: Vec<Effect>) {
        while !effects.is_empty() {
            let mut more = Vec::new();
            for effect in effects {
                let (made, path) = (self.people[who].made.clone(), format!("/api/rooms/{}/messages", self.room));
                more.extend(match effect {
                    Effect::Send(frame) => {
                        self.people[who].devices[device].client.say(&frame).await;
                        Vec::new()
                    }
                    Effect::RestoreHistory(room) => self.people[who].devices[device].page.history_restored(&room, None),
                    Effect::LoadNewest(room) => {
                        let page: MessagePage = self.get(&made, &path).await;
                        self.people[who].devices[device].page.loaded(&room, page)
                    }
                    Effect::LoadRooms => {
                        let rooms: RoomList = self.get(&made, "/api/rooms").await;
                        self.people[who].devices[device].page.set_rooms(rooms.rooms);
                        Vec::new()
                    }
                    _ => Vec::new(),
                });
            }
            effects = more;
        }
    }

    async fn step(&mut self, step: Step) {
        let command = CommandId(Uuid::now_v7());
        let room = self.room.clone();
        match step {
            Step::Say { by, device, names } => {
                if by < 2 && self.people[by].mine.is_none() {
                    return;
                }
                let body = names.map_or_else(|| "hi".to_owned(), |name| format!("hi @{}", ["ann", "bob"][name]));
                let frame = ClientFrame::Send { id: command, room, body, reply_to: None };
                self.command(by, device, frame).await;
            }
            Step::Delete { by, device, which } => {
                let author = self.people.get(by).map(|person| person.made.user.id);
                if by < 2 && self.people[by].mine.is_none() {
                    return;
                }
                let theirs: Vec<_> = self
                    .log
                    .iter()
                    .filter(|event| author.is_none_or(|author| event.by.id == author))
                    .filter(|event| matches!(&event.event, EventKind::Message { body, .. } if !body.is_empty()))
                    .map(|event| event.id)
                    .collect();
                if !theirs.is_empty() {
                    let message = theirs[which % theirs.len()];
                    self.command(by, device, ClientFrame::Delete { id: command, room, message }).await;
                }
            }
            Step::Read { who, device, to } => {
                let to = to % (self.head + 2);
                let Some((read, _)) = self.people[who].mine else { return };
                self.people[who].mine = Some((read.max(to.min(self.head)), None));
                self.mark(who, device, &ClientFrame::Read { room, seq: to }).await;
            }
            Step::Mark { who, device, from } => {
                let from = 1 + from % self.head;
                let Some((read, _)) = self.people[who].mine else { return };
                self.people[who].mine = Some((read, Some(from)));
                self.mark(who, device, &ClientFrame::MarkUnread { room, seq: from }).await;
            }
            Step::Remove { who } => {
                if self.people[who].mine.take().is_some() {
                    self.server.remove(&self.writer.0, &room, &self.people[who].made.user).await;
                    self.grown().await;
                }
            }
            Step::Add { who } => {
                if self.people[who].mine.is_none() {
                    self.server.add(&self.writer.0, &room, &self.people[who].made.user).await;
                    self.grown().await;
                    self.people[who].mine = Some((self.head, None));
                }
            }
            Step::Reconnect { who, device } => self.reconnect(who, device % self.people[who].devices.len()).await,
            Step::SetTopic => {
                self.topics += 1;
                self.server.change(&self.writer.0, &room, json!({ "topic": self.topics.to_string() })).await;
                self.grown().await;
            }
        }
    }

    /// Sends a command that adds an event.
    async fn command(&mut self, by: usize, device: usize, frame: ClientFrame) {
        if by < 2 {
            self.say(by, device, &frame).await;
        } else {
            self.writer.1.say(&frame).await;
        }
        self.grown().await;
    }

    /// Sends a change of read state, which the other devices are told.
    async fn mark(&mut self, who: usize, device: usize, frame: &ClientFrame) {
        let before = self.listed(&self.people[who].made).await.unwrap();
        let at = device % self.people[who].devices.len();
        for other in 0..self.people[who].devices.len() {
            self.settle(who, other).await;
        }
        self.say(who, at, frame).await;
        let now = self.expected(who).unwrap();
        for other in (0..self.people[who].devices.len()).filter(|other| *other != at) {
            let frames = self.settle(who, other).await;
            let told = frames.iter().rev().find_map(|frame| match frame {
                ServerFrame::Room { room } if room.id == self.room => Some(counts(room)),
                _ => None,
            });
            assert!(told.is_some() || counts(&before) == now, "{frame:?} was not told to the others");
            assert!(told.is_none_or(|told| told == now), "{told:?}, not {now:?}, was told of {frame:?}");
        }
        // The sending device knows it already.
        let rooms: RoomList = self.get(&self.people[who].made, "/api/rooms").await;
        self.people[who].devices[at].page.set_rooms(rooms.rooms);
    }

    async fn reconnect(&mut self, who: usize, device: usize) {
        let expected = self.expected(who);
        let mut client = Client::connect(self.server.address, &self.people[who].made).await;
        let hello = self.people[who].devices[device].page.hello();
        client.say(&hello).await;
        let welcome = client.next().await;
        let ServerFrame::Welcome { rooms, .. } = &welcome else { panic!("{welcome:?}") };
        let told = rooms.iter().find(|room| room.id == self.room).map(counts);
        assert_eq!(told, expected, "welcome");
        self.people[who].devices[device].client = client;
        let _ = self.people[who].devices[device].page.disconnected();
        let effects = self.people[who].devices[device].page.apply(welcome, 0);
        self.act(who, device, effects).await;
    }

    fn expected(&self, who: usize) -> Option<(Seq, u64, u64, bool)> {
        let person = &self.people[who];
        person.mine.map(|mine| recount(&self.log, person.made.user.id, mine))
    }

    /// Compares the server's count with the fresh one.
    async fn check(&mut self, after: &Step) {
        for who in 0..2 {
            let listed = self.listed(&self.people[who].made).await;
            assert_eq!(listed.as_ref().map(counts), self.expected(who), "{after:?}");
            assert!(listed.is_none_or(|room| room.head == self.head), "{after:?}");
            self.the_client(who, after).await;
        }
    }

    /// Compares the counts of each device's page, once it has received everything.
    async fn the_client(&mut self, who: usize, after: &Step) {
        let expected = self.expected(who);
        for device in 0..self.people[who].devices.len() {
            let begun = Instant::now();
            loop {
                self.settle(who, device).await;
                let room = self.room.clone();
                let page = &mut self.people[who].devices[device].page;
                let effects = if expected.is_some() && !page.open.contains_key(&room) {
                    let effects = page.open(&room);
                    // The page is hidden, so nothing is marked as read.
                    page.attentive = false;
                    effects
                } else {
                    Vec::new()
                };
                self.act(who, device, effects).await;
                let page = &self.people[who].devices[device].page;
                let known = page.rooms.iter().find(|known| known.id == room && known.joined);
                if known.map(|known| known.head) == expected.map(|_| self.head) {
                    assert_eq!(known.map(counts), expected, "device {device} after {after:?}");
                    break;
                }
                assert!(begun.elapsed() < PATIENCE, "device {device} was not told all after {after:?}");
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, max_shrink_iters: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unread_counts_agree(steps in proptest::collection::vec(step(), STEPS)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::begin().await;
            for step in steps {
                world.step(step.clone()).await;
                world.check(&step).await;
            }
            // Also after a restart.
            world.server = world.server.restart().await;
            for who in 0..2 {
                let listed = world.listed(&world.people[who].made).await;
                assert_eq!(listed.as_ref().map(counts), world.expected(who), "after a restart");
            }
            world.server.stop().await;
        });
    }
}
