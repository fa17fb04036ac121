//! [`AccountStore`] on SQLite.

use async_trait::async_trait;
use parlor_protocol::{Millis, ServerRole, User, UserId, http::PeoplePage};

use super::SqliteStore;
use crate::{
    clock,
    domain::{Account, CreateError, IsNameInUse, Name, NewAccount, NewSession, StoreError, TokenHash},
    store::AccountStore,
};

mod create;
mod guest_keys;
pub(super) mod passwords;
mod profile;
mod reads;
mod seen;
mod skeletons;

pub(super) use guest_keys::fill as fill_guest_keys;
pub(super) use profile::revoke_links;
pub(super) use reads::{by_name, find_user, has_password};
pub(super) use skeletons::fill as fill_skeletons;

#[async_trait]
impl AccountStore for SqliteStore {
    async fn create_guest(
        &self,
        name: Option<Name>,
        session: NewSession,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError> {
        self.write(move |tx| Box::pin(create::guest(tx, name, session, in_use))).await
    }

    async fn create_account(
        &self,
        account: NewAccount,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError> {
        self.write(move |tx| Box::pin(create::account(tx, account, in_use))).await
    }

    async fn is_name_taken(&self, name: &Name, except: Option<UserId>) -> Result<bool, StoreError> {
        reads::has_name(&self.readers, name, except).await
    }

    async fn account_by_name(&self, key: &str) -> Result<Option<Account>, StoreError> {
        reads::by_name(&self.readers, key).await
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        reads::of(&self.readers, user).await
    }

    async fn change_password(
        &self,
        account: &Account,
        password: String,
        session: NewSession,
        replaced: TokenHash,
    ) -> Result<bool, StoreError> {
        let (user, old) = (account.user.id, account.password.clone());
        self.write(move |tx| Box::pin(passwords::change(tx, user, old, password, session, replaced))).await
    }

    async fn create_reset_token(
        &self,
        user: UserId,
        by: UserId,
        token: TokenHash,
        expires_at: Millis,
    ) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(passwords::create_reset_token(tx, user, by, token, expires_at))).await
    }

    async fn account_of_reset_token(&self, token: TokenHash) -> Result<Option<Account>, StoreError> {
        reads::of_reset(&self.readers, token, clock::now()).await
    }

    async fn redeem_reset_token(
        &self,
        token: TokenHash,
        password: String,
        session: NewSession,
    ) -> Result<Option<User>, StoreError> {
        self.write(move |tx| Box::pin(passwords::redeem_reset_token(tx, token, password, session))).await
    }

    async fn set_profile(
        &self,
        user: UserId,
        name: Option<Name>,
        colour: Option<u8>,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError> {
        self.write(move |tx| Box::pin(profile::set(tx, user, name, colour, in_use))).await
    }

    async fn delete_account(&self, user: UserId) -> Result<bool, StoreError> {
        self.write(move |tx| Box::pin(profile::delete_account(tx, user))).await
    }

    async fn set_role(&self, by: UserId, user: UserId, role: ServerRole) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(profile::set_role(tx, by, user, role))).await
    }

    async fn set_seen(&self, seen: Vec<(UserId, Millis)>) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(seen::set(tx, seen))).await
    }

    async fn seen_at(&self, user: UserId) -> Result<Option<Millis>, StoreError> {
        seen::get(&self.readers, user).await
    }

    async fn find_user(&self, user: UserId) -> Result<Option<User>, StoreError> {
        find_user(&self.readers, user).await
    }

    async fn search_accounts(&self, query: &str, after: Option<&str>, limit: u32) -> Result<PeoplePage, StoreError> {
        reads::people(&self.readers, query, after, limit).await
    }
}
