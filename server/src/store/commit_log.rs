//! What the nodes that share a database tell each other by it: their commits, and who is connected to them.

use async_trait::async_trait;
use parlor_protocol::{Event, RoomId, Seq};

use crate::domain::{CommitPosition, ControlEvent, NodeId, NodeUser, StoreError};

/// The part of a store that several processes can share.
#[async_trait]
pub trait CommitLog: Send + Sync + 'static {
    /// This process.
    fn node(&self) -> NodeId;

    /// The places of the commits since `cursor`, in the order of their ids. Some of them may be known already.
    async fn positions(&self, cursor: LogCursor) -> Result<LogPage, StoreError>;

    /// The commits with these ids, in their order.
    async fn entries(&self, ids: &[i64]) -> Result<Vec<LogEntry>, StoreError>;

    /// The events of these parts of rooms' logs; those of one room in the order of their seqs.
    async fn events_in(&self, ranges: &[EventRange]) -> Result<Vec<Event>, StoreError>;

    /// Removes entries that every node which is alive has read.
    async fn remove_old_entries(&self) -> Result<(), StoreError>;

    /// Says that this node is alive. Returns the nodes that are.
    async fn renew_lease(&self) -> Result<Vec<NodeId>, StoreError>;

    /// Stores what has changed of who is connected to this node, and tells the other nodes. With `all`, everybody else has left.
    async fn save_connected_users(&self, users: Vec<NodeUser>, all: bool) -> Result<(), StoreError>;

    /// Who is connected to another node.
    async fn connected_users(&self, node: NodeId) -> Result<Vec<NodeUser>, StoreError>;
}

/// How far a node has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogCursor {
    /// The first transaction that may have been running when it last read. What it commits is found by its number, whatever the
    /// id of its entry.
    pub transaction: i64,
    /// The greatest id that was read. A database that has crashed uses numbers of transactions again, but no ids.
    pub id: i64,
}

#[derive(Clone, Debug, Default)]
pub struct LogPage {
    pub positions: Vec<CommitPosition>,
    /// The first transaction that was still running. It may be smaller than before after a crash of the database.
    pub oldest_running: i64,
    /// The greatest id in the log.
    pub newest: i64,
    /// The greatest id that was removed.
    pub removed: i64,
}

/// One commit. Its events are in the logs of their rooms.
#[derive(Clone, Debug)]
pub struct LogEntry {
    pub position: CommitPosition,
    pub node: NodeId,
    pub ranges: Vec<EventRange>,
    pub control: Vec<ControlEvent>,
}

/// A part of a room's log: from the first to the last seq, both inclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRange {
    pub room: RoomId,
    pub first: Seq,
    pub last: Seq,
}

impl EventRange {
    /// The ranges of new events, which are grouped by room or not, but in the order of their seqs.
    pub fn of(events: &[Event]) -> Vec<Self> {
        let mut ranges = Vec::<Self>::new();
        for event in events {
            match ranges.iter_mut().find(|range| range.room == event.room) {
                Some(range) => range.last = event.seq,
                None => ranges.push(Self { room: event.room.clone(), first: event.seq, last: event.seq }),
            }
        }
        ranges
    }
}
