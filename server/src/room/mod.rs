//! The live room: who listens, who is here, the newest events. Encodes each event once and hands it to every queue.
//!
//! No I/O: what is not in memory is said to be so, and the session reads it from the store.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use parking_lot::{Mutex, RwLock};
use parlor_protocol::{
    CommandId, EventKind, GapReason, Level, PresenceState, RoomId, RoomKind, RoomSummary, Seq, ServerFrame, User,
    UserId, limits,
};
use uuid::Uuid;

use crate::{
    connection::{Connection, ConnectionId, Encoded, EventBatch},
    policy::{Place, Standing},
    store::RoomRecord,
};

mod hub;
mod names;
mod presence;
mod ring;

pub use hub::Hub;
use presence::Presence;
use ring::Ring;

/// See the module.
pub struct Room {
    /// Its id.
    pub id: RoomId,
    /// Who may see it.
    pub kind: RoomKind,
    /// Who made it.
    maker: Option<UserId>,
    details: RwLock<Details>,
    state: Mutex<State>,
    /// Those who listen, by the worker that writes to them. Locked after the state, never before.
    listeners: Box<[Mutex<Listeners>]>,
    agenda: Arc<Agenda>,
}

/// Rooms that have something to do at the next tick.
#[derive(Default)]
struct Agenda(Mutex<Vec<RoomId>>);

/// What can be changed of a room.
struct Details {
    name: String,
    topic: Option<String>,
    archived: bool,
    /// Who is in it, if it is direct.
    people: Arc<[User]>,
}

struct State {
    head: Seq,
    /// Who was sent away or has left, since which event, and has not come back: they are given nothing, even if they were
    /// let in a moment before.
    barred: HashMap<UserId, Seq>,
    ring: Ring,
    /// Connections of members who have not joined: they hear that the room has grown.
    watchers: HashMap<ConnectionId, Watcher>,
    presence: Presence,
    /// The room has grown since the watchers were told.
    grown: bool,
    on_agenda: bool,
}

/// Those whom one worker writes to.
#[derive(Default)]
struct Listeners {
    all: IndexMap<ConnectionId, Subscriber>,
    /// Counts removals: each puts another in the place of who has gone.
    removed: u64,
}

/// How far a [`Room::fan_out`] has come.
#[derive(Debug, Default)]
pub struct Progress {
    at: usize,
    removed: u64,
}

struct Subscriber {
    connection: Arc<Connection>,
    /// The newest event that this subscriber has been given.
    given: Seq,
}

struct Watcher {
    connection: Arc<Connection>,
    mine: Mine,
}

/// Someone's own part of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mine {
    /// How far they have read.
    pub read: Seq,
    /// They look after it.
    pub moderator: bool,
}

impl Listeners {
    fn remove(&mut self, id: ConnectionId) -> Option<Subscriber> {
        let gone = self.all.swap_remove(&id)?;
        self.removed += 1;
        Some(gone)
    }

    fn take(&mut self) -> IndexMap<ConnectionId, Subscriber> {
        self.removed += 1;
        std::mem::take(&mut self.all)
    }
}

/// What came of trying to subscribe.
#[derive(Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// Live: everything in memory was queued, the rest follows by itself.
    Live,
    /// Events after this seq are no longer in memory: read them from the store, then try again.
    ReadAfter(Seq),
    /// They have been sent away meanwhile.
    Barred,
}

impl Room {
    fn new(record: RoomRecord, agenda: Arc<Agenda>, workers: usize) -> Self {
        let RoomRecord { id, name, kind, topic, head, archived, maker, people } = record;
        let state = State {
            head,
            barred: HashMap::new(),
            ring: Ring::default(),
            watchers: HashMap::new(),
            presence: Presence::default(),
            grown: false,
            on_agenda: false,
        };
        let listeners = (0..workers).map(|_| Mutex::default()).collect();
        let details = RwLock::new(Details { name, topic, archived, people });
        Self { id, kind, maker, details, state: Mutex::new(state), listeners, agenda }
    }

    /// The newest event.
    pub fn head(&self) -> Seq {
        self.state.lock().head
    }

    /// The id of a recent event; `None` when it is no longer in memory.
    pub fn recent_id(&self, seq: Seq) -> Option<CommandId> {
        self.state.lock().ring.id(seq)
    }

    /// Takes in events that are stored: from now on they are this room's newest. They come in the order of their seqs;
    /// false when they were seen already. [`Room::fan_out`] then gives them to those who listen.
    pub fn publish(&self, batch: &Arc<EventBatch>) -> bool {
        let mut state = self.state.lock();
        if batch.last() <= state.head {
            return false;
        }
        if batch.first > state.head + 1 {
            // Something was lost on the way from the store. Better said than papered over: everyone reads it again.
            self.interrupt(&mut state, batch.last());
        }
        state.head = batch.last();
        state.ring.push(batch.clone());
        state.grown = true;
        if !state.watchers.is_empty() {
            self.wake(&mut state);
        }
        true
    }

    /// Whether anyone listens whom this worker writes to. Not waited for: a list that is in use is not empty.
    pub fn has_listeners(&self, worker: usize) -> bool {
        self.listeners[worker].try_lock().is_none_or(|some| !some.all.is_empty())
    }

    /// Gives events to those of one worker, at most `most` at a time: writing takes microseconds for each. Returns how many
    /// were given them, until there is nobody left, and then `None`. Who has subscribed meanwhile has them already.
    pub fn fan_out(
        &self,
        worker: usize,
        batches: &[Arc<EventBatch>],
        progress: &mut Progress,
        most: usize,
    ) -> Option<usize> {
        let last = batches.last()?.last();
        let (mut given, mut dropped) = (0, Vec::new());
        {
            let mut listeners = self.listeners[worker].lock();
            if progress.removed != listeners.removed {
                *progress = Progress { at: 0, removed: listeners.removed };
            }
            while given < most
                && let Some((id, subscriber)) = listeners.all.get_index_mut(progress.at)
            {
                progress.at += 1;
                let known = batches.iter().take_while(|batch| batch.last() <= subscriber.given).count();
                let Some(batch) = batches.get(known) else { continue };
                given += 1;
                if subscriber.connection.queue.push_events(&batches[known..], batch.known_to(subscriber.given)) {
                    subscriber.given = last;
                } else {
                    dropped.push(*id);
                }
            }
        }
        if !dropped.is_empty() {
            let mut state = self.state.lock();
            dropped.into_iter().for_each(|id| self.remove(&mut state, worker, id));
        }
        (given > 0).then_some(given)
    }

    /// Someone is a member, as was known at some moment. False when they have been sent away since: who is made a member has
    /// read everything up to then, so what was known before is told by how far they had read.
    pub fn admit(&self, user: UserId, mine: Mine) -> bool {
        let mut state = self.state.lock();
        match state.barred.get(&user) {
            Some(since) if *since > mine.read => return false,
            Some(_) => drop(state.barred.remove(&user)),
            None => {}
        }
        true
    }

    /// Someone is no longer a member, by the event at `seq`: from now on they are given nothing. The others hear at once
    /// that they are gone.
    pub fn evict(&self, user: UserId, seq: Seq) {
        let mut state = self.state.lock();
        state.barred.insert(user, seq);
        state.watchers.retain(|_, watcher| watcher.connection.user.id != user);
        let mut gone = Vec::new();
        for some in &self.listeners {
            let mut some = some.lock();
            let theirs: Vec<_> = some
                .all
                .values()
                .filter(|one| one.connection.user.id == user)
                .map(|one| one.connection.clone())
                .collect();
            for connection in theirs {
                some.remove(connection.id);
                gone.push(connection);
            }
        }
        for connection in &gone {
            state.presence.went(connection.user.id, Instant::now());
        }
        if let Some(connection) = gone.first()
            && state.presence.leave(user)
        {
            self.announce(&mut state, &connection.user, PresenceState::Offline);
        }
    }

    /// Whether someone has been sent away since the start, and not come back.
    pub fn is_barred(&self, user: UserId) -> bool {
        self.state.lock().barred.contains_key(&user)
    }

    /// The room, as someone with this membership stands to it.
    pub fn place(&self, membership: Option<Standing>) -> Place {
        let lobby = self.id.as_str() == RoomId::LOBBY;
        Place { kind: self.kind, lobby, archived: self.details.read().archived, membership }
    }

    /// A room has another name, topic or state since this event. False when that changes nothing of how it stands in lists.
    pub fn change(&self, event: &EventKind) -> bool {
        let mut details = self.details.write();
        match event {
            EventKind::Renamed { name } => details.name.clone_from(name),
            EventKind::TopicSet { topic } => details.topic = (!topic.is_empty()).then(|| topic.clone()),
            EventKind::Archived { on } => details.archived = *on,
            _ => return false,
        }
        true
    }

    /// The room in the list of a member.
    pub fn summary(&self, viewer: UserId, mine: Mine) -> RoomSummary {
        let head = self.head();
        self.summary_at(viewer, head, mine)
    }

    /// The room in the list of someone who is no member: to them nothing is unread.
    pub fn summary_for_others(&self) -> RoomSummary {
        let head = self.head();
        let summary = self.summary_at(UserId(Uuid::nil()), head, Mine { read: head, moderator: false });
        RoomSummary { joined: false, ..summary }
    }

    /// Whether this person made it.
    pub fn is_made_by(&self, user: UserId) -> bool {
        self.maker == Some(user)
    }

    /// Whether a direct room is to be seen: by whom it is not from, only once something was said in it.
    pub fn is_begun(&self, viewer: UserId) -> bool {
        self.kind != RoomKind::Direct || self.maker == Some(viewer) || self.head() > 0
    }

    fn summary_at(&self, viewer: UserId, head: Seq, mine: Mine) -> RoomSummary {
        let details = self.details.read();
        let others: Vec<_> = details.people.iter().filter(|person| person.id != viewer).cloned().collect();
        let name = if self.kind == RoomKind::Direct {
            others.iter().map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ")
        } else {
            details.name.clone()
        };
        RoomSummary {
            id: self.id.clone(),
            name,
            kind: self.kind,
            topic: details.topic.clone(),
            head,
            read: mine.read.min(head),
            unread: head.saturating_sub(mine.read),
            mentions: 0,
            level: Level::All,
            marked: false,
            joined: true,
            gone: false,
            archived: details.archived,
            moderator: mine.moderator,
            people: others,
        }
    }

    fn interrupt(&self, state: &mut State, head: Seq) {
        tracing::error!(room = %self.id, after = state.head, head, "events are missing between store and room");
        state.ring = Ring::default();
        for (_, subscriber) in self.listeners.iter().flat_map(|some| some.lock().take()) {
            state.presence.went(subscriber.connection.user.id, Instant::now());
            subscriber.connection.push(&ServerFrame::Gap {
                room: self.id.clone(),
                reason: GapReason::Overflow,
                after: subscriber.given,
                head,
            });
        }
    }

    /// Subscribes from `after` on, if everything since then is in memory; announces the person when they are new here.
    pub fn subscribe(&self, connection: &Arc<Connection>, after: Seq) -> Subscribed {
        let mut state = self.state.lock();
        if state.barred.contains_key(&connection.user.id) {
            return Subscribed::Barred;
        }
        // Ahead of us: the store has committed what is still on its way here. Those events will not be given twice.
        let given = after.max(state.head);
        match state.ring.after(after, state.head) {
            None => return Subscribed::ReadAfter(after),
            Some(mut events) => {
                if !events.all(|(batch, skip)| connection.queue.push_events(std::slice::from_ref(batch), skip)) {
                    // Overflow: the session will answer with `gap`.
                    return Subscribed::Live;
                }
            }
        }
        state.watchers.remove(&connection.id);
        let subscriber = Subscriber { connection: connection.clone(), given };
        let again = self.listeners[connection.worker].lock().all.insert(connection.id, subscriber).is_some();
        if !again && state.presence.came(&connection.user) {
            self.announce(&mut state, &connection.user, PresenceState::Online);
        }
        Subscribed::Live
    }

    /// Ends a subscription. The person counts as gone at once when they said so, else when they do not come back in time.
    pub fn unsubscribe(&self, connection: &Connection, said_so: bool) {
        let mut state = self.state.lock();
        self.remove(&mut state, connection.worker, connection.id);
        if said_so && state.presence.leave(connection.user.id) {
            self.announce(&mut state, &connection.user, PresenceState::Offline);
        }
    }

    fn remove(&self, state: &mut State, worker: usize, id: ConnectionId) {
        let removed = self.listeners[worker].lock().remove(id);
        if let Some(subscriber) = removed {
            state.presence.went(subscriber.connection.user.id, Instant::now());
            self.wake(state);
        }
    }

    /// Tells this connection when the room grows, at most once a second.
    pub fn watch(&self, connection: &Arc<Connection>, mine: Mine) -> RoomSummary {
        let mut state = self.state.lock();
        let summary = self.summary_at(connection.user.id, state.head, mine);
        if !self.listeners[connection.worker].lock().all.contains_key(&connection.id) {
            state.watchers.insert(connection.id, Watcher { connection: connection.clone(), mine });
        }
        summary
    }

    /// The connection has gone.
    pub fn unwatch(&self, connection: &Connection) {
        self.state.lock().watchers.remove(&connection.id);
    }

    /// How this person stands to the room from now on.
    pub fn set_mine(&self, user: UserId, mine: Mine) {
        let mut state = self.state.lock();
        for watcher in state.watchers.values_mut().filter(|watcher| watcher.connection.user.id == user) {
            watcher.mine = mine;
        }
    }

    /// People in the room: all by name, or some of a crowd; and how many there are.
    pub fn online(&self) -> (Vec<User>, u64) {
        let state = self.state.lock();
        let all = state.presence.people();
        let most = if all.len() > limits::MAX_ONLINE_LISTED { limits::CROWD_LISTED } else { limits::MAX_ONLINE_LISTED };
        (all.take(most).cloned().collect(), state.presence.count())
    }

    /// Someone is typing: told to all others, dropped where it is tight.
    pub fn typing(&self, connection: &Connection) {
        let frame = ServerFrame::Typing { room: self.id.clone(), user: (*connection.user).clone() };
        self.tell_others(connection.user.id, &frame);
    }

    fn announce(&self, state: &mut State, user: &Arc<User>, now: PresenceState) {
        state.presence.announce(user, now);
        self.flush_presence(state);
        if state.presence.has_more_to_do() {
            self.wake(state);
        }
    }

    fn flush_presence(&self, state: &mut State) {
        let count = state.presence.count();
        let listeners = self.listeners.iter().map(|some| some.lock().all.len()).sum();
        for (user, now) in state.presence.take_news(listeners, Instant::now()) {
            let frame =
                ServerFrame::Presence { room: self.id.clone(), user: (*user).clone(), state: now, online_count: count };
            self.tell_others(user.id, &frame);
        }
    }

    fn tell_others(&self, user: UserId, frame: &ServerFrame) {
        let frame = Encoded::from(frame);
        for some in &self.listeners {
            for subscriber in some.lock().all.values().filter(|subscriber| subscriber.connection.user.id != user) {
                subscriber.connection.queue.push_droppable(frame.clone());
            }
        }
    }

    /// What is due once a second: departures, presence news, and telling the watchers that the room has grown.
    fn tick(&self, leave_grace: Duration) {
        let mut state = self.state.lock();
        state.on_agenda = false;
        let now = Instant::now();
        for user in state.presence.sweep(now, leave_grace) {
            state.presence.announce(&user, PresenceState::Offline);
        }
        self.flush_presence(&mut state);
        if std::mem::take(&mut state.grown) {
            for watcher in state.watchers.values() {
                let room = self.summary_at(watcher.connection.user.id, state.head, watcher.mine);
                watcher.connection.queue.push_droppable((&ServerFrame::Room { room }).into());
            }
        }
        if state.presence.has_more_to_do() {
            self.wake(&mut state);
        }
    }

    /// Puts the room on the agenda of the next tick.
    fn wake(&self, state: &mut State) {
        if !std::mem::replace(&mut state.on_agenda, true) {
            self.agenda.0.lock().push(self.id.clone());
        }
    }
}
