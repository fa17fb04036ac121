//! The live room: who listens, who is here, the newest events. Encodes each event once and hands it to every queue.
//!
//! No I/O: what is not in memory is said to be so, and the session reads it from the store.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use indexmap::IndexMap;
use parking_lot::Mutex;
use parlor_protocol::{
    CommandId, GapReason, PresenceState, RoomId, RoomSummary, Seq, ServerFrame, User, UserId, limits,
};

use crate::{
    connection::{Connection, ConnectionId, Encoded, EventBatch},
    store::RoomRecord,
};

mod hub;
mod presence;
mod ring;

pub use hub::Hub;
use presence::Presence;
use ring::Ring;

/// See the module.
pub struct Room {
    /// What the store knows of it; `head` is as of the start.
    pub record: RoomRecord,
    state: Mutex<State>,
    agenda: Arc<Agenda>,
}

/// Rooms that have something to do at the next tick.
#[derive(Default)]
struct Agenda(Mutex<Vec<RoomId>>);

struct State {
    head: Seq,
    ring: Ring,
    subscribers: IndexMap<ConnectionId, Subscriber>,
    /// Connections of members who have not joined: they hear that the room has grown.
    watchers: HashMap<ConnectionId, Watcher>,
    presence: Presence,
    /// The room has grown since the watchers were told.
    grown: bool,
    on_agenda: bool,
}

struct Subscriber {
    connection: Arc<Connection>,
    /// The newest event that this subscriber has been given.
    given: Seq,
}

struct Watcher {
    connection: Arc<Connection>,
    read: Seq,
}

/// What came of trying to subscribe.
#[derive(Debug, PartialEq, Eq)]
pub enum Subscribed {
    /// Live: everything in memory was queued, the rest follows by itself.
    Live,
    /// Events after this seq are no longer in memory: read them from the store, then try again.
    ReadAfter(Seq),
}

impl Room {
    fn new(record: RoomRecord, agenda: Arc<Agenda>) -> Self {
        let head = record.head;
        let state = State {
            head,
            ring: Ring::default(),
            subscribers: IndexMap::new(),
            watchers: HashMap::new(),
            presence: Presence::default(),
            grown: false,
            on_agenda: false,
        };
        Self { record, state: Mutex::new(state), agenda }
    }

    /// The newest event.
    pub fn head(&self) -> Seq {
        self.state.lock().head
    }

    /// The id of a recent event; `None` when it is no longer in memory.
    pub fn recent_id(&self, seq: Seq) -> Option<CommandId> {
        self.state.lock().ring.id(seq)
    }

    /// Delivers events that are stored. They come in the order of their seqs; those that were seen already are passed over.
    pub fn publish(&self, batch: &Arc<EventBatch>) {
        let mut state = self.state.lock();
        if batch.last() <= state.head {
            return;
        }
        if batch.first > state.head + 1 {
            // Something was lost on the way from the store. Better said than papered over: everyone reads it again.
            self.interrupt(&mut state, batch.last());
        }
        state.head = batch.last();
        state.ring.push(batch.clone());
        let mut dropped = Vec::new();
        for (id, subscriber) in &mut state.subscribers {
            let known = batch.known_to(subscriber.given);
            if known == batch.len() {
                continue;
            }
            if subscriber.connection.queue.push_events(batch, known) {
                subscriber.given = batch.last();
            } else {
                dropped.push(*id);
            }
        }
        for id in dropped {
            self.remove(&mut state, id);
        }
        state.grown = true;
        if !state.watchers.is_empty() {
            self.wake(&mut state);
        }
    }

    fn interrupt(&self, state: &mut State, head: Seq) {
        tracing::error!(room = %self.record.id, after = state.head, head, "events are missing between store and room");
        state.ring = Ring::default();
        for (_, subscriber) in std::mem::take(&mut state.subscribers) {
            state.presence.went(subscriber.connection.user.id, Instant::now());
            subscriber.connection.push(&ServerFrame::Gap {
                room: self.record.id.clone(),
                reason: GapReason::Overflow,
                after: subscriber.given,
                head,
            });
        }
    }

    /// Subscribes from `after` on, if everything since then is in memory; announces the person when they are new here.
    pub fn subscribe(&self, connection: &Arc<Connection>, after: Seq) -> Subscribed {
        let mut state = self.state.lock();
        // Ahead of us: the store has committed what is still on its way here. Those events will not be given twice.
        let given = after.max(state.head);
        match state.ring.after(after, state.head) {
            None => return Subscribed::ReadAfter(after),
            Some(mut events) => {
                if !events.all(|(batch, skip)| connection.queue.push_events(batch, skip)) {
                    // Overflow: the session will answer with `gap`.
                    return Subscribed::Live;
                }
            }
        }
        state.watchers.remove(&connection.id);
        let subscriber = Subscriber { connection: connection.clone(), given };
        let again = state.subscribers.insert(connection.id, subscriber).is_some();
        if !again && state.presence.came(&connection.user) {
            self.announce(&mut state, &connection.user, PresenceState::Online);
        }
        Subscribed::Live
    }

    /// Ends a subscription. The person counts as gone at once when they said so, else when they do not come back in time.
    pub fn unsubscribe(&self, connection: &Connection, said_so: bool) {
        let mut state = self.state.lock();
        self.remove(&mut state, connection.id);
        if said_so && state.presence.leave(connection.user.id) {
            self.announce(&mut state, &connection.user, PresenceState::Offline);
        }
    }

    fn remove(&self, state: &mut State, id: ConnectionId) {
        if let Some(subscriber) = state.subscribers.swap_remove(&id) {
            state.presence.went(subscriber.connection.user.id, Instant::now());
            self.wake(state);
        }
    }

    /// Tells this connection when the room grows, at most once a second.
    pub fn watch(&self, connection: &Arc<Connection>, read: Seq) -> RoomSummary {
        let mut state = self.state.lock();
        let summary = self.record.summary(state.head, read);
        if !state.subscribers.contains_key(&connection.id) {
            state.watchers.insert(connection.id, Watcher { connection: connection.clone(), read });
        }
        summary
    }

    /// The connection has gone.
    pub fn unwatch(&self, connection: &Connection) {
        self.state.lock().watchers.remove(&connection.id);
    }

    /// This person has read up to here, on one of their devices.
    pub fn set_read(&self, user: UserId, seq: Seq) -> RoomSummary {
        let mut state = self.state.lock();
        for watcher in state.watchers.values_mut().filter(|watcher| watcher.connection.user.id == user) {
            watcher.read = watcher.read.max(seq);
        }
        self.record.summary(state.head, seq)
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
        let frame = ServerFrame::Typing { room: self.record.id.clone(), user: (*connection.user).clone() };
        self.tell_others(&self.state.lock(), connection.user.id, &frame);
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
        for (user, now) in state.presence.take_news(state.subscribers.len(), Instant::now()) {
            let frame = ServerFrame::Presence {
                room: self.record.id.clone(),
                user: (*user).clone(),
                state: now,
                online_count: count,
            };
            self.tell_others(state, user.id, &frame);
        }
    }

    fn tell_others(&self, state: &State, user: UserId, frame: &ServerFrame) {
        let frame = Encoded::from(frame);
        for subscriber in state.subscribers.values().filter(|subscriber| subscriber.connection.user.id != user) {
            subscriber.connection.queue.push_droppable(frame.clone());
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
                let room = self.record.summary(state.head, watcher.read);
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
            self.agenda.0.lock().push(self.record.id.clone());
        }
    }
}
