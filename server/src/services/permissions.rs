//! Permission checks: [`parlor_protocol::policy`] applied to the current state of rooms, memberships and mutes.

use std::sync::Arc;

use parlor_protocol::{
    Millis, RoomId, RoomRole, ServerRole, UserId,
    policy::{Actor, Decision, RoomAction, ServerAction},
};

use super::{Caller, Result, ServiceError, Services};
use crate::{config::Guests, connection::Connection, domain::Membership, room::Room};

impl Services {
    /// Someone with this role who is not muted, for permission checks on this server.
    pub fn actor(&self, role: ServerRole) -> Actor {
        Actor { lobby_only: self.flags.guests == Some(Guests::LobbyOnly), ..Actor::with_role(role) }
    }

    /// Whether the caller may do this on the server.
    pub fn can(&self, caller: &Caller, action: ServerAction) -> bool {
        self.require(caller, action).is_ok()
    }

    /// Rejects what the caller may not do on the server.
    pub(super) fn require(&self, caller: &Caller, action: ServerAction) -> Result<()> {
        let muted_until = self.store.mutes_of(caller.user.id, &RoomId::lobby()).server;
        let actor = Actor { muted: muted_until.is_some(), ..self.actor(caller.role) };
        permit(actor.check_server(action), muted_until)
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
        let role = membership.as_ref().map(|membership| membership.state.role);
        let room = self.check_access(caller.user.id, caller.role, action, room, role)?;
        Ok((room, membership))
    }

    /// Rejects a room that a guest who is still to be created could not read: so a rejected client leaves no guest behind.
    pub fn require_guest_access(&self, room: &RoomId) -> Result<()> {
        let found = self.hub.room(room).ok_or(ServiceError::RoomNotFound)?;
        // A new guest is a member of the lobby only.
        let membership = (*room == RoomId::lobby()).then_some(RoomRole::Member);
        permit(self.actor(ServerRole::Guest).check(RoomAction::Read, found.policy_context(membership)), None)
    }

    /// The room, when a connected person may do this there. Reads nothing from the store: the hub knows the memberships of
    /// everyone who is connected.
    pub fn authorize_connected(&self, connection: &Connection, action: RoomAction, room: &RoomId) -> Result<Arc<Room>> {
        let (role, membership) = self.hub.roles_of(connection.user.id, room);
        self.check_access(connection.user.id, role, action, room, membership)
    }

    pub(super) fn check_access(
        &self,
        user: UserId,
        role: ServerRole,
        action: RoomAction,
        room: &RoomId,
        membership: Option<RoomRole>,
    ) -> Result<Arc<Room>> {
        let room = self.hub.room(room).ok_or(ServiceError::RoomNotFound)?;
        let muted_until = self.store.mutes_of(user, &room.id).until();
        let actor = Actor { muted: muted_until.is_some(), ..self.actor(role) };
        permit(actor.check(action, room.policy_context(membership)), muted_until).map(|()| room)
    }

    /// The role of someone's account; guests have none.
    pub async fn role_of(&self, user: UserId) -> Result<ServerRole> {
        Ok(self.store.account_of(user).await?.map_or(ServerRole::Guest, |account| account.role))
    }
}

fn permit(decision: Decision, muted_until: Option<Millis>) -> Result<()> {
    match decision {
        Decision::Allowed => Ok(()),
        Decision::Muted => Err(ServiceError::Muted { until: muted_until.unwrap_or_default() }),
        Decision::Forbidden => Err(ServiceError::Forbidden),
        Decision::Hidden => Err(ServiceError::RoomNotFound),
    }
}
