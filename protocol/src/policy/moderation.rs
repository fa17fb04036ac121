//! Permissions that depend on two people: restrictions, roles, removal from a room. Nobody acts on someone of an equal or
//! higher role.

use super::{Actor, ServerAction};
use crate::{RoomRole, ServerRole};

/// A person who acts on another one, or on whom is acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Their role on the server.
    pub role: ServerRole,
    /// Their role in the room that it is about.
    pub room_role: RoomRole,
}

impl Party {
    /// Someone with this role on the server who has none in a room.
    #[must_use]
    pub const fn with_role(role: ServerRole) -> Self {
        Self { role, room_role: RoomRole::Member }
    }

    /// Whether they may dismiss, remove and mute the other one in a room, if they may do that there at all. Moderators of
    /// the server, admins and owners are above all roles in a room; between people of the same role on the server, and
    /// between guests and members, the roles in the room decide.
    #[must_use]
    pub fn outranks(self, other: Self) -> bool {
        let rank = |party: Self| (party.role.max(ServerRole::Member), party.room_role);
        rank(self) > rank(other)
    }
}

/// A ban or mute to impose or lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModerationCase {
    /// The role of who imposes or lifts it.
    pub by: ServerRole,
    /// The role of whom it restricts.
    pub on: ServerRole,
    /// The restriction in force was imposed by someone else.
    pub by_another: bool,
}

/// Whether a ban or a server-wide mute may be imposed or lifted: on people with a lower role. What someone else imposed
/// is changed by admins and owners only.
#[must_use]
pub const fn can_moderate(case: ModerationCase) -> bool {
    let actor = Actor::with_role(case.by);
    let may_override = !case.by_another || actor.can(ServerAction::Audit);
    actor.can(ServerAction::Moderate) && actor.outranks(case.on) && may_override
}

/// Whether someone with the role `mine` may change a role `from` to `to`: both below their own; an owner may also make
/// owners.
#[must_use]
pub fn can_assign_role(mine: ServerRole, from: ServerRole, to: ServerRole) -> bool {
    let actor = Actor::with_role(mine);
    let may_give = actor.outranks(to) || mine == ServerRole::Owner;
    actor.can(ServerAction::Appoint) && actor.outranks(from) && may_give
}

/// Whether someone with the role `mine` may invite people to the role `to`: accounts, with a role below their own.
#[must_use]
pub const fn can_invite_as(mine: ServerRole, to: ServerRole) -> bool {
    let actor = Actor::with_role(mine);
    actor.can(ServerAction::Invite) && actor.outranks(to) && !matches!(to, ServerRole::Guest)
}

/// Whether someone who [may appoint](super::RoomAction::Appoint) moderators may dismiss this one. Everyone may step down;
/// an owner hands the room over instead.
#[must_use]
pub fn can_dismiss(by: Party, on: Party, is_self: bool) -> bool {
    on.room_role != RoomRole::Owner && (is_self || by.outranks(on))
}

/// Whether someone who [may change](super::RoomAction::ChangeOwner) the owner of a room may do so while it has this one:
/// their own room, a room without an owner, or that of someone below them.
#[must_use]
pub fn can_change_owner(by: Party, owner: Option<Party>) -> bool {
    by.room_role == RoomRole::Owner || owner.is_none_or(|owner| by.outranks(owner))
}
