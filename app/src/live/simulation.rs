//! The pure parts of the client (state, timeline, outbox, backoff) in tabs of one browser, against a model of the server,
//! the browser's disk and its locks, with a virtual clock. Every step that waits on something may happen at any time, in
//! any order that the real thing allows; what must hold, must hold for all of them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parlor_faults::checker::{ClientLog, History, RoomLog, check_complete};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, EventKind, GapReason, Message, Millis, NotificationLevel, PROTOCOL_VERSION,
    RoomId, RoomKind, RoomSummary, Seq, ServerFrame, ServerInfo, ServerRole, User, UserId, UserKind, error_code,
    http::MessagePage,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    outbox::{Delivery, Kept},
    reconnect::{Backoff, Next},
    state::{PAGE, Phase, State, Todo},
};

mod judge;
mod network;
mod server;
mod steps;

use server::{Server, join, summary};

const ROOMS: [&str; 2] = ["lobby", "dev"];
const TABS: usize = 2;
/// Small, so that it is met often.
const MAX_REPLAY_EVENTS: Seq = 6;

fn person(n: u128) -> User {
    User { id: UserId(Uuid::from_u128(n)), name: format!("person {n}"), kind: UserKind::Guest, colour: None }
}

/// A connection: what is on its way in both directions, and what the server knows of it.
#[derive(Default)]
struct Connection {
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
    joined: BTreeSet<RoomId>,
    /// Rooms that were answered with `gap` and not joined since.
    gapped: BTreeSet<RoomId>,
    since: Millis,
}

/// What one tab waits for from the disk, the locks and by HTTP.
#[derive(Clone, Debug)]
enum Work {
    Keep(Kept),
    Forget { id: CommandId, room: RoomId, taken_back: bool },
    Release(RoomId),
    Leased(RoomId),
    Look(RoomId),
    Gone(CommandId),
}

struct Tab {
    state: State,
    log: ClientLog,
    /// What the server has taken of it first.
    sent: BTreeSet<CommandId>,
    /// What it sent after the server had it from another tab, each by itself.
    taken_over: BTreeMap<CommandId, ClientLog>,
    connection: Option<Connection>,
    /// What is to be said, once the loop gets to it.
    says: VecDeque<ClientFrame>,
    /// Done one after the other.
    work: VecDeque<Work>,
    /// Done in any order.
    loads: Vec<Todo>,
    backoff: Backoff,
    connect_at: Millis,
    /// Which of the server's histories it has seen of each room.
    epochs: BTreeMap<RoomId, usize>,
}

impl Tab {
    /// It comes to see a later history of the server: told so, or by a page that it loads before that.
    fn enter(&mut self, room: &RoomId, epoch: usize) {
        if self.epochs.insert(room.clone(), epoch) != Some(epoch) {
            self.log.changed(room);
        }
    }
}

#[derive(Default)]
struct World {
    server: Server,
    tabs: Vec<Tab>,
    disk: BTreeMap<CommandId, Kept>,
    /// Who holds the lock of a room, and who waits for it.
    locks: BTreeMap<RoomId, VecDeque<usize>>,
    now: Millis,
    ids: u128,
    /// Messages of this browser: where, and what was on disk already when they were typed.
    typed: BTreeMap<CommandId, (RoomId, Vec<CommandId>)>,
    failed: BTreeSet<CommandId>,
    taken_back: BTreeSet<CommandId>,
    /// Messages that somebody wanted back: a crash can bring them back before that is on disk.
    wanted_back: BTreeSet<CommandId>,
    /// Logs of tabs that have crashed.
    ended: Vec<ClientLog>,
    others: ClientLog,
}

impl World {
    fn new() -> Self {
        let mut world = Self { others: ClientLog::new("others"), ..Self::default() };
        for room in ROOMS {
            world.server.rooms.insert(room.into(), Vec::new());
        }
        for _ in 0..TABS {
            let tab = world.open();
            world.tabs.push(tab);
        }
        world
    }

    /// A page that has just been loaded.
    fn open(&mut self) -> Tab {
        self.ids += 1;
        let mut state =
            State { me: Some(person(1)), attentive: true, current: Some(RoomId::lobby()), ..State::default() };
        let mut log = ClientLog::new(format!("tab {}", self.ids));
        let mut todos = Vec::new();
        state.listed(ROOMS.iter().map(|room| summary(&self.server, &(*room).into())).collect());
        for room in ROOMS.map(RoomId::from) {
            _ = state.open(&room);
            let page = self.server.page(&room, true, |_| true);
            log.reloaded(&room, page.head, page.messages.iter().map(|message| (message.seq, message.id)));
            _ = state.loaded(&room, page);
            let kept: Vec<_> = self.disk.values().cloned().collect();
            todos.extend(state.reconcile(&room, Some(&kept)));
        }
        let mut tab = Tab {
            state,
            log,
            sent: BTreeSet::new(),
            taken_over: BTreeMap::new(),
            connection: None,
            says: VecDeque::new(),
            work: VecDeque::new(),
            loads: Vec::new(),
            backoff: Backoff::default(),
            connect_at: self.now,
            epochs: ROOMS.map(|room| (room.into(), self.server.earlier.len())).into(),
        };
        for todo in todos {
            let Todo::Forget { id, room, taken_back } = todo else { unreachable!("{todo:?}") };
            tab.work.push_back(Work::Forget { id, room, taken_back });
        }
        tab
    }

    fn act(&mut self, at: usize, todos: Vec<Todo>) {
        for todo in todos {
            let tab = &mut self.tabs[at];
            match todo {
                Todo::Send(frame) => tab.says.push_back(frame),
                Todo::Keep(kept) => {
                    if kept.failed.is_some() {
                        self.failed.insert(kept.id);
                    }
                    tab.work.push_back(Work::Keep(kept));
                }
                Todo::Forget { id, room, taken_back } => tab.work.push_back(Work::Forget { id, room, taken_back }),
                Todo::Release(room) => tab.work.push_back(Work::Release(room)),
                Todo::Lease(room) => {
                    let waiting = self.locks.entry(room.clone()).or_default();
                    waiting.push_back(at);
                    if waiting.len() == 1 {
                        tab.work.push_back(Work::Leased(room));
                    }
                }
                Todo::Return(..) | Todo::ForgetHistory(_) => {}
                load => tab.loads.push(load),
            }
        }
    }

    fn kept_of(&self, room: &RoomId) -> Vec<Kept> {
        self.disk.values().filter(|kept| kept.room == *room).cloned().collect()
    }

    fn tell_tabs(&mut self, from: usize, work: &Work) {
        for (at, tab) in self.tabs.iter_mut().enumerate() {
            if at != from {
                tab.work.push_back(work.clone());
            }
        }
    }

    /// The lock goes to the one who has waited longest.
    fn unlock(&mut self, room: &RoomId) {
        let waiting = self.locks.entry(room.clone()).or_default();
        waiting.pop_front();
        if let Some(next) = waiting.front() {
            self.tabs[*next].work.push_back(Work::Leased(room.clone()));
        }
    }

    fn work(&mut self, at: usize) {
        let Some(work) = self.tabs[at].work.pop_front() else { return };
        match work {
            Work::Keep(kept) => {
                let (id, room) = (kept.id, kept.room.clone());
                self.disk.insert(id, kept);
                self.tabs[at].state.kept(id);
                self.tell_tabs(at, &Work::Look(room));
            }
            Work::Forget { id, room, taken_back } => {
                self.disk.remove(&id);
                self.tabs[at].state.forgotten(id);
                if taken_back {
                    self.taken_back.insert(id);
                    self.tell_tabs(at, &Work::Gone(id));
                } else {
                    self.tell_tabs(at, &Work::Look(room));
                }
            }
            Work::Release(room) => self.unlock(&room),
            Work::Leased(room) => {
                let kept = self.kept_of(&room);
                let todos = self.tabs[at].state.leased(&room, Some(&kept));
                self.act(at, todos);
            }
            Work::Look(room) => {
                let kept = self.kept_of(&room);
                let todos = self.tabs[at].state.reconcile(&room, Some(&kept));
                self.act(at, todos);
            }
            Work::Gone(id) => self.tabs[at].state.gone(id),
        }
    }

    /// One answer by HTTP, or none.
    fn load(&mut self, at: usize, fails: bool) {
        let tab = &mut self.tabs[at];
        if tab.loads.is_empty() {
            return;
        }
        let todos = match tab.loads.remove(0) {
            Todo::LoadNewest(room) if fails => tab.state.not_loaded(&room, Phase::Failed("no answer".into())),
            Todo::LoadNewest(room) => {
                let page = self.server.page(&room, true, |_| true);
                tab.enter(&room, self.server.earlier.len());
                tab.log.reloaded(&room, page.head, page.messages.iter().map(|message| (message.seq, message.id)));
                tab.state.loaded(&room, page)
            }
            Todo::LoadAround(room, _) if fails => tab.state.to_newest(&room),
            Todo::LoadAround(room, seq) => {
                let page = self.server.page(&room, false, |other| other + 3 > seq);
                tab.state.loaded_around(&room, page)
            }
            Todo::LoadNewer(room, after) => {
                let page = self.server.page(&room, false, |seq| seq > after);
                let todos = tab.state.loaded_newer(&room, after, (!fails).then(|| page.clone()));
                let timeline = &tab.state.open[&room].timeline;
                if !timeline.is_detached() {
                    tab.enter(&room, self.server.earlier.len());
                    let timeline = &tab.state.open[&room].timeline;
                    let seen = timeline.messages().map(|message| (message.seq, message.id));
                    tab.log.reloaded(&room, timeline.head(), seen.collect::<Vec<_>>());
                }
                todos
            }
            Todo::LoadRooms | Todo::Recall(_) => Vec::new(),
            other => unreachable!("{other:?}"),
        };
        self.act(at, todos);
    }

    fn write(&mut self, at: usize, room: &RoomId) {
        self.ids += 1;
        let on_disk = self.disk.values().filter(|kept| kept.room == *room).map(|kept| kept.id).collect();
        let todos = self.tabs[at].state.send(room, "hi".into(), CommandId(Uuid::from_u128(self.ids)), self.now);
        if let Some(Todo::Keep(kept)) = todos.first() {
            self.typed.insert(kept.id, (room.clone(), on_disk));
        }
        self.act(at, todos);
    }

    fn someone_writes(&mut self, room: &RoomId, count: u8) {
        for _ in 0..count {
            self.ids += 1;
            let id = CommandId(Uuid::from_u128(self.ids));
            self.others.sent(room, id);
            if let (_, Some(event)) = self.server.append(room, id, "hello", &person(2)) {
                self.broadcast(&event);
            }
        }
    }

    /// The tab is gone in a moment; what it held is free, what it waited for is not done.
    fn crash(&mut self, at: usize) {
        let new = self.open();
        let old = std::mem::replace(&mut self.tabs[at], new);
        self.ended.push(old.log);
        self.ended.extend(old.taken_over.into_values());
        // What was not on disk yet was never promised to anyone.
        for work in old.work {
            if let Work::Keep(kept) = work
                && !self.disk.contains_key(&kept.id)
            {
                self.typed.remove(&kept.id);
            }
        }
        for room in ROOMS.map(RoomId::from) {
            let waiting = self.locks.entry(room.clone()).or_default();
            let held = waiting.front() == Some(&at);
            waiting.retain(|other| *other != at);
            if held && let Some(next) = waiting.front() {
                self.tabs[*next].work.push_back(Work::Leased(room));
            }
        }
    }

    /// An older copy of the server's data is put back.
    fn restore(&mut self, keep: u8) {
        for at in 0..self.tabs.len() {
            self.cut(at, 0.5);
        }
        self.server.earlier.push(self.server.logs());
        let server = &mut self.server;
        for (room, events) in &mut server.rooms {
            events.truncate(usize::from(keep));
            server.known.retain(|_, (other, seq)| other != room || *seq <= events.len() as Seq);
        }
    }
}

fn has_welcome(frames: &VecDeque<ServerFrame>) -> bool {
    frames.iter().any(|frame| matches!(frame, ServerFrame::Welcome { .. }))
}
