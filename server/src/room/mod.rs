//! The live room: who listens, who is here, the newest events. Encodes each event once and hands it to every queue.
//!
//! No I/O: what is not in memory is said to be so, and the session reads it from the store.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{
    CommandId, Event, GapReason, PresenceState, RoomId, RoomKind, RoomSummary, Seq, ServerFrame, UserId,
};

use crate::{
    connection::{Connection, ConnectionId, EventBatch},
    domain::{RoomMembership, RoomRecord},
};

mod hub;
mod listeners;
mod names;
mod presence;
mod presence_broadcast;
mod ring;
mod summary;
mod unread_index;

pub use hub::Hub;
use listeners::Listeners;
pub use listeners::{Progress, Subscribed};
use presence::Presence;
pub use presence_broadcast::Online;
use ring::Ring;
use summary::Details;
pub use unread_index::Unknown;
use unread_index::UnreadIndex;

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
    agenda: Arc<DirtyRooms>,
}

/// Rooms that have something to do at the next tick.
#[derive(Default)]
struct DirtyRooms(Mutex<Vec<RoomId>>);

struct State {
    head: Seq,
    /// Who was sent away or has left, since which event, and has not come back: they are given nothing, even if they were
    /// let in a moment before.
    barred: HashMap<UserId, Seq>,
    ring: Ring,
    /// What counts as unread.
    tally: UnreadIndex,
    /// Connections of members who have not joined: they hear that the room has grown.
    watchers: HashMap<ConnectionId, Watcher>,
    presence: Presence,
    /// The room has grown since the watchers were told.
    grown: bool,
    on_agenda: bool,
}

struct Watcher {
    connection: Arc<Connection>,
    mine: RoomMembership,
    /// The head that it was told of.
    told: Seq,
}

impl Room {
    fn new(record: RoomRecord, agenda: Arc<DirtyRooms>, workers: usize) -> Self {
        let RoomRecord { id, name, kind, topic, head, archived, created_by, people } = record;
        let state = State {
            head,
            barred: HashMap::new(),
            ring: Ring::default(),
            tally: UnreadIndex::new(head),
            watchers: HashMap::new(),
            presence: Presence::default(),
            grown: false,
            on_agenda: false,
        };
        let listeners = (0..workers).map(|_| Mutex::default()).collect();
        let details = RwLock::new(Details { name, topic, archived, people });
        Self { id, kind, maker: created_by, details, state: Mutex::new(state), listeners, agenda }
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
        if !state.watchers.is_empty() {
            state.grown = true;
            // That someone writes to them for the first time, people hear at once: until then there was no such room.
            if self.kind == RoomKind::Direct && batch.first == 1 {
                self.tell_growth(&mut state);
            } else {
                self.wake(&mut state);
            }
        }
        true
    }

    /// Notes what of these events counts as unread. To be called before [`Room::publish`]; nobody is shown what is counted
    /// beyond the head.
    pub fn count(&self, events: &[Event]) {
        let mut state = self.state.lock();
        events.iter().for_each(|event| state.tally.push(event));
    }

    /// A message is gone: it does not count any more, and who joins from now on is not given its text from memory.
    pub fn forget(&self, message: Seq) {
        let mut state = self.state.lock();
        state.tally.delete(message);
        state.ring.forget(message);
    }

    /// Someone is a member, as was known at some moment. False when they have been sent away since: who is made a member has
    /// read everything up to then, so what was known before is told by how far they had read.
    pub fn admit(&self, user: UserId, mine: RoomMembership) -> bool {
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
        for some in &self.listeners {
            let mut some = some.lock();
            let theirs = some.all.values().map(|one| &one.connection).filter(|connection| connection.user.id == user);
            let theirs: Vec<_> = theirs.map(|connection| connection.id).collect();
            theirs.into_iter().for_each(|connection| drop(some.remove(connection)));
        }
        self.gone(&mut state, user);
    }

    /// Whether someone has been sent away since the start, and not come back.
    pub fn is_barred(&self, user: UserId) -> bool {
        self.state.lock().barred.contains_key(&user)
    }

    fn interrupt(&self, state: &mut State, head: Seq) {
        tracing::error!(room = %self.id, after = state.head, head, "events are missing between store and room");
        state.ring = Ring::default();
        for (_, subscriber) in self.listeners.iter().flat_map(|some| some.lock().take()) {
            subscriber.connection.push(&ServerFrame::Gap {
                room: self.id.clone(),
                reason: GapReason::Overflow,
                after: subscriber.given,
                head,
            });
        }
    }

    /// Tells this connection when the room grows, at most once a second.
    pub fn watch(&self, connection: &Arc<Connection>, mine: RoomMembership) -> RoomSummary {
        let mut state = self.state.lock();
        let summary = self.summary_in(&state, connection.user.id, mine);
        if !self.listeners[connection.worker].lock().all.contains_key(&connection.id) {
            let told = state.head;
            state.watchers.insert(connection.id, Watcher { connection: connection.clone(), mine, told });
        }
        summary
    }

    /// The connection has gone.
    pub fn unwatch(&self, connection: &Connection) {
        self.state.lock().watchers.remove(&connection.id);
    }

    /// How this person stands to the room from now on.
    pub fn set_mine(&self, user: UserId, mine: RoomMembership) {
        let mut state = self.state.lock();
        for watcher in state.watchers.values_mut().filter(|watcher| watcher.connection.user.id == user) {
            watcher.mine = mine;
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
        self.tell_growth(&mut state);
        if state.presence.has_more_to_do() {
            self.wake(&mut state);
        }
    }

    /// Tells the watchers that the room has grown, if it has.
    fn tell_growth(&self, state: &mut State) {
        if std::mem::take(&mut state.grown) {
            let head = state.head;
            for watcher in state.watchers.values().filter(|watcher| watcher.told < head) {
                let room = self.summary_in(state, watcher.connection.user.id, watcher.mine);
                watcher.connection.queue.push_droppable((&ServerFrame::Room { room }).into());
            }
            state.watchers.values_mut().for_each(|watcher| watcher.told = head);
        }
    }

    /// Puts the room on the agenda of the next tick.
    fn wake(&self, state: &mut State) {
        if !std::mem::replace(&mut state.on_agenda, true) {
            self.agenda.0.lock().push(self.id.clone());
        }
    }
}
