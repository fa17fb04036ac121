//! Live rooms: subscribers, presence, the newest events, and unread counts.
//!
//! A room never waits. What is not in memory it reports, and the session reads it from the store. It puts frames into the
//! queues of connections, which may write them to an idle socket at once.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use parlor_protocol::{
    CommandId, Event, GapReason, PresenceState, RoomId, RoomKind, RoomRole, RoomSummary, Seq, ServerFrame, UserId,
};

use crate::{
    connection::{Connection, EventBatch},
    domain::{ConnectionId, RoomMembership, RoomRecord},
};

mod hub;
mod name_index;
mod presence;
mod presence_broadcast;
mod recent_events;
mod subscribers;
mod summary;
mod unread_index;

pub use hub::{Absence, Hub, Typing};
use presence::Presence;
pub use presence_broadcast::Online;
use recent_events::RecentEvents;
use subscribers::Subscribers;
pub use subscribers::{FanOutProgress, SubscribeOutcome};
use summary::Details;
pub use unread_index::MissingRange;
use unread_index::UnreadIndex;

pub struct Room {
    pub id: RoomId,
    pub kind: RoomKind,
    created_by: Option<UserId>,
    /// The owner, if they have been connected.
    owner: Mutex<Option<UserId>>,
    details: RwLock<Details>,
    state: Mutex<State>,
    /// By worker. Lock order: the state first.
    subscribers: Box<[Mutex<Subscribers>]>,
    dirty_rooms: Arc<DirtyRooms>,
}

/// Rooms with work for the next tick.
#[derive(Default)]
struct DirtyRooms(Mutex<Vec<RoomId>>);

struct State {
    head: Seq,
    /// Former members and the event that removed them. They get nothing, even if a join is in progress.
    removed: HashMap<UserId, Seq>,
    recent_events: RecentEvents,
    unread: UnreadIndex,
    /// Connections of members that have not joined: they get a summary when the room has new events.
    watchers: HashMap<ConnectionId, Watcher>,
    presence: Presence,
    /// There are events that the watchers have not been told of.
    has_news: bool,
    is_dirty: bool,
}

struct Watcher {
    connection: Arc<Connection>,
    membership: RoomMembership,
    /// The head in the last summary that was sent.
    head: Seq,
}

impl Room {
    fn new(record: RoomRecord, dirty_rooms: Arc<DirtyRooms>, workers: usize) -> Self {
        let RoomRecord { id, name, kind, topic, head, archived, created_by, people } = record;
        let state = State {
            head,
            removed: HashMap::new(),
            recent_events: RecentEvents::default(),
            unread: UnreadIndex::new(head),
            watchers: HashMap::new(),
            presence: Presence::default(),
            has_news: false,
            is_dirty: false,
        };
        let subscribers = (0..workers).map(|_| Mutex::default()).collect();
        let details = RwLock::new(Details { name, topic, archived, people });
        Self {
            id,
            kind,
            created_by,
            owner: Mutex::default(),
            details,
            state: Mutex::new(state),
            subscribers,
            dirty_rooms,
        }
    }

    /// Notes the role of a member who has connected. It may have been read before a change of the owner, which counts more.
    fn note_role(&self, user: UserId, role: RoomRole) {
        if role == RoomRole::Owner {
            self.owner.lock().get_or_insert(user);
        }
    }

    /// Returns the owner before, if they are known.
    fn set_owner(&self, user: UserId) -> Option<UserId> {
        self.owner.lock().replace(user)
    }

    /// The seq of the newest event.
    pub fn head(&self) -> Seq {
        self.state.lock().head
    }

    /// The id of a recent event; `None` when it is no longer in memory.
    pub fn recent_id(&self, seq: Seq) -> Option<CommandId> {
        self.state.lock().recent_events.id(seq)
    }

    /// Adds stored events, in the order of their seqs; false when they are already known. [`Room::fan_out`] then delivers
    /// them.
    pub fn publish(&self, batch: &Arc<EventBatch>) -> bool {
        let mut state = self.state.lock();
        if batch.last() <= state.head {
            return false;
        }
        if batch.first > state.head + 1 {
            // Events were lost on the way from the store: subscribers must resume.
            self.report_loss(&mut state, batch.last());
        }
        state.head = batch.last();
        state.recent_events.push(batch.clone());
        if !state.watchers.is_empty() {
            state.has_news = true;
            // The first message of a direct room makes it visible: its people are told at once.
            if self.kind == RoomKind::Direct && batch.first == 1 {
                self.notify_watchers(&mut state);
            } else {
                self.mark_dirty(&mut state);
            }
        }
        true
    }

    /// Adds events to the unread index. Called before [`Room::publish`]; counts end at the head.
    pub fn index_unread(&self, events: &[Event]) {
        let mut state = self.state.lock();
        events.iter().for_each(|event| state.unread.push(event));
    }

    /// The message mentions others since an edit.
    pub fn note_edit(&self, message: Seq, edit: Seq, mentions: &[UserId]) {
        let mut state = self.state.lock();
        state.unread.set_mentions(message, mentions);
        state.recent_events.note_edit(message, edit);
    }

    /// Removes a deleted message from the unread index and from memory, with its edits.
    pub fn forget_message(&self, message: Seq) {
        let mut state = self.state.lock();
        state.unread.delete(message);
        state.recent_events.forget_message(message);
    }

    /// Accepts a membership that was read earlier. False when the user has been removed since: a new member has read
    /// everything so far, so an older membership has a lower read position than the removal.
    pub fn admit(&self, user: UserId, membership: RoomMembership) -> bool {
        let mut state = self.state.lock();
        match state.removed.get(&user) {
            Some(since) if *since > membership.read => return false,
            Some(_) => drop(state.removed.remove(&user)),
            None => {}
        }
        true
    }

    /// Removes a member by the event at `seq`: they get nothing more, and the others are told at once that they are offline.
    pub fn evict(&self, user: UserId, seq: Seq) {
        let mut state = self.state.lock();
        state.removed.insert(user, seq);
        state.watchers.retain(|_, watcher| watcher.connection.user.id != user);
        for subscribers in &self.subscribers {
            let mut subscribers = subscribers.lock();
            let connections = subscribers.all.values().map(|subscriber| &subscriber.connection);
            let theirs: Vec<_> =
                connections.filter(|connection| connection.user.id == user).map(|connection| connection.id).collect();
            theirs.into_iter().for_each(|connection| drop(subscribers.remove(connection)));
        }
        self.remove_presence(&mut state, user);
    }

    /// Whether a user has been removed since the server's start and not been added again.
    pub fn is_removed(&self, user: UserId) -> bool {
        self.state.lock().removed.contains_key(&user)
    }

    fn report_loss(&self, state: &mut State, head: Seq) {
        tracing::error!(room = %self.id, after = state.head, head, "events are missing between store and room");
        state.recent_events = RecentEvents::default();
        for (_, subscriber) in self.subscribers.iter().flat_map(|subscribers| subscribers.lock().take()) {
            subscriber.connection.push(&ServerFrame::Gap {
                room: self.id.clone(),
                reason: GapReason::Overflow,
                after: subscriber.delivered,
                head,
            });
        }
    }

    /// Sends this connection a summary when the room has new events, at most once a second.
    pub fn watch(&self, connection: &Arc<Connection>, membership: RoomMembership) -> RoomSummary {
        let mut state = self.state.lock();
        let summary = self.summary_in(&state, connection.user.id, membership);
        if !self.subscribers[connection.worker].lock().all.contains_key(&connection.id) {
            let watcher = Watcher { connection: connection.clone(), membership, head: state.head };
            state.watchers.insert(connection.id, watcher);
        }
        summary
    }

    pub fn unwatch(&self, connection: &Connection) {
        self.state.lock().watchers.remove(&connection.id);
    }

    /// Updates the membership in the summaries for these connections of a user.
    pub fn set_membership(&self, connections: impl Iterator<Item = ConnectionId>, membership: RoomMembership) {
        let mut state = self.state.lock();
        for connection in connections {
            if let Some(watcher) = state.watchers.get_mut(&connection) {
                watcher.membership = membership;
            }
        }
    }

    /// Once a second, if the room is dirty: expires absences, publishes presence, and notifies the watchers.
    fn tick(&self, leave_grace: Duration) {
        let mut state = self.state.lock();
        state.is_dirty = false;
        let now = Instant::now();
        for user in state.presence.remove_expired(now, leave_grace) {
            state.presence.queue_update(&user, PresenceState::Offline);
        }
        self.flush_presence(&mut state);
        self.notify_watchers(&mut state);
        if state.presence.has_pending_work() {
            self.mark_dirty(&mut state);
        }
    }

    /// Sends the watchers a summary if there are new events.
    fn notify_watchers(&self, state: &mut State) {
        if std::mem::take(&mut state.has_news) {
            let head = state.head;
            for watcher in state.watchers.values().filter(|watcher| watcher.head < head) {
                let room = self.summary_in(state, watcher.connection.user.id, watcher.membership);
                watcher.connection.queue.push_droppable((&ServerFrame::Room { room }).into());
            }
            state.watchers.values_mut().for_each(|watcher| watcher.head = head);
        }
    }

    /// Schedules the room for the next tick.
    fn mark_dirty(&self, state: &mut State) {
        if !std::mem::replace(&mut state.is_dirty, true) {
            self.dirty_rooms.0.lock().push(self.id.clone());
        }
    }
}
