//! What the store reports after each commit: the new events of rooms, and control events.

use std::net::IpAddr;

use async_trait::async_trait;
use parlor_protocol::{Event, Millis, NotificationLevel, RoomId, RoomRole, Seq, ServerRole, User, UserId};

use super::{ConnectionId, RoomMembership, RoomRecord, ServerSettings, TokenHash};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Commit {
    /// New events of room logs; those of one room in the order of their seqs.
    pub events: Vec<Event>,
    /// Other changes, in the order in which they were made.
    pub control: Vec<ControlEvent>,
}

/// A durable change that is not an event of a room's log, or whose effect goes beyond the room.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// They were ended for good.
    Ended,
    /// The response to the request that ended them brings another session: clients reconnect with it.
    Replaced,
}

/// What changed of a user's membership in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
