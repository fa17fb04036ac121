//! New invites, and how the audit log records what becomes of them.

use parlor_protocol::{Millis, ServerRole, UserId, http::InviteInfo, policy};
use serde_json::json;
use uuid::Uuid;

use super::audit::Entry;
use crate::domain::{AuditAct, NewInvite, Refusal};

/// An invite that a user with this role makes.
pub(super) fn new_invite(invite: &NewInvite, own_role: ServerRole, now: Millis) -> Result<InviteInfo, Refusal> {
    if !policy::can_invite_as(own_role, invite.role) {
        return Err(Refusal::InviteRoleTooHigh);
    }
    Ok(InviteInfo {
        id: Uuid::now_v7(),
        made_by: Some(invite.by),
        made_at: now,
        expires_at: invite.expires_at,
        uses_left: invite.uses,
        role: invite.role,
    })
}

/// The invite that makes an owner. It is the server's own, and can be used once.
pub(super) fn owner_invite(now: Millis) -> InviteInfo {
    InviteInfo {
        id: Uuid::now_v7(),
        made_by: None,
        made_at: now,
        expires_at: Millis::MAX,
        uses_left: Some(1),
        role: ServerRole::Owner,
    }
}

pub(super) fn creation_entry(invite: &InviteInfo) -> Entry {
    let details = Some(json!({ "invite": invite.id, "role": invite.role, "uses": invite.uses_left }));
    Entry { details, ..Entry::new(invite.made_by, AuditAct::InviteMade) }
}

pub(super) fn use_entry(invite: &InviteInfo, user: UserId) -> Entry {
    if invite.role == ServerRole::Owner {
        return Entry { subject: Some(user), ..Entry::new(user, AuditAct::OwnerMade) };
    }
    let details = Some(json!({ "invite": invite.id, "role": invite.role }));
    Entry { subject: invite.made_by, details, ..Entry::new(user, AuditAct::InviteUsed) }
}

pub(super) fn revocation_entry(invite: Uuid, by: UserId) -> Entry {
    Entry { details: Some(json!({ "invite": invite })), ..Entry::new(by, AuditAct::InviteRevoked) }
}
