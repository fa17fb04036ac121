//! [`People`] by the embedded database: which job or read answers which question.

use async_trait::async_trait;
use parlor_protocol::{
    Millis, ServerRole, User, UserId,
    http::{InviteInfo, PeoplePage},
};
use uuid::Uuid;

use super::{SqliteStore, accounts, invites, people::PeopleJob, reader, writer::Job};
use crate::{
    clock,
    domain::{
        Account, CreateError, IsNameInUse, Name, NewAccount, NewInvite, NewSession, RoleChangeOutcome, SessionRecord,
        SessionSelection, StoreError, TokenHash,
    },
    store::{MayAppoint, People},
};

impl SqliteStore {
    /// Hands a job to the writer and waits for what became of it.
    async fn ask_people<T>(
        &self,
        job: impl FnOnce(tokio::sync::oneshot::Sender<Result<T, StoreError>>) -> PeopleJob,
    ) -> Result<T, StoreError> {
        self.ask(|reply| Job::People(job(reply))).await
    }
}

#[async_trait]
impl People for SqliteStore {
    async fn create_guest(
        &self,
        name: Option<Name>,
        session: NewSession,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError> {
        self.ask_people(|reply| PeopleJob::CreateGuest { name, session, in_use, reply }).await
    }

    async fn create_account(
        &self,
        account: NewAccount,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError> {
        let account = Box::new(account);
        self.ask_people(|reply| PeopleJob::CreateAccount { account, in_use, reply }).await
    }

    async fn is_name_taken(&self, key: &str, except: Option<UserId>) -> Result<bool, StoreError> {
        accounts::has_name(&self.readers, key, except).await
    }

    async fn account_by_name(&self, key: &str) -> Result<Option<Account>, StoreError> {
        accounts::by_name(&self.readers, key).await
    }

    async fn account_of(&self, user: UserId) -> Result<Option<Account>, StoreError> {
        accounts::of(&self.readers, user).await
    }

    async fn begin_session(
        &self,
        account: &Account,
        session: NewSession,
        replaced: Option<TokenHash>,
    ) -> Result<bool, StoreError> {
        let (user, password) = (account.user.id, account.password.clone());
        self.ask_people(|reply| PeopleJob::BeginSession { user, password, session, replaced, reply }).await
    }

    async fn sessions_of(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        accounts::sessions_of(&self.readers, user, clock::now()).await
    }

    async fn end_sessions(&self, user: UserId, which: SessionSelection) -> Result<Vec<TokenHash>, StoreError> {
        self.ask_people(|reply| PeopleJob::EndSessions { user, which, reply }).await
    }

    async fn change_password(
        &self,
        account: &Account,
        password: String,
        session: NewSession,
    ) -> Result<bool, StoreError> {
        let (user, from) = (account.user.id, account.password.clone());
        self.ask_people(|reply| PeopleJob::ChangePassword { user, from, to: password, session, reply }).await
    }

    async fn make_reset(
        &self,
        user: UserId,
        by: UserId,
        token: TokenHash,
        expires_at: Millis,
    ) -> Result<bool, StoreError> {
        self.ask_people(|reply| PeopleJob::MakeReset { user, by, token, expires_at, reply }).await
    }

    async fn account_of_reset(&self, token: TokenHash) -> Result<Option<Account>, StoreError> {
        accounts::of_reset(&self.readers, token, clock::now()).await
    }

    async fn use_reset(
        &self,
        token: TokenHash,
        password: String,
        session: NewSession,
    ) -> Result<Option<User>, StoreError> {
        self.ask_people(|reply| PeopleJob::UseReset { token, password, session, reply }).await
    }

    async fn make_invite(&self, invite: NewInvite) -> Result<InviteInfo, StoreError> {
        self.ask_people(|reply| PeopleJob::MakeInvite { invite, reply }).await
    }

    async fn invites(&self) -> Result<Vec<InviteInfo>, StoreError> {
        invites::list(&self.readers, clock::now()).await
    }

    async fn invite_of(&self, token: TokenHash) -> Result<Option<InviteInfo>, StoreError> {
        let mut reader = self.readers.acquire().await?;
        invites::find(&mut reader, token, clock::now()).await
    }

    async fn revoke_invite(&self, id: Uuid, by: UserId) -> Result<bool, StoreError> {
        self.ask_people(|reply| PeopleJob::RevokeInvite { id, by, reply }).await
    }

    async fn offer_ownership(&self, token: TokenHash) -> Result<bool, StoreError> {
        self.ask_people(|reply| PeopleJob::OfferOwnership { token, reply }).await
    }

    async fn set_profile(
        &self,
        user: UserId,
        name: Option<Name>,
        colour: Option<u8>,
        in_use: IsNameInUse,
    ) -> Result<Result<User, CreateError>, StoreError> {
        self.ask_people(|reply| PeopleJob::SetProfile { user, name, colour, in_use, reply }).await
    }

    async fn delete_account(&self, user: UserId) -> Result<bool, StoreError> {
        self.ask_people(|reply| PeopleJob::DeleteAccount { user, reply }).await
    }

    async fn give_role(
        &self,
        by: UserId,
        user: UserId,
        role: ServerRole,
        may: MayAppoint,
    ) -> Result<RoleChangeOutcome, StoreError> {
        self.ask_people(|reply| PeopleJob::Appoint { by, user, role, may, reply }).await
    }

    async fn set_seen(&self, seen: Vec<(UserId, Millis)>) -> Result<(), StoreError> {
        self.ask_people(|reply| PeopleJob::Seen { seen, reply }).await
    }

    async fn seen_at(&self, user: UserId) -> Result<Option<Millis>, StoreError> {
        reader::seen_at(&self.readers, user).await
    }

    async fn people(&self, query: &str, after: Option<&str>, limit: u32) -> Result<PeoplePage, StoreError> {
        accounts::people(&self.readers, query, after, limit).await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        self.ask_people(|reply| PeopleJob::Sweep { reply }).await
    }
}
