//! What the store reports after each commit: the new events of rooms, and control events.

use std::net::IpAddr;

use async_trait::async_trait;
use parlor_protocol::{Event, Millis, NotificationLevel, RoomId, RoomRole, Seq, ServerRole, User, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ConnectionId, RoomMembership, RoomRecord, ServerSettings, TokenHash};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// New events of room logs; those of one room in the order of their seqs.
    pub events: Vec<Event>,
    /// Other changes, in the order in which they were made.
    pub control: Vec<ControlEvent>,
    /// Its place among the commits of all nodes; none if this process has the database for itself.
    pub position: Option<CommitPosition>,
    /// Another node made it.
    pub is_foreign: bool,
}

impl Commit {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.control.is_empty()
    }
}

/// A node: one of several processes that share a database. A process that is started again is another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId(pub Uuid);

/// The place of a commit in the commit log, which all nodes write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitPosition {
    /// Of two commits that concern the same room or user, the later one has the greater number.
    pub id: i64,
    /// The number of its transaction.
    pub transaction: i64,
}

/// A durable change that is not an event of a room's log, or whose effect goes beyond the room. Nodes of two versions may share
/// a database while they are updated: a new kind of event needs an older reader that can do without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ControlEvent {
    SessionsEnded {
        user: UserId,
        sessions: Vec<TokenHash>,
        reason: SessionEnd,
    },
    /// A user has another name, colour or kind.
    ProfileChanged {
        user: User,
    },
    RoleChanged {
        user: UserId,
        role: ServerRole,
    },
    RoomCreated {
        room: RoomRecord,
    },
    MembershipChanged {
        room: RoomId,
        user: UserId,
        change: MembershipChange,
    },
    /// A ban was imposed, in place of an earlier one.
    UserBanned {
        user: UserId,
        until: Option<Millis>,
        address: Option<IpAddr>,
        /// The sessions of guests from the banned address.
        guest_sessions: Vec<TokenHash>,
    },
    BanLifted {
        user: UserId,
    },
    /// A mute was imposed in a room or, without a room, on the whole server; in place of an earlier one there.
    UserMuted {
        user: UserId,
        room: Option<RoomId>,
        until: Millis,
    },
    MuteLifted {
        user: UserId,
        room: Option<RoomId>,
    },
    /// The settings of the server, after a change.
    SettingsChanged {
        settings: ServerSettings,
    },
    /// Users connected to a node, or left it.
    PresenceChanged {
        node: NodeId,
        users: Vec<NodeUser>,
    },
}

impl ControlEvent {
    /// Whether it means the same if it is applied before an earlier one. Marks have their own order: the greater one counts.
    pub const fn is_unordered(&self) -> bool {
        matches!(
            self,
            Self::MembershipChanged { change: MembershipChange::Read { .. } | MembershipChange::UnreadFrom { .. }, .. }
        )
    }
}

/// A user and their connections to one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeUser {
    pub user: User,
    pub presence: NodePresence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodePresence {
    Online,
    Away,
    /// Without a connection: perhaps they reconnect.
    Disconnected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionEnd {
    /// They were ended for good.
    Ended,
    /// The response to the request that ended them brings another session: clients reconnect with it.
    Replaced,
}

/// What changed of a user's membership in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MembershipChange {
    /// They became a member, and the room's log says so.
    Added(RoomMembership),
    /// They became a member without an event in the room's log: joined by themselves, or with the room's creation.
    Joined {
        membership: RoomMembership,
        /// The connection that joined and knows it.
        origin: Option<ConnectionId>,
    },
    /// The membership ended, and the event at `head` of the room's log says so.
    Removed {
        head: Seq,
    },
    /// They left by themselves, without an event; `head` was the newest event of the room then.
    Left {
        head: Seq,
    },
    Level(NotificationLevel),
    Role(RoomRole),
    /// Everything up to this seq was read, and nothing is marked as unread any more.
    Read {
        seq: Seq,
        origin: ConnectionId,
    },
    /// What begins at this seq was marked as unread.
    UnreadFrom {
        seq: Seq,
        origin: ConnectionId,
    },
}

/// Receives what is committed. A store calls it after each commit, before it answers the writes of that commit.
#[async_trait]
pub trait CommitSink: Send + Sync + 'static {
    /// Takes over what was committed; waits while too many commits are being delivered.
    async fn publish(&self, commit: Commit);

    /// Whether everything published so far has been delivered.
    fn is_idle(&self) -> bool;

    /// Returns when everything published so far has been delivered.
    async fn idle(&self);

    /// Returns when this process has applied everything published so far to what it has in memory.
    async fn applied(&self) {}
}
