//! Simulates the client's state, outbox and backoff in tabs of one browser against a model of the server, the browser's
//! storage and its locks, with a virtual clock. Every asynchronous step may happen at any time, in any order that the real
//! system allows; the invariants must hold for all of them.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parlor_faults::checker::{ClientLog, History, RoomLog, check_complete};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, EventKind, GapReason, Message, Millis, PROTOCOL_VERSION, Reaction, RoomId,
    RoomSummary, Seq, ServerFrame, ServerInfo, ServerRole, User, UserId, UserKind, error_code, http::MessagePage,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    outbox::{Delivery, StoredMessage},
    reconnect::{Backoff, Next},
    state::{Effect, LoadState, PAGE, State},
};

mod judge;
mod network;
mod server;
mod steps;

use server::{Server, join, summary};

const ROOMS: [&str; 2] = ["lobby", "dev"];
const TABS: usize = 2;
/// Small, so that it is often exceeded.
const MAX_REPLAY_EVENTS: Seq = 6;

fn person(n: u128) -> User {
    User { id: UserId(Uuid::from_u128(n)), name: format!("person {n}"), kind: UserKind::Guest, colour: None }
}

/// A connection: the frames in flight in both directions, and the server's state of it.
#[derive(Default)]
struct Connection {
    up: VecDeque<ClientFrame>,
    down: VecDeque<ServerFrame>,
    joined: BTreeSet<RoomId>,
    /// Rooms that were answered with `gap` and not joined since.
    gapped: BTreeSet<RoomId>,
    since: Millis,
}

/// Storage and lock operations that a tab waits for.
#[derive(Clone, Debug)]
enum Work {
    Store(StoredMessage),
    Remove { id: CommandId, room: RoomId, withdrawn: bool },
    ReleaseLease(RoomId),
    LeaseAcquired(RoomId),
    Reload(RoomId),
    Withdrawn(CommandId),
}

struct Tab {
    state: State,
    log: ClientLog,
    /// Messages that the server took from this tab first.
    sent: BTreeSet<CommandId>,
    /// Messages that it sent after the server had them from another tab, each with its own log.
    taken_over: BTreeMap<CommandId, ClientLog>,
    connection: Option<Connection>,
    /// Frames that the session has not sent yet.
    outgoing: VecDeque<ClientFrame>,
    /// Done one after another.
    work: VecDeque<Work>,
    /// Done in any order.
    loads: Vec<Effect>,
    backoff: Backoff,
    connect_at: Millis,
    /// The latest of the server's histories that it has seen, for each room.
    epochs: BTreeMap<RoomId, usize>,
}

impl Tab {
    /// It sees a later history of the server, by a `gap` or by a page.
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
    disk: BTreeMap<CommandId, StoredMessage>,
    /// The holder of a room's lock, followed by those who wait for it.
    locks: BTreeMap<RoomId, VecDeque<usize>>,
    now: Millis,
    ids: u128,
    /// Messages of this browser: their room, and what was stored when they were typed.
    typed: BTreeMap<CommandId, (RoomId, Vec<CommandId>)>,
    failed: BTreeSet<CommandId>,
    withdrawn: BTreeSet<CommandId>,
    /// Messages that a tab wanted to withdraw; a crash can undo that before it is stored.
    withdraw_requested: BTreeSet<CommandId>,
    /// Logs of tabs that have crashed.
    ended: Vec<ClientLog>,
    others: ClientLog,
    /// The events of the server's earlier histories.
    earlier_events: Vec<BTreeMap<RoomId, Vec<Event>>>,
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

    /// Loads a page.
    fn open(&mut self) -> Tab {
        self.ids += 1;
        let mut state =
            State { me: Some(person(1)), attentive: true, current: Some(RoomId::lobby()), ..State::default() };
        let mut log = ClientLog::new(format!("tab {}", self.ids));
        let mut effects = Vec::new();
        state.set_rooms(ROOMS.iter().map(|room| summary(&self.server, &(*room).into())).collect());
        for room in ROOMS.map(RoomId::from) {
            _ = state.open(&room);
            let page = self.server.page(&room, true, |_| true);
            log.reloaded(&room, page.head, self.server.log_of(&room, &page));
            _ = state.loaded(&room, page);
            let stored: Vec<_> = self.disk.values().cloned().collect();
            effects.extend(state.reconcile(&room, Some(&stored)));
        }
        let mut tab = Tab {
            state,
            log,
            sent: BTreeSet::new(),
            taken_over: BTreeMap::new(),
            connection: None,
            outgoing: VecDeque::new(),
            work: VecDeque::new(),
            loads: Vec::new(),
            backoff: Backoff::default(),
            connect_at: self.now,
            epochs: ROOMS.map(|room| (room.into(), self.server.earlier.len())).into(),
        };
        for effect in effects {
            let Effect::Remove { id, room, withdrawn } = effect else { unreachable!("{effect:?}") };
            tab.work.push_back(Work::Remove { id, room, withdrawn });
        }
        tab
    }

    fn act(&mut self, at: usize, effects: Vec<Effect>) {
        for effect in effects {
            let tab = &mut self.tabs[at];
            match effect {
                Effect::Send(frame) => tab.outgoing.push_back(frame),
                Effect::Store(stored) => {
                    if stored.failed.is_some() {
                        self.failed.insert(stored.id);
                    }
                    tab.work.push_back(Work::Store(stored));
                }
                Effect::Remove { id, room, withdrawn } => tab.work.push_back(Work::Remove { id, room, withdrawn }),
                Effect::ReleaseLease(room) => tab.work.push_back(Work::ReleaseLease(room)),
                Effect::AcquireLease(room) => {
                    let waiting = self.locks.entry(room.clone()).or_default();
                    waiting.push_back(at);
                    if waiting.len() == 1 {
                        tab.work.push_back(Work::LeaseAcquired(room));
                    }
                }
                Effect::ReturnDraft(..) | Effect::DeleteHistory(_) | Effect::ShowHint(_) => {}
                load => tab.loads.push(load),
            }
        }
    }

    fn stored_in(&self, room: &RoomId) -> Vec<StoredMessage> {
        self.disk.values().filter(|stored| stored.room == *room).cloned().collect()
    }

    fn broadcast_to_tabs(&mut self, from: usize, work: &Work) {
        for (at, tab) in self.tabs.iter_mut().enumerate() {
            if at != from {
                tab.work.push_back(work.clone());
            }
        }
    }

    /// Gives the lock to the tab that has waited longest.
    fn unlock(&mut self, room: &RoomId) {
        let waiting = self.locks.entry(room.clone()).or_default();
        waiting.pop_front();
        if let Some(next) = waiting.front() {
            self.tabs[*next].work.push_back(Work::LeaseAcquired(room.clone()));
        }
    }

    fn work(&mut self, at: usize) {
        let Some(work) = self.tabs[at].work.pop_front() else { return };
        match work {
            Work::Store(stored) => {
                let (id, room) = (stored.id, stored.room.clone());
                self.disk.insert(id, stored);
                self.tabs[at].state.persisted(id);
                self.broadcast_to_tabs(at, &Work::Reload(room));
            }
            Work::Remove { id, room, withdrawn } => {
                self.disk.remove(&id);
                self.tabs[at].state.removed(id);
                if withdrawn {
                    self.withdrawn.insert(id);
                    self.broadcast_to_tabs(at, &Work::Withdrawn(id));
                } else {
                    self.broadcast_to_tabs(at, &Work::Reload(room));
                }
            }
            Work::ReleaseLease(room) => self.unlock(&room),
            Work::LeaseAcquired(room) => {
                let stored = self.stored_in(&room);
                let effects = self.tabs[at].state.lease_acquired(&room, Some(&stored));
                self.act(at, effects);
            }
            Work::Reload(room) => {
                let stored = self.stored_in(&room);
                let effects = self.tabs[at].state.reconcile(&room, Some(&stored));
                self.act(at, effects);
            }
            Work::Withdrawn(id) => self.tabs[at].state.withdrawn_elsewhere(id),
        }
    }

    /// Answers one HTTP request, or fails it.
    fn load(&mut self, at: usize, fails: bool) {
        let tab = &mut self.tabs[at];
        if tab.loads.is_empty() {
            return;
        }
        let effects = match tab.loads.remove(0) {
            Effect::LoadNewest(room) if fails => tab.state.load_failed(&room, LoadState::Failed("no answer".into())),
            Effect::LoadNewest(room) => {
                let page = self.server.page(&room, true, |_| true);
                tab.enter(&room, self.server.earlier.len());
                tab.log.reloaded(&room, page.head, self.server.log_of(&room, &page));
                tab.state.loaded(&room, page)
            }
            Effect::LoadAround(room, _) if fails => tab.state.jump_to_newest(&room),
            Effect::LoadAround(room, seq) => {
                let page = self.server.page(&room, false, |other| other + 3 > seq);
                tab.state.loaded_around(&room, page)
            }
            Effect::LoadNewer(room, after) => {
                let page = self.server.page(&room, false, |seq| seq > after);
                let effects = tab.state.loaded_newer(&room, after, (!fails).then(|| page.clone()));
                let timeline = &tab.state.open[&room].timeline;
                if !timeline.is_detached() {
                    tab.enter(&room, self.server.earlier.len());
                    let timeline = &tab.state.open[&room].timeline;
                    let first = timeline.first().unwrap_or(0);
                    let seen: BTreeMap<_, _> = timeline.messages().map(|message| (message.seq, message.id)).collect();
                    // The changes between them are not shown as such.
                    let events = self.server.rooms[&room].iter().filter(|event| event.seq >= first);
                    let log = events.filter(|event| {
                        seen.contains_key(&event.seq) || !matches!(event.event, EventKind::Message { .. })
                    });
                    let log = log.map(|event| (event.seq, seen.get(&event.seq).copied().unwrap_or(event.id)));
                    tab.log.reloaded(&room, timeline.head(), log.collect::<Vec<_>>());
                }
                effects
            }
            Effect::LoadRooms | Effect::RestoreHistory(_) => Vec::new(),
            other => unreachable!("{other:?}"),
        };
        self.act(at, effects);
    }

    fn write(&mut self, at: usize, room: &RoomId) {
        self.ids += 1;
        let on_disk = self.disk.values().filter(|stored| stored.room == *room).map(|stored| stored.id).collect();
        let effects = self.tabs[at].state.send(room, "hi".into(), CommandId(Uuid::from_u128(self.ids)), self.now);
        if let Some(Effect::Store(stored)) = effects.first() {
            self.typed.insert(stored.id, (room.clone(), on_disk));
        }
        self.act(at, effects);
    }

    /// Edits one of the newest messages, by the outbox.
    fn edit(&mut self, at: usize, room: &RoomId, back: usize) {
        self.ids += 1;
        let on_disk = self.disk.values().filter(|stored| stored.room == *room).map(|stored| stored.id).collect();
        let message = self.tabs[at].state.open[room].timeline.messages().rev().nth(back).map(|message| message.id);
        let Some(message) = message else { return };
        let (id, body) = (CommandId(Uuid::from_u128(self.ids)), format!("edit {}", self.ids));
        let effects = self.tabs[at].state.edit(room, message, body, id, self.now);
        if let Some(Effect::Store(stored)) = effects.first() {
            self.typed.insert(stored.id, (room.clone(), on_disk));
        }
        self.act(at, effects);
    }

    /// Reacts in the open room, or takes a reaction back.
    fn react(&mut self, at: usize, back: usize, on: bool) {
        self.ids += 1;
        let state = &mut self.tabs[at].state;
        let timeline = state.current.as_ref().map(|room| &state.open[room].timeline);
        let message = timeline.and_then(|timeline| timeline.messages().rev().nth(back)).map(|message| message.id);
        let Some(message) = message else { return };
        let effects = state.react(message, "👍".into(), on, CommandId(Uuid::from_u128(self.ids)));
        self.act(at, effects);
    }

    /// Someone else edits a message or reacts to it.
    fn someone_changes(&mut self, room: &RoomId, back: usize, edits: bool, on: bool) {
        self.ids += 1;
        let (id, room) = (CommandId(Uuid::from_u128(self.ids)), room.clone());
        let Some(message) = self.server.messages(&room).iter().rev().nth(back).map(|message| message.id) else {
            return;
        };
        let frame = match edits {
            true => ClientFrame::Edit { id, room: room.clone(), message, body: format!("their edit {}", self.ids) },
            false => ClientFrame::React { id, room: room.clone(), message, emoji: "👍".into(), on },
        };
        if let Some((_, Some(event))) = self.server.change(&frame, &person(2)) {
            self.others.sent(&room, id);
            self.broadcast(&event);
        }
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

    /// Closes the tab without warning: its locks are released, its pending work is not done.
    fn crash(&mut self, at: usize) {
        let new = self.open();
        let old = std::mem::replace(&mut self.tabs[at], new);
        self.ended.push(old.log);
        self.ended.extend(old.taken_over.into_values());
        // What was not stored yet was not promised.
        for work in old.work {
            if let Work::Store(stored) = work
                && !self.disk.contains_key(&stored.id)
            {
                self.typed.remove(&stored.id);
            }
        }
        for room in ROOMS.map(RoomId::from) {
            let waiting = self.locks.entry(room.clone()).or_default();
            let held = waiting.front() == Some(&at);
            waiting.retain(|other| *other != at);
            if held && let Some(next) = waiting.front() {
                self.tabs[*next].work.push_back(Work::LeaseAcquired(room));
            }
        }
    }

    /// Restores an older backup of the server.
    fn restore(&mut self, keep: u8) {
        for at in 0..self.tabs.len() {
            self.cut(at, 0.5);
        }
        self.server.earlier.push(self.server.logs());
        self.earlier_events.push(self.server.rooms.clone());
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
