//! Which changes of members are allowed, and whether they change anything, by what the transaction has read.

use parlor_protocol::{
    RoomRole,
    policy::{self, Party},
};

use crate::domain::Refusal;

/// Whether a member may be removed by someone else. Whoever has deleted their account has no roles and is below everyone.
pub(super) fn require_removable(actor: Party, target: Option<Party>) -> Result<(), Refusal> {
    if target.is_some_and(|target| !actor.outranks(target)) { Err(Refusal::TargetNotBelow) } else { Ok(()) }
}

/// Whether making a member a moderator, or ending that, changes something.
pub(super) fn decide_moderator(actor: Party, target: Party, moderator: bool, is_self: bool) -> Result<bool, Refusal> {
    if !moderator && !policy::can_dismiss(actor, target, is_self) && target.room_role.moderates() {
        return Err(Refusal::TargetNotBelow);
    }
    Ok(target.room_role.moderates() != moderator)
}

/// Whether making a member the owner, in place of the present one, changes something.
pub(super) fn decide_owner(actor: Party, target: Party, owner: Option<Party>) -> Result<bool, Refusal> {
    if !policy::can_change_owner(actor, owner) {
        return Err(Refusal::TargetNotBelow);
    }
    Ok(target.room_role != RoomRole::Owner)
}
