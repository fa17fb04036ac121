//! [`RoomStore`] on PostgreSQL.

use async_trait::async_trait;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, Seq, UserId, http::Member};

use super::PostgresStore;
use crate::{
    domain::{ConnectionId, Membership, RoomChange, RoomRecord, StoreError},
    store::RoomStore,
};

mod create;
mod members;
mod notification_level;
mod pending_marks;
mod reads;
mod settings;

pub(super) use members::{insert_member, join};
pub(super) use reads::owner;

#[async_trait]
impl RoomStore for PostgresStore {
    async fn all_rooms(&self) -> Result<Vec<RoomRecord>, StoreError> {
        self.read(reads::all_rooms(&self.readers)).await
    }

    async fn count_rooms_of(&self, user: UserId) -> Result<u64, StoreError> {
        self.read(reads::count_rooms_of(&self.readers, user)).await
    }

    async fn load_memberships(&self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        self.read(reads::memberships(&self.readers, user)).await
    }

    async fn members(
        &self,
        room: &RoomId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<(Vec<Member>, u64), StoreError> {
        self.read(reads::members(&self.readers, room, after, limit)).await
    }

    async fn owner(&self, room: &RoomId) -> Result<Option<UserId>, StoreError> {
        self.read(reads::owner(&self.readers, room)).await
    }

    async fn create_room(&self, name: String, kind: RoomKind, by: UserId) -> Result<RoomRecord, StoreError> {
        self.write(move |tx| Box::pin(create::room(tx, name, kind, by))).await
    }

    async fn direct_room(&self, users: Vec<UserId>, by: UserId) -> Result<RoomRecord, StoreError> {
        self.write(move |tx| Box::pin(create::direct_room(tx, users, by))).await
    }

    async fn add_member(
        &self,
        room: &RoomId,
        user: UserId,
        by: UserId,
        origin: Option<ConnectionId>,
    ) -> Result<Seq, StoreError> {
        let room = room.clone();
        self.write(move |tx| Box::pin(members::add(tx, room, user, by, origin))).await
    }

    async fn remove_member(&self, room: &RoomId, user: UserId, by: UserId) -> Result<Seq, StoreError> {
        let room = room.clone();
        self.write(move |tx| Box::pin(members::remove(tx, room, user, by))).await
    }

    async fn set_moderator(&self, room: &RoomId, user: UserId, moderator: bool, by: UserId) -> Result<(), StoreError> {
        let room = room.clone();
        self.write(move |tx| Box::pin(members::set_moderator(tx, room, user, moderator, by))).await
    }

    async fn set_owner(&self, room: &RoomId, user: UserId, by: UserId) -> Result<(), StoreError> {
        let room = room.clone();
        self.write(move |tx| Box::pin(members::set_owner(tx, room, user, by))).await
    }

    async fn change_room(&self, room: &RoomId, changes: Vec<RoomChange>, by: UserId) -> Result<(), StoreError> {
        let room = room.clone();
        self.write(move |tx| Box::pin(settings::change(tx, room, changes, by))).await
    }

    async fn set_level(&self, room: &RoomId, user: UserId, level: NotificationLevel) -> Result<bool, StoreError> {
        let room = room.clone();
        self.write(move |tx| Box::pin(notification_level::set(tx, room, user, level))).await
    }

    async fn save_read(&self, room: &RoomId, user: UserId, seq: Seq, origin: ConnectionId) -> Result<(), StoreError> {
        self.save_mark(room, user, |mark| mark.read(seq, origin)).await
    }

    async fn save_unread_from(
        &self,
        room: &RoomId,
        user: UserId,
        seq: Seq,
        origin: ConnectionId,
    ) -> Result<(), StoreError> {
        self.save_mark(room, user, |mark| mark.unread_from(seq, origin)).await
    }
}
