//! Accounts: creation, deletion, and proof of ownership by password.

use parlor_protocol::{
    UserKind,
    http::{CreateAccountRequest, CreatedSession, DeleteAccountRequest},
};

use super::{
    Caller, ClientInfo, Result, ServiceError, Services, names::parse_name, password_hash, password_policy, tokens,
};
use crate::{
    config::Registration,
    domain::{Account, CreateError, NewAccount},
};

pub type AccountName = String;

impl Services {
    /// Creates an account and signs in. With a guest's session the guest becomes the account.
    ///
    /// # Errors
    /// The input is not valid, the name is taken, or the server requires an invitation.
    pub async fn create_account(
        &self,
        caller: Option<&Caller>,
        client: &ClientInfo,
        request: CreateAccountRequest,
    ) -> Result<CreatedSession> {
        let guest = match caller {
            Some(caller) if caller.user.kind != UserKind::Guest => return Err(ServiceError::AlreadyRegistered),
            guest => guest.map(|guest| guest.user.id),
        };
        let name = parse_name(&request.name)?;
        password_policy::check_form(&request.password.0, &name.text)?;
        let invite_needed = self.registration() == Registration::Invite;
        if invite_needed && request.invite.is_none() {
            return Err(ServiceError::InviteRequired);
        }
        // The answer tells whether a name is taken, so the number of questions is limited.
        self.throttle_guess(client)?;
        self.require_unbanned_address(client)?;
        if self.is_name_taken(&name, guest).await? {
            return Err(self.name_taken(&name.text, guest).await);
        }
        let (token, session) = tokens::new_session(client)?;
        let account = NewAccount {
            password: self.hash_password(request.password.0, &name.text).await?,
            invite: request.invite.map(|secret| tokens::hash_token(&secret.0)),
            name: name.clone(),
            guest,
            requires_invite: invite_needed,
            session,
        };
        let user = match self.store.create_account(account, self.names_in_use()).await? {
            Ok(user) => user,
            Err(CreateError::NameTaken) => return Err(self.name_taken(&name.text, guest).await),
            Err(CreateError::Invite) => return Err(ServiceError::InviteRequired),
            Err(CreateError::NoSuchUser) => return Err(ServiceError::Unauthenticated),
        };
        self.login_throttle.give_back(client.address);
        Ok(CreatedSession { token, user })
    }

    /// Deletes the caller's account and ends all their sessions. Their messages stay, under the name of a deleted user.
    ///
    /// # Errors
    /// The password is wrong, or the caller is the last owner.
    pub async fn delete_account(
        &self,
        caller: &Caller,
        client: &ClientInfo,
        request: DeleteAccountRequest,
    ) -> Result<()> {
        self.verify_password(caller, client, request.password.0).await?;
        if self.store.delete_account(caller.user.id).await? { Ok(()) } else { Err(ServiceError::LastOwner) }
    }

    /// The caller's account, when this is its password.
    pub(super) async fn verify_password(
        &self,
        caller: &Caller,
        client: &ClientInfo,
        password: String,
    ) -> Result<Account> {
        let account = self.store.account_of(caller.user.id).await?.ok_or(ServiceError::NoPassword)?;
        self.throttle_password(&account.key, client)?;
        match password_hash::verify(password, Some(account.password.clone())).await {
            Ok(true) => {
                self.login_throttle.succeeded(&account.key, client.address);
                Ok(account)
            }
            Ok(false) => Err(ServiceError::WrongPassword),
            Err(error) => {
                self.login_throttle.undo(&account.key, client.address);
                Err(error.into())
            }
        }
    }
}
