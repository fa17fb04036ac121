//! Invitations: links by which people create accounts.

use parlor_protocol::{
    Millis, ServerRole,
    http::{CreateInviteRequest, CreatedInvite, InviteList, Secret},
    limits,
    policy::{self, ServerAction},
};
use uuid::Uuid;

use super::{Caller, ClientInfo, Field, Result, ServiceError, Services, tokens};
use crate::{clock, domain::NewInvite};

const HOUR: Millis = 3_600_000;

/// What an invitation offers to whoever has its link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteDetails {
    /// Who invites; none when the account is gone, and for the link that creates the first owner.
    pub invited_by: Option<String>,
    /// The role of the account that it creates.
    pub role: ServerRole,
}

impl Services {
    /// Creates an invitation.
    ///
    /// # Errors
    /// The caller may not invite, or not to this role; or a value is out of range.
    pub async fn create_invite(&self, caller: &Caller, request: CreateInviteRequest) -> Result<CreatedInvite> {
        self.require(caller, ServerAction::Invite)?;
        let role = request.role.unwrap_or(ServerRole::Member);
        if matches!(role, ServerRole::Guest | ServerRole::Owner) {
            return Err(ServiceError::InvalidInviteRole);
        }
        if !policy::can_invite_as(caller.role, role) {
            return Err(ServiceError::InviteRoleTooHigh);
        }
        let hours = request.expires_in_hours.unwrap_or(limits::DEFAULT_INVITE_HOURS);
        require_within(Field::Hours, hours, limits::MAX_INVITE_HOURS)?;
        if let Some(uses) = request.uses {
            require_within(Field::Uses, uses, limits::MAX_INVITE_USES)?;
        }
        let secret = tokens::new_secret()?;
        let invite = NewInvite {
            token: tokens::hash_token(&secret),
            by: caller.user.id,
            expires_at: clock::now().saturating_add(Millis::from(hours) * HOUR),
            uses: request.uses,
            role,
        };
        let invite = self.store.create_invite(invite).await?;
        Ok(CreatedInvite { invite, link: format!("/invite/{secret}") })
    }

    /// The invitations that can still be used, the newest first.
    ///
    /// # Errors
    /// The caller may not invite.
    pub async fn list_invites(&self, caller: &Caller) -> Result<InviteList> {
        self.require(caller, ServerAction::Invite)?;
        Ok(InviteList { invites: self.store.invites().await? })
    }

    /// Revokes an invitation.
    ///
    /// # Errors
    /// The caller may not invite, or the invitation cannot be used any more.
    pub async fn revoke_invite(&self, caller: &Caller, id: Uuid) -> Result<()> {
        self.require(caller, ServerAction::Invite)?;
        Ok(self.store.revoke_invite(id, caller.user.id).await?)
    }

    /// The invitation with this secret, while it can be used.
    ///
    /// # Errors
    /// [`ServiceError::InviteNotFound`], [`ServiceError::TooManyAttempts`]
    pub async fn find_invite(&self, client: &ClientInfo, secret: &Secret) -> Result<InviteDetails> {
        self.throttle_guess(client)?;
        let invite = self.store.invite_of(tokens::hash_token(&secret.0)).await?;
        let invite = invite.ok_or(ServiceError::InviteNotFound)?;
        self.login_throttle.give_back(client.address);
        let account = match invite.made_by {
            Some(user) => self.store.account_of(user).await?,
            None => None,
        };
        Ok(InviteDetails { invited_by: account.map(|account| account.user.name.clone()), role: invite.role })
    }
}

/// Requires 1 to `max`.
pub(super) fn require_within(field: Field, value: u32, max: u32) -> Result<()> {
    if (1..=max).contains(&value) { Ok(()) } else { Err(ServiceError::OutOfRange { field, min: 1, max }) }
}
