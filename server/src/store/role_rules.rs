//! On whom a role allows to act, by what the transaction has read.

use parlor_protocol::{
    ServerRole, UserId,
    policy::{self, Actor, ModerationCase},
};

use crate::domain::Refusal;

/// Requires that the role of another user is below one's own.
pub(super) fn require_below(own_role: ServerRole, role: ServerRole) -> Result<(), Refusal> {
    if Actor::with_role(own_role).outranks(role) { Ok(()) } else { Err(Refusal::TargetNotBelow) }
}

/// Requires that `by` may give a user another role.
pub(super) fn require_assignable(by: ServerRole, from: ServerRole, to: ServerRole) -> Result<(), Refusal> {
    if policy::can_assign_role(by, from, to) { Ok(()) } else { Err(Refusal::RoleNotAssignable) }
}

/// Requires that `by` may impose or lift a ban or server-wide mute of a user who has this role, if they exist. `imposed_by`: who
/// imposed what is active now.
pub(super) fn require_moderation(
    (by, own_role): (UserId, ServerRole),
    on: Option<ServerRole>,
    imposed_by: Option<UserId>,
) -> Result<(), Refusal> {
    let on = on.ok_or(Refusal::PersonNotFound)?;
    let by_another = imposed_by.is_some_and(|earlier| earlier != by);
    let is_allowed = policy::can_moderate(ModerationCase { by: own_role, on, by_another });
    if is_allowed { Ok(()) } else { Err(Refusal::TargetNotBelow) }
}
