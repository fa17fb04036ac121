//! [`Rooms`] in the embedded database.

use std::sync::Arc;

use async_trait::async_trait;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, Seq, User, UserId, http::Member};

use super::{SqliteStore, reader, rooms::RoomJob, writer::Job};
use crate::{
    domain::{Membership, NameTaken, RoomChange, RoomRecord, StoreError},
    store::Rooms,
};

#[async_trait]
impl Rooms for SqliteStore {
    async fn all_rooms(&self) -> Result<Vec<RoomRecord>, StoreError> {
        reader::all_rooms(&self.readers).await
    }

    async fn memberships(&self, user: UserId) -> Result<Arc<[Membership]>, StoreError> {
        let mark = match self.caches.memberships.get(&user) {
            Ok(memberships) => return Ok(memberships),
            Err(mark) => mark,
        };
        let mut memberships = reader::memberships(&self.readers, user).await?;
        for membership in &mut memberships {
            membership.room = self.caches.shared(membership.room.clone());
        }
        let memberships: Arc<[Membership]> = memberships.into();
        self.caches.memberships.fill(mark, user, memberships.clone());
        Ok(memberships)
    }

    async fn members(&self, room: &RoomId, limit: u32) -> Result<(Vec<Member>, u64), StoreError> {
        reader::members(&self.readers, room, limit).await
    }

    async fn person(&self, user: UserId) -> Result<Option<User>, StoreError> {
        reader::person(&self.readers, user).await
    }

    async fn create_room(
        &self,
        name: String,
        kind: RoomKind,
        maker: UserId,
    ) -> Result<Result<RoomRecord, NameTaken>, StoreError> {
        self.ask(|reply| Job::Room(RoomJob::Create { name, kind, maker, reply })).await
    }

    async fn direct_room(&self, people: Vec<UserId>, maker: UserId) -> Result<Option<RoomRecord>, StoreError> {
        self.ask(|reply| Job::Room(RoomJob::Direct { people, maker, reply })).await
    }

    async fn add_member(&self, room: &RoomId, user: UserId, by: UserId) -> Result<Option<Seq>, StoreError> {
        let memberships = self.memberships(user).await?;
        if let Some(membership) = memberships.iter().find(|membership| membership.room == *room) {
            return Ok(Some(membership.state.read));
        }
        self.ask(|reply| Job::Room(RoomJob::Add { room: room.clone(), user, by, reply })).await
    }

    async fn remove_member(&self, room: &RoomId, user: UserId, by: UserId) -> Result<Option<Seq>, StoreError> {
        self.ask(|reply| Job::Room(RoomJob::Remove { room: room.clone(), user, by, reply })).await
    }

    async fn set_level(&self, room: &RoomId, user: UserId, level: NotificationLevel) -> Result<bool, StoreError> {
        self.ask(|reply| Job::Room(RoomJob::Level { room: room.clone(), user, level, reply })).await
    }

    async fn set_moderator(
        &self,
        room: &RoomId,
        user: UserId,
        moderator: bool,
        by: UserId,
    ) -> Result<bool, StoreError> {
        self.ask(|reply| Job::Room(RoomJob::Appoint { room: room.clone(), user, moderator, by, reply })).await
    }

    async fn change_room(
        &self,
        room: &RoomId,
        changes: Vec<RoomChange>,
        by: UserId,
    ) -> Result<Result<(), NameTaken>, StoreError> {
        self.ask(|reply| Job::Room(RoomJob::Change { room: room.clone(), changes, by, reply })).await
    }
}
