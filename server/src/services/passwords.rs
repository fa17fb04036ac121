//! Changing a password: with the current one, or by a reset link from an owner.

use parlor_protocol::{
    Millis, UserId,
    http::{ChangePasswordRequest, CreatedResetLink, CreatedSession, ResetPasswordRequest, Secret},
    policy::ServerAction,
};

use super::{AccountName, Caller, ClientInfo, Result, ServiceError, Services, password_hash, password_policy, tokens};
use crate::clock;

pub const RESET_LINK_LIFETIME: Millis = 24 * 3_600_000;

impl Services {
    /// Hashes the password that a user of this name chose.
    ///
    /// # Errors
    /// It is a common password.
    pub(super) async fn hash_password(&self, password: String, name: &str) -> Result<String> {
        let words = vec![name.to_owned(), self.server_name(), "parlor".to_owned()];
        Ok(password_hash::hash(password, words).await??)
    }

    /// Changes the caller's password. All their sessions end; the answer begins a new one.
    ///
    /// # Errors
    /// The current password is wrong, or the new one is weak.
    pub async fn change_password(
        &self,
        caller: &Caller,
        client: &ClientInfo,
        request: ChangePasswordRequest,
    ) -> Result<CreatedSession> {
        let account = self.verify_password(caller, client, request.current.0).await?;
        password_policy::check_form(&request.new.0, &account.name)?;
        let (token, session) = tokens::new_session(client)?;
        let hash = self.hash_password(request.new.0, &account.name).await?;
        if !self.store.change_password(&account, hash, session, caller.token).await? {
            return Err(ServiceError::Unauthenticated);
        }
        Ok(CreatedSession { token, user: (*account.user).clone() })
    }

    /// Creates a link by which someone with a lower role can set a password.
    ///
    /// # Errors
    /// The caller may not, or there is no such account.
    pub async fn create_reset_link(&self, caller: &Caller, user: UserId) -> Result<CreatedResetLink> {
        self.require(caller, ServerAction::ResetPassword)?;
        let secret = tokens::new_secret()?;
        let expires_at = clock::now().saturating_add(RESET_LINK_LIFETIME);
        self.store.create_reset_token(user, caller.user.id, tokens::hash_token(&secret), expires_at).await?;
        Ok(CreatedResetLink { link: format!("/reset/{secret}"), expires_at })
    }

    /// The account that a reset link is for.
    ///
    /// # Errors
    /// [`ServiceError::InvalidLink`]
    pub async fn account_of_reset_link(&self, client: &ClientInfo, secret: &Secret) -> Result<AccountName> {
        self.throttle_guess(client)?;
        let account = self.store.account_of_reset_token(tokens::hash_token(&secret.0)).await?;
        let account = account.ok_or(ServiceError::InvalidLink)?;
        self.login_throttle.give_back(client.address);
        Ok(account.name)
    }

    /// Sets a password by a reset link, ends all sessions of the person and begins a new one.
    ///
    /// # Errors
    /// The link is not valid, the person is banned, or the password is weak.
    pub async fn reset_password(&self, client: &ClientInfo, request: ResetPasswordRequest) -> Result<CreatedSession> {
        self.throttle_guess(client)?;
        let link = tokens::hash_token(&request.secret.0);
        let account = self.store.account_of_reset_token(link).await?.ok_or(ServiceError::InvalidLink)?;
        self.login_throttle.give_back(client.address);
        self.require_unbanned(&account)?;
        password_policy::check_form(&request.password.0, &account.name)?;
        let (token, session) = tokens::new_session(client)?;
        let hash = self.hash_password(request.password.0, &account.name).await?;
        let user = self.store.redeem_reset_token(link, hash, session).await?.ok_or(ServiceError::InvalidLink)?;
        self.login_throttle.forget(&account.key);
        Ok(CreatedSession { token, user })
    }
}
