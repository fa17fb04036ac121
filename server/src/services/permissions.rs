//! Permission checks: [`parlor_protocol::policy`] applied to the current state of rooms, memberships and mutes.

use std::sync::Arc;

use parlor_protocol::{
    RoomId, ServerRole, UserId,
    policy::{Actor, Decision, MemberStatus, RoomAction, ServerAction},
};

use super::{Caller, Result, ServiceError, Services};
use crate::{config::Guests, connection::Connection, domain::Membership, room::Room};

impl Services {
    /// Someone with this role, for permission checks on this server.
    pub fn actor(&self, role: ServerRole) -> Actor {
        Actor { lobby_only: self.flags.guests == Some(Guests::LobbyOnly), ..Actor::with_role(role) }
    }

    /// Whether the caller may do this on the server.
    pub fn can(&self, caller: &Caller, action: ServerAction) -> bool {
        self.actor(caller.role).can(action)
    }

    /// Rejects what the caller may not do on the server.
    pub(super) fn require(&self, caller: &Caller, action: ServerAction) -> Result<()> {
        if self.can(caller, action) { Ok(()) } else { Err(ServiceError::Forbidden) }
    }

    /// The room, and the caller's membership, when they may do this there.
    ///
    /// # Errors
    /// [`ServiceError::RoomNotFound`], [`ServiceError::Forbidden`], [`ServiceError::Muted`]
    pub async fn authorize(
        &self,
        caller: &Caller,
        action: RoomAction,
        room: &RoomId,
    ) -> Result<(Arc<Room>, Option<Membership>)> {
        let membership = self.membership(caller.user.id, room).await?;
        let status = membership.as_ref().map(member_status);
        let room = self.check_access(caller.user.id, caller.role, action, room, status)?;
        Ok((room, membership))
    }

    /// Rejects a room that a guest who is still to be created could not read: so a rejected client leaves no guest behind.
    pub fn require_guest_access(&self, room: &RoomId) -> Result<()> {
        let found = self.hub.room(room).ok_or(ServiceError::RoomNotFound)?;
        // A new guest is a member of the lobby only.
        let status = (*room == RoomId::lobby()).then_some(MemberStatus { moderator: false, muted: false });
        match self.actor(ServerRole::Guest).check(RoomAction::Read, found.policy_context(status)) {
            Decision::Allowed => Ok(()),
            Decision::Forbidden => Err(ServiceError::Forbidden),
            Decision::Hidden => Err(ServiceError::RoomNotFound),
        }
    }

    /// The room, when a connected person may do this there. Reads nothing from the store: the hub knows the memberships of
    /// everyone who is connected.
    pub fn authorize_connected(&self, connection: &Connection, action: RoomAction, room: &RoomId) -> Result<Arc<Room>> {
        let (role, status) = self.hub.role_and_status(connection.user.id, room);
        self.check_access(connection.user.id, role, action, room, status)
    }

    pub(super) fn check_access(
        &self,
        user: UserId,
        role: ServerRole,
        action: RoomAction,
        room: &RoomId,
        membership: Option<MemberStatus>,
    ) -> Result<Arc<Room>> {
        let room = self.hub.room(room).ok_or(ServiceError::RoomNotFound)?;
        let (actor, mutes) = (self.actor(role), self.store.mutes_of(user, &room.id));
        let unmuted = actor.check(action, room.policy_context(membership));
        let muted_here = mutes.room.is_some();
        let actor = Actor { muted: mutes.server.is_some() || (membership.is_none() && muted_here), ..actor };
        let membership = membership.map(|status| MemberStatus { muted: muted_here, ..status });
        match (actor.check(action, room.policy_context(membership)), mutes.until()) {
            (Decision::Allowed, _) => Ok(room),
            (Decision::Forbidden, Some(until)) if unmuted.is_allowed() => Err(ServiceError::Muted { until }),
            (Decision::Forbidden, _) => Err(ServiceError::Forbidden),
            (Decision::Hidden, _) => Err(ServiceError::RoomNotFound),
        }
    }

    /// The role of someone's account; guests have none.
    pub async fn role_of(&self, user: UserId) -> Result<ServerRole> {
        Ok(self.store.account_of(user).await?.map_or(ServerRole::Guest, |account| account.role))
    }
}

pub(super) fn member_status(membership: &Membership) -> MemberStatus {
    MemberStatus { moderator: membership.state.moderator, muted: false }
}
