//! Puts the commits of this node and those of others in order before anything is told of them.
//!
//! The commit log in the database is the order. What is handed over otherwise, by this node's own writer or by the bus, is only
//! a short cut: it is passed on if nothing that it depends on is missing, and the log is read otherwise.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use parlor_protocol::{Event, RoomId, Seq};
use tokio::{
    sync::{Mutex, mpsc},
    time::Instant,
};

use crate::{
    domain::{Commit, CommitPosition, CommitSink, ControlEvent, RoomRecord, StoreError},
    store::{CommitLog, EventRange, LogCursor, LogEntry},
};

/// Entries of the log that are read at once. Each has up to some hundred events.
const ENTRIES_AT_ONCE: usize = 16;

/// A node that has not read the log for this long does not believe the bus: someone may have lost a right meanwhile. An ended
/// right holds everywhere within a second, and what is passed on still has to be delivered within it.
const TRUST: Duration = Duration::from_millis(750);

/// Own commits that may wait for the bus. Beyond that others read them from the log.
const ANNOUNCEMENTS: usize = 256;

/// Why a node cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Entries were removed that it has not read.
    #[error("this node was cut off from the database for too long, and has to start again")]
    FellBehind,
}

/// A sink before others. With one process it passes everything on.
pub struct CommitOrder {
    next: Arc<dyn CommitSink>,
    /// None if this process has the database for itself.
    shared: OnceLock<Shared>,
}

struct Shared {
    log: Arc<dyn CommitLog>,
    state: Mutex<State>,
    /// Commits of this node for the bus.
    announcements: mpsc::Sender<Commit>,
}

#[derive(Default)]
struct State {
    cursor: LogCursor,
    /// The ids that are known of transactions from the cursor on, and their transactions.
    known: BTreeMap<i64, i64>,
    /// The newest event of each room that was passed on.
    heads: HashMap<RoomId, Seq>,
    /// When the last successful reading of the log began: what was committed since may be unknown.
    read_at: Option<Instant>,
}

impl State {
    fn is_known(&self, position: CommitPosition) -> bool {
        position.id <= self.cursor.id && position.transaction < self.cursor.transaction
            || self.known.contains_key(&position.id)
    }

    /// Whether nothing that the commit depends on is missing.
    fn is_next(&self, commit: &Commit) -> bool {
        commit.control.iter().all(ControlEvent::is_unordered)
            && EventRange::of(&commit.events)
                .iter()
                .all(|range| self.heads.get(&range.room).is_some_and(|head| range.first == head + 1))
    }

    /// What is new of a range.
    fn rest(&self, range: EventRange) -> Option<EventRange> {
        let first = self.heads.get(&range.room).map_or(range.first, |head| range.first.max(head + 1));
        (first <= range.last).then_some(EventRange { first, ..range })
    }

    fn note(&mut self, commit: &Commit) {
        if let Some(position) = commit.position {
            self.known.insert(position.id, position.transaction);
        }
        for event in &commit.events {
            self.heads.insert(event.room.clone(), event.seq);
        }
        for event in &commit.control {
            if let ControlEvent::RoomCreated { room } = event {
                self.heads.entry(room.id.clone()).or_insert(room.head);
            }
        }
    }
}

/// What came of a commit that the bus brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    Taken,
    /// It was known before.
    Known,
    /// Events before it are missing: perhaps they are on their way.
    HasGap,
    /// The log has to be read.
    ReadLog,
}

impl CommitOrder {
    pub fn before(next: Arc<dyn CommitSink>) -> Arc<Self> {
        Arc::new(Self { next, shared: OnceLock::new() })
    }

    /// Begins to follow the other nodes. What is loaded from the database afterwards contains everything that is skipped here.
    /// Own commits are also handed to the receiver, for the bus.
    ///
    /// # Errors
    /// The database failed.
    pub async fn share(&self, log: Arc<dyn CommitLog>) -> Result<mpsc::Receiver<Commit>, StoreError> {
        let start = log.positions(LogCursor { transaction: i64::MAX, id: i64::MAX }).await?;
        let mut state = State {
            cursor: LogCursor { transaction: start.oldest_running, id: start.newest.max(start.removed) },
            read_at: Some(Instant::now()),
            ..State::default()
        };
        let since = log.positions(state.cursor).await?;
        state.known.extend(since.positions.iter().map(|position| (position.id, position.transaction)));
        let (announcements, receiver) = mpsc::channel(ANNOUNCEMENTS);
        // Called once.
        let _ = self.shared.set(Shared { log, state: Mutex::new(state), announcements });
        Ok(receiver)
    }

    /// Tells how far the rooms are that were loaded.
    pub async fn set_heads(&self, rooms: &[RoomRecord]) {
        if let Some(shared) = self.shared.get() {
            let heads = &mut shared.state.lock().await.heads;
            for room in rooms {
                heads.entry(room.id.clone()).or_insert(room.head);
            }
        }
    }

    /// Passes on what is new in the log.
    ///
    /// # Errors
    /// The database failed, or entries were removed before they were read.
    pub async fn read_log(&self) -> Result<(), OrderError> {
        match self.shared.get() {
            Some(shared) => self.read(shared, &mut *shared.state.lock().await).await,
            None => Ok(()),
        }
    }

    async fn read(&self, shared: &Shared, state: &mut State) -> Result<(), OrderError> {
        let begun = Instant::now();
        let page = shared.log.positions(state.cursor).await?;
        if page.removed > state.cursor.id {
            return Err(OrderError::FellBehind);
        }
        let new: Vec<_> = page.positions.iter().filter(|position| !state.known.contains_key(&position.id)).collect();
        for positions in new.chunks(ENTRIES_AT_ONCE) {
            let ids: Vec<_> = positions.iter().map(|position| position.id).collect();
            let entries = shared.log.entries(&ids).await?;
            let ranges: Vec<_> =
                entries.iter().flat_map(|entry| &entry.ranges).filter_map(|range| state.rest(range.clone())).collect();
            let mut events = by_room(shared.log.events_in(&ranges).await?);
            for entry in entries {
                let commit = commit_of(entry, state, shared, &mut events);
                state.note(&commit);
                self.next.publish(commit).await;
            }
        }
        // After a crash of the database the cursor goes back.
        let newest = page.positions.last().map_or(0, |position| position.id);
        state.cursor = LogCursor { transaction: page.oldest_running, id: state.cursor.id.max(newest) };
        state.known.retain(|_, transaction| *transaction >= page.oldest_running);
        state.read_at = Some(begun);
        Ok(())
    }

    /// As if the log had been read long ago.
    #[cfg(test)]
    pub(super) async fn forget_last_read(&self) {
        if let Some(shared) = self.shared.get() {
            shared.state.lock().await.read_at = None;
        }
    }

    /// Passes on a commit of another node at once if nothing is missing before it.
    pub async fn offer(&self, commit: Commit) -> Offer {
        let (Some(shared), Some(position)) = (self.shared.get(), commit.position) else { return Offer::ReadLog };
        let mut state = shared.state.lock().await;
        if state.is_known(position) {
            return Offer::Known;
        }
        if state.read_at.is_none_or(|read_at| read_at.elapsed() > TRUST) {
            return Offer::ReadLog;
        }
        if !commit.control.iter().all(ControlEvent::is_unordered) {
            return Offer::ReadLog;
        }
        if !state.is_next(&commit) {
            return Offer::HasGap;
        }
        state.note(&commit);
        self.next.publish(commit).await;
        Offer::Taken
    }
}

fn by_room(events: Vec<Event>) -> HashMap<RoomId, Vec<Event>> {
    let mut by_room = HashMap::<_, Vec<_>>::new();
    for event in events {
        by_room.entry(event.room.clone()).or_default().push(event);
    }
    by_room
}

/// The commit of an entry, with those of its events that are new.
fn commit_of(entry: LogEntry, state: &State, shared: &Shared, events: &mut HashMap<RoomId, Vec<Event>>) -> Commit {
    let mut new = Vec::new();
    for range in entry.ranges.into_iter().filter_map(|range| state.rest(range)) {
        if let Some(events) = events.get_mut(&range.room) {
            let end = events.partition_point(|event| event.seq <= range.last);
            new.extend(events.drain(..end).filter(|event| event.seq >= range.first));
        }
    }
    Commit {
        events: new,
        control: entry.control,
        position: Some(entry.position),
        is_foreign: entry.node != shared.log.node(),
    }
}

#[async_trait]
impl CommitSink for CommitOrder {
    async fn publish(&self, commit: Commit) {
        let (Some(shared), Some(position)) = (self.shared.get(), commit.position) else {
            return self.next.publish(commit).await;
        };
        // Others may learn of it before this node has passed it on. If the bus is slow they read the log.
        if let Ok(place) = shared.announcements.try_reserve() {
            place.send(commit.clone());
        }
        let mut state = shared.state.lock().await;
        if state.is_known(position) {
            return;
        }
        if state.is_next(&commit) {
            state.note(&commit);
            self.next.publish(commit).await;
        } else if let Err(error) = self.read(shared, &mut state).await {
            // It is in the log, which is read again.
            tracing::warn!(%error, "cannot read the commit log");
        }
    }

    fn is_idle(&self) -> bool {
        self.next.is_idle()
    }

    async fn idle(&self) {
        self.next.idle().await;
    }

    async fn applied(&self) {
        // What was decided by may be the commit of another node.
        if let Err(error) = self.read_log().await {
            tracing::warn!(%error, "cannot read the commit log");
        }
        self.next.applied().await;
    }
}
