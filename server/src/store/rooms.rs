//! Rooms and who is in them. Each change is an event in the room's log, written in the same transaction. None is made of
//! coming to a public room and leaving it by oneself, which is everyone's to do at any time.

use std::sync::Arc;

use async_trait::async_trait;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, Seq, User, UserId, http::Member};

use crate::domain::{Membership, NameTaken, RoomChange, RoomRecord, StoreError};

/// See the module. Whether someone may do it was asked before; what may have changed since is decided in the transaction.
#[async_trait]
pub trait Rooms {
    /// Every room.
    async fn all_rooms(&self) -> Result<Vec<RoomRecord>, StoreError>;

    /// The rooms that this person is a member of.
    async fn memberships(&self, user: UserId) -> Result<Arc<[Membership]>, StoreError>;

    /// The members of a room by name, at most `limit` of them, and how many there are. Guests whose last session has ended
    /// are not among them, but in a direct room.
    async fn members(&self, room: &RoomId, limit: u32) -> Result<(Vec<Member>, u64), StoreError>;

    /// A person of this id.
    async fn person(&self, user: UserId) -> Result<Option<User>, StoreError>;

    /// Makes a public or private room with its maker as the first member, who looks after it.
    async fn create_room(
        &self,
        name: String,
        kind: RoomKind,
        maker: UserId,
    ) -> Result<Result<RoomRecord, NameTaken>, StoreError>;

    /// The direct room of these people, the same one each time; `None` when one of them does not exist.
    async fn direct_room(&self, people: Vec<UserId>, maker: UserId) -> Result<Option<RoomRecord>, StoreError>;

    /// `by` makes `user` a member, who has then read everything so far. Returns how far they have read; `None` when there is
    /// no such person or room.
    async fn add_member(&self, room: &RoomId, user: UserId, by: UserId) -> Result<Option<Seq>, StoreError>;

    /// `by` ends a membership. From that commit on nothing that `user` sends there is stored, even if it waited already.
    /// Returns the room's newest event then; `None` when there was no membership.
    async fn remove_member(&self, room: &RoomId, user: UserId, by: UserId) -> Result<Option<Seq>, StoreError>;

    /// What a member wants to hear of the room. False when they are no member.
    async fn set_level(&self, room: &RoomId, user: UserId, level: NotificationLevel) -> Result<bool, StoreError>;

    /// Whether a member looks after the room from now on. False when they are no member.
    async fn set_moderator(&self, room: &RoomId, user: UserId, moderator: bool, by: UserId)
    -> Result<bool, StoreError>;

    /// Changes a room, for all changes or none.
    async fn change_room(
        &self,
        room: &RoomId,
        changes: Vec<RoomChange>,
        by: UserId,
    ) -> Result<Result<(), NameTaken>, StoreError>;
}
