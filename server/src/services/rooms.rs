//! Rooms: creation, changes, direct rooms, notification levels.

use std::sync::Arc;

use parlor_protocol::{
    NotificationLevel, RoomId, RoomKind, RoomRole, RoomSummary, UserId,
    http::{CreateRoomRequest, CreatedRoom, OpenDirectRequest, UpdateRoomRequest},
    limits,
    policy::{Actor, RoomAction, ServerAction},
    validate,
};

use super::{Caller, Field, Result, ServiceError, Services};
use crate::{
    domain::{RoomChange, RoomMembership},
    room::Room,
    store::StoreStatus,
};

/// A room as its settings page shows it.
#[derive(Clone, Debug)]
pub struct RoomDetails {
    pub summary: RoomSummary,
    /// The caller's notification level; none when they are not a member.
    pub level: Option<NotificationLevel>,
    pub permissions: RoomPermissions,
}

/// What the caller may do with a room as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomPermissions {
    pub rename: bool,
    pub archive: bool,
    pub join: bool,
    pub leave: bool,
}

impl Services {
    /// Checks that the database answers.
    pub async fn check_store(&self) -> Result<()> {
        Ok(self.store.check().await?)
    }

    /// What is known of the database, for whoever watches the server.
    pub fn store_status(&self) -> StoreStatus {
        self.store.status()
    }

    /// Creates a public or private room whose first member and owner is the caller.
    ///
    /// # Errors
    /// The caller may not, or the name is not valid or taken.
    pub async fn create_room(&self, caller: &Caller, request: CreateRoomRequest) -> Result<CreatedRoom> {
        let action = match request.kind {
            RoomKind::Public => ServerAction::CreatePublicRoom,
            RoomKind::Private => ServerAction::CreatePrivateRoom,
            RoomKind::Direct => return Err(ServiceError::InvalidRoomKind),
        };
        require_room_creation(self.actor(caller.role), action)?;
        self.require(caller, action)?;
        let name = parse_room_name(&request.name)?;
        if self.has_created_too_many(caller).await? {
            return Err(ServiceError::TooManyRooms);
        }
        let record = self.store.create_room(name, request.kind, caller.user.id).await?;
        let membership = RoomMembership { role: RoomRole::Owner, ..RoomMembership::since(record.head) };
        let room = self.live_room(&record.id)?;
        Ok(CreatedRoom { room: room.summary(caller.user.id, membership) })
    }

    /// As [`Services::create_room`], with a topic, which may be empty.
    ///
    /// # Errors
    /// The same, or the topic is not valid.
    pub async fn create_room_with_topic(
        &self,
        caller: &Caller,
        request: CreateRoomRequest,
        topic: &str,
    ) -> Result<CreatedRoom> {
        // Before there is a room that could not get it.
        let topic = parse_topic(topic)?;
        let created = self.create_room(caller, request).await?;
        if !topic.is_empty() {
            let topic = UpdateRoomRequest { topic: Some(topic), ..UpdateRoomRequest::default() };
            self.update_room(caller, &created.room.id, topic).await?;
        }
        Ok(created)
    }

    /// Renames a room, changes its topic, archives or reopens it: everything in the request, or nothing.
    ///
    /// # Errors
    /// The caller may not, or the name or topic is not valid, or the name is taken.
    pub async fn update_room(&self, caller: &Caller, room: &RoomId, request: UpdateRoomRequest) -> Result<()> {
        self.authorize(caller, RoomAction::See, room).await?;
        let mut changes = Vec::new();
        if let Some(name) = request.name {
            self.authorize(caller, RoomAction::Rename, room).await?;
            changes.push(RoomChange::Name(parse_room_name(&name)?));
        }
        if let Some(topic) = request.topic {
            self.authorize(caller, RoomAction::Rename, room).await?;
            changes.push(RoomChange::Topic(parse_topic(&topic)?));
        }
        if let Some(archived) = request.archived {
            self.authorize(caller, RoomAction::Archive, room).await?;
            changes.push(RoomChange::Archived(archived));
        }
        Ok(self.store.change_room(room, changes, caller.user.id).await?)
    }

    /// Opens the direct room of the caller and these people; creates it when there is none.
    ///
    /// # Errors
    /// The caller may not, or there are too few or too many people, or one of them does not exist.
    pub async fn open_direct_room(&self, caller: &Caller, request: OpenDirectRequest) -> Result<CreatedRoom> {
        let (room, membership) = self.find_direct_room(caller, request.users).await?;
        self.load_unread(&room, membership).await?;
        Ok(CreatedRoom { room: room.summary(caller.user.id, membership) })
    }

    /// As [`Services::open_direct_room`], for callers that need the live room.
    ///
    /// # Errors
    /// The same.
    pub async fn find_direct_room(
        &self,
        caller: &Caller,
        mut people: Vec<UserId>,
    ) -> Result<(Arc<Room>, RoomMembership)> {
        // Muted people may open a room that exists; the store finds out whether it does.
        require_room_creation(self.actor(caller.role), ServerAction::CreateDirect)?;
        people.retain(|person| *person != caller.user.id);
        people.sort_unstable();
        people.dedup();
        if people.is_empty() || people.len() > limits::MAX_DIRECT_PEOPLE {
            return Err(ServiceError::InvalidDirectPeople);
        }
        people.push(caller.user.id);
        if self.has_created_too_many(caller).await? && !self.has_direct_room(caller, &people).await? {
            return Err(ServiceError::TooManyRooms);
        }
        let record = self.store.direct_room(people, caller.user.id).await?;
        let room = self.live_room(&record.id)?;
        let membership = self.membership(caller.user.id, &room.id).await?;
        let membership = membership.map(|membership| membership.state).unwrap_or_default();
        Ok((room, membership))
    }

    /// Sets which messages of a room notify the caller.
    ///
    /// # Errors
    /// The caller is not a member.
    pub async fn set_notification_level(&self, caller: &Caller, room: &RoomId, level: NotificationLevel) -> Result<()> {
        self.authorize(caller, RoomAction::Mark, room).await?;
        let _guard = self.marking.lock(&caller.user.id).await;
        if !self.store.set_level(room, caller.user.id, level).await? {
            // Removed in the meantime.
            return Err(ServiceError::RoomNotFound);
        }
        Ok(())
    }

    /// A room and what the caller may do with it.
    ///
    /// # Errors
    /// The caller may not see the room.
    pub async fn room_details(&self, caller: &Caller, room: &RoomId) -> Result<RoomDetails> {
        let (live_room, membership) = self.authorize(caller, RoomAction::See, room).await?;
        let may = async |action| self.authorize(caller, action, room).await.is_ok();
        let permissions = RoomPermissions {
            rename: may(RoomAction::Rename).await,
            archive: may(RoomAction::Archive).await,
            join: membership.is_none() && may(RoomAction::Join).await,
            leave: may(RoomAction::Leave).await,
        };
        let summary = match &membership {
            Some(membership) => live_room.summary(caller.user.id, membership.state),
            None => live_room.summary_for_others(),
        };
        Ok(RoomDetails { summary, level: membership.map(|membership| membership.state.level), permissions })
    }

    /// A room that the store has; the hub learnt of it before the store answered.
    fn live_room(&self, room: &RoomId) -> Result<Arc<Room>> {
        self.hub.room(room).ok_or(ServiceError::Unavailable)
    }

    async fn has_created_too_many(&self, caller: &Caller) -> Result<bool> {
        Ok(self.store.count_rooms_of(caller.user.id).await? >= limits::MAX_ROOMS_CREATED)
    }

    /// Whether there is a direct room of exactly these people, one of whom is the caller.
    async fn has_direct_room(&self, caller: &Caller, people: &[UserId]) -> Result<bool> {
        let memberships = self.store.memberships(caller.user.id).await?;
        let rooms = memberships.iter().filter_map(|membership| self.hub.room(&membership.room));
        let mut direct = rooms.filter(|room| room.kind == RoomKind::Direct).map(|room| room.people());
        Ok(direct.any(|other| other.len() == people.len() && other.iter().all(|person| people.contains(&person.id))))
    }
}

fn require_room_creation(actor: Actor, action: ServerAction) -> Result<()> {
    match actor.can(action) {
        true => Ok(()),
        false if actor.lobby_only => Err(ServiceError::GuestsLobbyOnly),
        false => Err(ServiceError::Forbidden),
    }
}

fn parse_topic(topic: &str) -> Result<String> {
    validate::topic(topic).map_err(|reason| ServiceError::Invalid { field: Field::Topic, reason })
}

fn parse_room_name(name: &str) -> Result<String> {
    validate::room_name(name).map_err(|reason| ServiceError::Invalid { field: Field::RoomName, reason })
}
