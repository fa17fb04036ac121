//! Accounts, sessions and rights when two servers write at the same time: one transaction has decided and is about to commit
//! when the other one begins.

use std::{future::Future, sync::Arc};

use async_trait::async_trait;
use parlor::{
    clock,
    domain::{
        Commit, CommitSink, CreateError, IsNameInUse, Name, NewAccount, NewBan, NewInvite, NewSession,
        SessionSelection, StoreError, TokenHash,
    },
    store::{
        AccountStore, InviteStore, ModerationStore, SessionStore, Store,
        postgres::{PostgresStore, Sharing, create_recovery_link},
    },
};
use parlor_protocol::{ServerRole, User};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::support::{eventually, postgres::TestDatabase};

const PASSWORD: &str = "hash of a password";

/// Two servers' stores on one database.
struct Servers {
    first: Arc<PostgresStore>,
    second: Arc<PostgresStore>,
    _sink: Arc<Discard>,
    database: TestDatabase,
}

struct Discard;

#[async_trait]
impl CommitSink for Discard {
    async fn publish(&self, _: Commit) {}

    fn is_idle(&self) -> bool {
        true
    }

    async fn idle(&self) {}
}

impl Servers {
    async fn start() -> Self {
        let (database, sink) = (TestDatabase::create().await, Arc::new(Discard));
        let open = async || PostgresStore::open(&database.address(), 2, Sharing::Shared, sink.clone()).await.unwrap();
        let (first, second) = (open().await, open().await);
        Self { first, second, _sink: sink, database }
    }

    async fn stop(self) {
        self.first.close().await;
        self.second.close().await;
        self.database.remove().await;
    }

    async fn account(&self, name: &str) -> User {
        self.first.create_account(new_account(name), nobody()).await.unwrap().unwrap()
    }

    async fn owner(&self, name: &str) -> User {
        let token = new_token();
        assert!(self.first.create_owner_invite(token).await.unwrap());
        let account = NewAccount { invite: Some(token), ..new_account(name) };
        self.first.create_account(account, nobody()).await.unwrap().unwrap()
    }

    /// Runs two acts, the second one when the first one is about to change a table before its commit.
    async fn overlap<A, B>(
        &self,
        table: &str,
        first: impl Future<Output = A> + Send + 'static,
        second: impl Future<Output = B> + Send + 'static,
    ) -> (A, B)
    where
        A: Send + 'static,
        B: Send + 'static,
    {
        let (mut holder, mut observer) = (self.database.connect().await, self.database.connect().await);
        let mut barrier = holder.begin().await.unwrap();
        // Rows can be read and locked, and not changed.
        let lock = AssertSqlSafe(format!("LOCK TABLE {table} IN SHARE MODE"));
        sqlx::query(lock).execute(&mut *barrier).await.unwrap();
        let first = tokio::spawn(first);
        eventually("the first one waits", async || waiting(&mut observer).await == 1).await;
        let second = tokio::spawn(second);
        eventually("both wait", async || waiting(&mut observer).await == 2).await;
        barrier.commit().await.unwrap();
        (first.await.unwrap(), second.await.unwrap())
    }

    /// The same for two methods of the stores.
    async fn create_both(&self, first: NewAccount, second: NewAccount) -> [Result<User, CreateError>; 2] {
        let create = |store: &Arc<PostgresStore>, account| {
            let store = store.clone();
            async move { store.create_account(account, nobody()).await.unwrap() }
        };
        let (first, second) = (create(&self.first, first), create(&self.second, second));
        self.overlap("session", first, second).await.into()
    }
}

/// The number of connections that wait for a lock.
async fn waiting(observer: &mut PgConnection) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar(sql).fetch_one(observer).await.unwrap()
}

fn new_token() -> TokenHash {
    let mut token = [0; 32];
    token[..16].copy_from_slice(Uuid::now_v7().as_bytes());
    TokenHash(token)
}

fn nobody() -> IsNameInUse {
    Arc::new(|_, _| false)
}

fn new_session() -> NewSession {
    NewSession { token: new_token(), device: None, address: None }
}

fn new_account(name: &str) -> NewAccount {
    NewAccount {
        name: Name::new(name.into()),
        password: PASSWORD.into(),
        guest: None,
        invite: None,
        requires_invite: false,
        session: new_session(),
    }
}

#[tokio::test]
async fn names_that_look_alike_are_not_created_at_the_same_time() {
    let servers = Servers::start().await;
    // The second one begins with a Cyrillic letter.
    let [first, second] = servers.create_both(new_account("ann"), new_account("аnn")).await;
    assert_eq!((first.unwrap().name.as_str(), second), ("ann", Err(CreateError::NameTaken)));
    servers.stop().await;
}

#[tokio::test]
async fn a_guest_and_an_account_do_not_take_a_name_at_the_same_time() {
    let servers = Servers::start().await;
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let account = async move { first.create_account(new_account("ann"), nobody()).await.unwrap() };
    let guest = async move {
        let name = Some(Name::new("Ann".into()));
        second.create_guest(name, new_session(), nobody()).await.unwrap()
    };
    let (account, guest) = servers.overlap("session", account, guest).await;
    assert_eq!((account.is_ok(), guest), (true, Err(CreateError::NameTaken)));
    servers.stop().await;
}

#[tokio::test]
async fn an_invite_for_one_is_used_once() {
    let servers = Servers::start().await;
    let owner = servers.owner("olga").await;
    let (token, expires_at) = (new_token(), clock::now() + 60_000);
    let invite = NewInvite { token, by: owner.id, expires_at, uses: Some(1), role: ServerRole::Member };
    servers.first.create_invite(invite).await.unwrap();
    let account = |name| NewAccount { invite: Some(token), ..new_account(name) };
    let [first, second] = servers.create_both(account("ann"), account("bob")).await;
    assert_eq!((first.is_ok(), second), (true, Err(CreateError::Invite)));
    servers.stop().await;
}

#[tokio::test]
async fn there_is_one_first_owner() {
    let servers = Servers::start().await;
    let (old, new) = (new_token(), new_token());
    assert!(servers.first.create_owner_invite(old).await.unwrap());
    assert!(!servers.second.create_owner_invite(new).await.unwrap(), "the link of the other server counts for all");
    // A server that is not alive any more cannot show its link.
    sqlx::query("UPDATE writer SET seen_at = seen_at - interval '1 hour'")
        .execute(&mut servers.database.connect().await)
        .await
        .unwrap();
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let account = NewAccount { invite: Some(old), ..new_account("olga") };
    let create = async move { first.create_account(account, nobody()).await.unwrap() };
    let replace = async move { second.create_owner_invite(new).await.unwrap() };
    let (owner, replaced) = servers.overlap("session", create, replace).await;
    assert_eq!((owner.is_ok(), replaced), (true, false), "there is an owner");
    assert!(servers.first.invite_of(new).await.unwrap().is_none());
    servers.stop().await;
}

#[tokio::test]
async fn the_last_owner_stays() {
    let servers = Servers::start().await;
    let (ann, bob) = (servers.owner("ann").await, servers.account("bob").await);
    servers.first.set_role(ann.id, bob.id, ServerRole::Owner).await.unwrap();
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let deleted = servers
        .overlap("audit", async move { first.delete_account(ann.id).await.unwrap() }, async move {
            second.delete_account(bob.id).await.unwrap()
        })
        .await;
    assert_eq!(deleted, (true, false));
    servers.stop().await;
}

#[tokio::test]
async fn a_new_password_ends_a_session_that_is_being_begun() {
    let servers = Servers::start().await;
    let ann = servers.account("ann").await;
    let account = servers.first.account_of(ann.id).await.unwrap().unwrap();
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let (begun, changed) = (new_session(), new_session());
    let kept = changed.token;
    let begin = {
        let account = account.clone();
        async move { first.begin_session(&account, begun, None).await.unwrap() }
    };
    let change = async move { second.change_password(&account, "new".into(), changed, new_token()).await.unwrap() };
    assert_eq!(servers.overlap("audit", begin, change).await, (true, true));
    let sessions = servers.first.sessions_of(ann.id, 0).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.token).collect::<Vec<_>>(), [kept]);
    servers.stop().await;
}

#[tokio::test]
async fn signing_out_everywhere_ends_a_session_that_is_being_begun() {
    let servers = Servers::start().await;
    let ann = servers.account("ann").await;
    let account = servers.first.account_of(ann.id).await.unwrap().unwrap();
    let own = servers.first.sessions_of(ann.id, 0).await.unwrap()[0].token;
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let begin = async move { first.begin_session(&account, new_session(), None).await.unwrap() };
    let end = async move { second.end_sessions(ann.id, SessionSelection::AllExcept(own)).await.unwrap().len() };
    assert_eq!(servers.overlap("audit", begin, end).await, (true, 1));
    assert_eq!(servers.first.sessions_of(ann.id, 0).await.unwrap().len(), 1);
    servers.stop().await;
}

#[tokio::test]
async fn a_ban_ends_what_is_being_done() {
    let servers = Servers::start().await;
    let (owner, adam) = (servers.owner("olga").await, servers.account("adam").await);
    servers.first.set_role(owner.id, adam.id, ServerRole::Admin).await.unwrap();
    let account = servers.first.account_of(adam.id).await.unwrap().unwrap();
    let expires_at = clock::now() + 60_000;
    let invite = NewInvite { token: new_token(), by: adam.id, expires_at, uses: None, role: ServerRole::Member };
    let ban = NewBan { user: adam.id, by: owner.id, reason: "spam".into(), until: None, address: false };
    // Both in one batch of the first server.
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let act =
        async move { tokio::join!(first.begin_session(&account, new_session(), None), first.create_invite(invite)) };
    let ((begun, invited), banned) = servers.overlap("audit", act, async move { second.ban(ban).await }).await;
    banned.unwrap();
    // Whatever of it did not come before the ban was refused.
    let is_refused = |error| matches!(error, StoreError::Refused(_));
    assert!(begun.is_ok_and(|begun| begun), "it was about to be committed");
    assert!(invited.err().is_none_or(is_refused));
    assert!(servers.first.sessions_of(adam.id, 0).await.unwrap().is_empty());
    assert!(servers.first.invites().await.unwrap().is_empty());
    servers.stop().await;
}

#[tokio::test]
async fn a_demotion_revokes_an_invite_that_is_being_made() {
    let servers = Servers::start().await;
    let (owner, adam) = (servers.owner("olga").await, servers.account("adam").await);
    servers.first.set_role(owner.id, adam.id, ServerRole::Admin).await.unwrap();
    let expires_at = clock::now() + 60_000;
    let invite = NewInvite { token: new_token(), by: adam.id, expires_at, uses: None, role: ServerRole::Moderator };
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let (invited, demoted) = servers
        .overlap("audit", async move { first.create_invite(invite).await }, async move {
            second.set_role(owner.id, adam.id, ServerRole::Member).await
        })
        .await;
    assert!(invited.is_ok() && demoted.is_ok());
    assert!(servers.first.invites().await.unwrap().is_empty());
    servers.stop().await;
}

#[tokio::test]
async fn changes_of_a_profile_do_not_undo_each_other() {
    let servers = Servers::start().await;
    let ann = servers.account("ann").await;
    let (first, second) = (servers.first.clone(), servers.second.clone());
    let rename = async move {
        let name = Some(Name::new("Annie".into()));
        first.set_profile(ann.id, name, None, nobody()).await.unwrap().unwrap()
    };
    let colour = async move { second.set_profile(ann.id, None, Some(3), nobody()).await.unwrap().unwrap() };
    servers.overlap("users", rename, colour).await;
    let found = servers.first.find_user(ann.id).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.colour), ("Annie", Some(3)));
    servers.stop().await;
}

#[tokio::test]
async fn a_recovery_link_is_made_beside_a_server_of_the_same_version() {
    let servers = Servers::start().await;
    let ann = servers.account("ann").await;
    let address = servers.database.address();
    let link = async |name| create_recovery_link(&address, name, new_token(), clock::now() + 60_000).await;
    assert!(link("bob").await.unwrap().is_none());
    let token = new_token();
    let made = create_recovery_link(&address, "ann", token, clock::now() + 60_000).await.unwrap();
    assert_eq!(made, Some(ann));
    let redeemed = servers.second.redeem_reset_token(token, "new".into(), new_session()).await.unwrap();
    assert_eq!(redeemed, made);
    let entries = servers.first.audit(None, 2).await.unwrap();
    let acts: Vec<_> = entries.iter().map(|entry| (entry.act.as_str(), entry.actor.is_some())).collect();
    assert_eq!(acts, [("reset_used", true), ("reset_made", false)]);
    let mut connection = servers.database.connect().await;
    sqlx::query("DELETE FROM _sqlx_migrations").execute(&mut connection).await.unwrap();
    assert!(matches!(link("ann").await, Err(StoreError::OtherVersion)));
    servers.stop().await;
}
