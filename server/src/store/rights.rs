//! What stored roles, mutes and bans allow, by [`parlor_protocol::policy`].

use parlor_protocol::{
    Millis, RoomId,
    policy::{Actor, Decision, RoomAction, RoomContext, ServerAction},
};
use sqlx::FromRow;

use super::values::{room_kind, room_role, server_role};
use crate::domain::Refusal;

/// A user as they are stored, with their active mute and ban.
#[derive(FromRow)]
pub(super) struct ActorRow {
    role: String,
    muted_until: Option<Millis>,
    banned: bool,
    banned_until: Option<Millis>,
}

/// A user who is not banned, and until when they are muted.
pub(super) struct Permissions {
    pub(super) actor: Actor,
    muted_until: Option<Millis>,
}

impl ActorRow {
    /// Refuses those who do not exist and those who are banned.
    pub(super) fn permissions(row: Option<Self>) -> Result<Permissions, Refusal> {
        let Self { role, muted_until, banned, banned_until } = row.ok_or(Refusal::Forbidden)?;
        if banned {
            return Err(Refusal::Banned { until: banned_until });
        }
        let actor = Actor { muted: muted_until.is_some(), ..Actor::with_role(server_role(&role)) };
        Ok(Permissions { actor, muted_until })
    }
}

impl Permissions {
    pub(super) fn require(&self, action: ServerAction) -> Result<(), Refusal> {
        self.permit(self.actor.check_server(action))
    }

    pub(super) fn require_in_room(&self, action: RoomAction, room: RoomContext) -> Result<(), Refusal> {
        self.permit(self.actor.check(action, room))
    }

    fn permit(&self, decision: Decision) -> Result<(), Refusal> {
        match decision {
            Decision::Allowed => Ok(()),
            Decision::Muted => Err(Refusal::Muted { until: self.muted_until.unwrap_or_default() }),
            Decision::Forbidden => Err(Refusal::Forbidden),
            Decision::Hidden => Err(Refusal::RoomNotFound),
        }
    }
}

/// A room as it is for a user: its kind, whether it is archived, and their role in it if they are a member.
pub(super) fn room_context(room: &RoomId, kind: &str, archived: bool, role: Option<&str>) -> RoomContext {
    let lobby = room.as_str() == RoomId::LOBBY;
    RoomContext { kind: room_kind(kind), lobby, archived, membership: role.map(room_role) }
}
