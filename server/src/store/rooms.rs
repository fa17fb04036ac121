//! Rooms and memberships. A change of either appends an event to the room's log in the same transaction. Joining or leaving
//! a public room oneself creates no event.

use async_trait::async_trait;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, Seq, UserId, http::Member};

use crate::domain::{ConnectionId, Membership, RoomChange, RoomRecord, StoreError};

#[async_trait]
pub trait RoomStore: Send + Sync + 'static {
    async fn all_rooms(&self) -> Result<Vec<RoomRecord>, StoreError>;

    /// Number of rooms that a user has created, direct rooms included.
    async fn count_rooms_of(&self, user: UserId) -> Result<u64, StoreError>;

    /// Reads the rooms that a user is a member of.
    async fn load_memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError>;

    /// The members of a room by name, those after a user, at most `limit`; and how many members there are. Guests are members
    /// until their last session ends, and of direct rooms for good. The cost does not depend on the number of members.
    async fn members(&self, room: &RoomId, after: Option<UserId>, limit: u32)
    -> Result<(Vec<Member>, u64), StoreError>;

    /// The member who owns a room.
    async fn owner(&self, room: &RoomId) -> Result<Option<UserId>, StoreError>;

    /// Creates a public or private room whose creator is its first member and owner.
    async fn create_room(&self, name: String, kind: RoomKind, by: UserId) -> Result<RoomRecord, StoreError>;

    /// The direct room of these users, created if there is none.
    async fn direct_room(&self, users: Vec<UserId>, by: UserId) -> Result<RoomRecord, StoreError>;

    /// Makes `user` a member who has read everything so far. Returns how far they have read. `origin`: the connection that
    /// they join with.
    async fn add_member(
        &self,
        room: &RoomId,
        user: UserId,
        by: UserId,
        origin: Option<ConnectionId>,
    ) -> Result<Seq, StoreError>;

    /// Ends a membership. From that commit on nothing that `user` sends there is stored, even if it was queued before.
    /// Returns the room's newest event then.
    async fn remove_member(&self, room: &RoomId, user: UserId, by: UserId) -> Result<Seq, StoreError>;

    /// Makes a member a moderator of the room, or ends that.
    async fn set_moderator(&self, room: &RoomId, user: UserId, moderator: bool, by: UserId) -> Result<(), StoreError>;

    /// Makes a member the owner of the room. The owner before them becomes a moderator.
    async fn set_owner(&self, room: &RoomId, user: UserId, by: UserId) -> Result<(), StoreError>;

    /// Applies all changes to a room, or none.
    async fn change_room(&self, room: &RoomId, changes: Vec<RoomChange>, by: UserId) -> Result<(), StoreError>;

    /// Sets a member's notification level. False when they are not a member.
    async fn set_level(&self, room: &RoomId, user: UserId, level: NotificationLevel) -> Result<bool, StoreError>;

    /// Moves a member's read position forward, never back, and removes their unread mark. Returns once it is queued: losing
    /// one costs nothing.
    async fn save_read(&self, room: &RoomId, user: UserId, seq: Seq, origin: ConnectionId) -> Result<(), StoreError>;

    /// Marks a member's messages from a seq on as unread. Returns once it is queued.
    async fn save_unread_from(
        &self,
        room: &RoomId,
        user: UserId,
        seq: Seq,
        origin: ConnectionId,
    ) -> Result<(), StoreError>;
}
