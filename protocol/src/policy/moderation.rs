//! Permissions that depend on two people: restrictions, roles, removal from a room.

use super::{Actor, ServerAction};
use crate::ServerRole;

/// A person who imposes a restriction, or on whom it is imposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModerationParty {
    /// Their role on the server.
    pub role: ServerRole,
    /// They moderate the room that the restriction is about.
    pub moderator: bool,
    /// They created that room.
    pub maker: bool,
}

impl ModerationParty {
    /// Someone with this role, for a restriction on the whole server.
    #[must_use]
    pub const fn with_role(role: ServerRole) -> Self {
        Self { role, moderator: false, maker: false }
    }
}

/// A ban or mute to impose or lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModerationCase {
    /// Who imposes or lifts it.
    pub by: ModerationParty,
    /// Whom it restricts.
    pub on: ModerationParty,
    /// The restriction in force was imposed by someone else.
    pub by_another: bool,
}

/// Whether a ban or a server-wide mute may be imposed or lifted: on people with a lower role. What someone else imposed
/// is changed by admins and owners only.
#[must_use]
pub fn can_moderate(case: ModerationCase) -> bool {
    let actor = Actor::with_role(case.by.role);
    let may_override = !case.by_another || actor.can(ServerAction::Audit);
    actor.can(ServerAction::Moderate) && actor.outranks(case.on.role) && may_override
}

/// Whether a mute in a room may be imposed or lifted by someone who [may mute](super::RoomAction::Mute) there. Moderators of
/// a room do not mute each other; its creator and the moderators of the server do.
#[must_use]
pub fn can_mute_in_room(case: ModerationCase) -> bool {
    if case.on.role >= ServerRole::Moderator {
        return Actor::with_role(case.by.role).outranks(case.on.role);
    }
    !case.on.moderator || case.by.maker || case.by.role >= ServerRole::Moderator
}

/// Whether someone with the role `mine` may change a role `from` to `to`: both below their own; an owner may also make
/// owners.
#[must_use]
pub fn can_assign_role(mine: ServerRole, from: ServerRole, to: ServerRole) -> bool {
    let actor = Actor::with_role(mine);
    let may_give = actor.outranks(to) || mine == ServerRole::Owner;
    actor.can(ServerAction::Appoint) && actor.outranks(from) && may_give
}

/// Whether someone who [may remove](super::RoomAction::Remove) members may remove this one. Moderators of a room do not
/// remove each other; its creator and the moderators of the server do.
#[must_use]
pub const fn can_remove_member(by: ModerationParty, target_is_moderator: bool) -> bool {
    !target_is_moderator || by.role as u8 >= ServerRole::Moderator as u8 || by.maker
}
