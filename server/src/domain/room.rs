//! Rooms and memberships.

use std::sync::Arc;

use parlor_protocol::{NotificationLevel, RoomId, RoomKind, RoomRole, Seq, User, UserId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    pub id: RoomId,
    pub name: String,
    pub kind: RoomKind,
    pub topic: Option<String>,
    /// The seq of the newest event; 0 in an empty room.
    pub head: Seq,
    pub archived: bool,
    pub created_by: Option<UserId>,
    /// The members of a direct room, who never change; empty for other rooms.
    pub people: Arc<[User]>,
}

/// A room that a user is a member of, with their state there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    pub room: RoomId,
    pub state: RoomMembership,
}

/// A member's state in one room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMembership {
    /// The last seq that they have read. Never decreases.
    pub read: Seq,
    /// The first seq that they have marked as unread again.
    pub unread_from: Option<Seq>,
    pub level: NotificationLevel,
    pub role: RoomRole,
}

impl RoomMembership {
    /// The state of a new member, who has read everything up to then.
    pub fn since(read: Seq) -> Self {
        Self { read, ..Self::default() }
    }

    /// What comes after this seq is unread.
    pub fn read_to(&self) -> Seq {
        self.unread_from.map_or(self.read, |first| self.read.min(first.saturating_sub(1)))
    }
}

/// A change of a room's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomChange {
    Name(String),
    /// Empty to remove the topic.
    Topic(String),
    Archived(bool),
}
