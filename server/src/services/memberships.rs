//! Memberships of rooms: joining, adding and removing members, moderators.

use std::sync::Arc;

use parlor_protocol::{RoomId, UserId, limits, policy::RoomAction};

use super::{Caller, Result, ServiceError, Services};
use crate::{
    connection::Connection,
    domain::{Membership, names},
    room::Room,
};

impl Services {
    /// Makes a connected user a member of a public room, as reading or writing there does. Changes nothing for a member.
    ///
    /// # Errors
    /// They may not join, or the store failed.
    pub async fn join_room(&self, connection: &Connection, room: &Arc<Room>) -> Result<()> {
        let user = connection.user.id;
        if self.hub.roles_of(user, &room.id).1.is_some() {
            return Ok(());
        }
        self.authorize_connected(connection, RoomAction::Join, &room.id)?;
        self.store.add_member(&room.id, user, user, Some(connection.id)).await?;
        Ok(())
    }

    /// Someone's membership of a room; none when they are not a member.
    pub async fn membership(&self, user: UserId, room: &RoomId) -> Result<Option<Membership>> {
        let memberships = self.store.memberships(user).await?;
        Ok(memberships.iter().find(|membership| membership.room == *room).cloned())
    }

    /// Adds a member to a room, or the caller to a public room. Adding a member again changes nothing.
    ///
    /// # Errors
    /// The caller may not, or the person does not exist.
    pub async fn add_member(&self, caller: &Caller, room: &RoomId, user: UserId) -> Result<()> {
        let (_, membership) = self.authorize(caller, RoomAction::See, room).await?;
        let is_self = user == caller.user.id;
        if is_self && membership.is_some() {
            return Ok(());
        }
        self.authorize(caller, if is_self { RoomAction::Join } else { RoomAction::Invite }, room).await?;
        self.store.add_member(room, user, caller.user.id, None).await?;
        Ok(())
    }

    /// Adds the person whose account has this name.
    ///
    /// # Errors
    /// As [`Services::add_member`].
    pub async fn add_member_by_name(&self, caller: &Caller, room: &RoomId, name: &str) -> Result<()> {
        // Checked first: the answer tells whether an account exists.
        self.authorize(caller, RoomAction::Invite, room).await?;
        let user = self.find_person_by_name(name).await?.ok_or(ServiceError::PersonNotFound)?;
        self.add_member(caller, room, user).await
    }

    /// Removes a member from a room, or lets the caller leave it.
    ///
    /// # Errors
    /// The caller may not, or the person is not a member.
    pub async fn remove_member(&self, caller: &Caller, room: &RoomId, user: UserId) -> Result<()> {
        let action = if user == caller.user.id { RoomAction::Leave } else { RoomAction::Remove };
        self.authorize(caller, action, room).await?;
        self.store.remove_member(room, user, caller.user.id).await?;
        Ok(())
    }

    /// Makes a member a moderator of the room, or ends that.
    ///
    /// # Errors
    /// The caller may not, or the person is not a member.
    pub async fn set_room_moderator(
        &self,
        caller: &Caller,
        room: &RoomId,
        user: UserId,
        moderator: bool,
    ) -> Result<()> {
        self.authorize(caller, RoomAction::Appoint, room).await?;
        Ok(self.store.set_moderator(room, user, moderator, caller.user.id).await?)
    }

    /// Makes a member the owner of the room: by its owner or, if they are above them or there is none, by an admin.
    ///
    /// # Errors
    /// The caller may not, or the person is not a member.
    pub async fn change_room_owner(&self, caller: &Caller, room: &RoomId, user: UserId) -> Result<()> {
        self.authorize(caller, RoomAction::ChangeOwner, room).await?;
        Ok(self.store.set_owner(room, user, caller.user.id).await?)
    }

    /// The account that shows this name, or else signs in with it, in any spelling that counts as the same.
    async fn find_person_by_name(&self, name: &str) -> Result<Option<UserId>> {
        let key = names::key(name);
        if key.is_empty() {
            return Ok(None);
        }
        // The list is ordered by this key: the key without its last letter is a cursor close before it.
        let mut cursor = key.clone();
        cursor.pop();
        let found = self.store.search_accounts(&key, Some(&cursor), limits::MAX_PAGE_SIZE).await?.people;
        if let Some(person) = found.into_iter().find(|person| names::key(&person.name) == key) {
            return Ok(Some(person.id));
        }
        Ok(self.store.account_by_name(&key).await?.map(|account| account.user.id))
    }
}
