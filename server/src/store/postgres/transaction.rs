//! The transaction of one group commit, and the writes that run in it.
//!
//! It is of the isolation level READ COMMITTED: each statement sees what was committed before it began. What a transaction has
//! decided by must therefore not change until its commit, and so it locks first and reads then, in this order:
//! 1. advisory locks ([`WriteTransaction::lock`]),
//! 2. the rows of users, in the order of their ids ([`WriteTransaction::lock_users`]): shared for who acts, exclusive for whose
//!    rights change,
//! 3. the rows of rooms, in the order of their ids ([`WriteTransaction::lock_rooms`]): whoever appends to their logs or changes
//!    their members.
//!
//! Transactions that take them in another order may deadlock. PostgreSQL then ends one of them, and it is run again.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::BoxFuture;
use parlor_protocol::{Event, Millis, RoomId, UserId};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::commit_log;
use crate::{
    clock,
    domain::{Commit, ControlEvent, MembershipChange, NodeId, StoreError},
};

/// A transaction, and what is to be published once it is committed. If it is dropped without a commit, the connection must be
/// closed.
pub(super) struct WriteTransaction<'c> {
    connection: &'c mut PgConnection,
    /// One time for everything in it.
    pub(super) now: Millis,
    commit: Commit,
    /// This process, if it shares the database.
    pub(super) node: Option<NodeId>,
    users: BTreeMap<UserId, UserLock>,
    rooms: BTreeSet<RoomId>,
}

/// How the row of a user is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum UserLock {
    /// Nobody changes their rights meanwhile.
    Shared,
    /// Nobody acts as them, and nobody changes their rights, meanwhile.
    Exclusive,
}

/// What has no row of its own to be locked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AdvisoryLock {
    /// Names of accounts, which must not look like each other.
    Names = 1,
    /// That there is an owner of the server.
    Owners = 2,
}

/// The first of the two numbers of an advisory lock: those of parlor.
pub(super) const ADVISORY_LOCKS: i32 = 0x7061_726c;

impl<'c> WriteTransaction<'c> {
    pub(super) async fn begin(connection: &'c mut PgConnection, node: Option<NodeId>) -> Result<Self, StoreError> {
        sqlx::raw_sql("BEGIN ISOLATION LEVEL READ COMMITTED").execute(&mut *connection).await?;
        let (users, rooms) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { connection, now: clock::now(), commit: Commit::default(), node, users, rooms })
    }

    /// Commits outside of the writer, where nothing is published.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        sqlx::raw_sql("COMMIT").execute(self.connection).await?;
        Ok(())
    }

    /// What is to be published.
    pub(super) fn take_commit(&mut self) -> Commit {
        std::mem::take(&mut self.commit)
    }

    /// Adds what is to be published to the commit log, if the database is shared. This is the last write before the commit.
    pub(super) async fn log_commit(&mut self) -> Result<(), StoreError> {
        if let Some(node) = self.node
            && !self.commit.is_empty()
        {
            let Commit { events, control, .. } = std::mem::take(&mut self.commit);
            let position = Some(commit_log::insert(self, node, &events, &control).await?);
            self.commit = Commit { events, control, position, ..Commit::default() };
        }
        Ok(())
    }

    /// Commits as the `number`th commit of a writer. If the connection is lost, the writer's row tells whether it was committed.
    pub(super) async fn commit_numbered(&mut self, writer: Uuid, number: i64) -> Result<(), StoreError> {
        // Both in one message. PostgreSQL answers the COMMIT of a transaction that has failed without an error; the UPDATE
        // before it fails.
        let sql = format!("UPDATE writer SET commits = {number} WHERE id = '{writer}'; COMMIT");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *self.connection).await?;
        Ok(())
    }

    pub(super) async fn roll_back(self) -> Result<(), StoreError> {
        sqlx::raw_sql("ROLLBACK").execute(self.connection).await?;
        Ok(())
    }

    pub(super) fn db(&mut self) -> &mut PgConnection {
        self.connection
    }

    /// Takes an advisory lock until the end of the transaction.
    pub(super) async fn lock(&mut self, lock: AdvisoryLock) -> Result<(), StoreError> {
        sqlx::query("SELECT pg_advisory_xact_lock($1, $2)")
            .bind(ADVISORY_LOCKS)
            .bind(lock as i32)
            .execute(self.db())
            .await?;
        Ok(())
    }

    /// Locks the rows of users: shared for those who act, so that their rights hold until the commit, and exclusive for those
    /// whose rights are changed or taken away. To be called before what it protects is read. Users who do not exist have no row.
    pub(super) async fn lock_users(&mut self, acting: &[UserId], changed: &[UserId]) -> Result<(), StoreError> {
        let mut wanted = BTreeMap::new();
        let shared = acting.iter().map(|user| (*user, UserLock::Shared));
        let exclusive = changed.iter().map(|user| (*user, UserLock::Exclusive));
        for (user, lock) in shared.chain(exclusive) {
            let known = self.users.get(&user).copied();
            if known.is_none_or(|known| known < lock) {
                wanted.insert(user, lock);
            }
        }
        for (user, lock) in wanted {
            let sql = match lock {
                UserLock::Shared => "SELECT 1 FROM users WHERE id = $1 FOR KEY SHARE",
                UserLock::Exclusive => "SELECT 1 FROM users WHERE id = $1 FOR UPDATE",
            };
            sqlx::query(sql).bind(user.0).execute(self.db()).await?;
            self.users.insert(user, lock);
        }
        Ok(())
    }

    /// Locks the rows of rooms whose members or state are read to be changed, or to whose logs something is appended. Rooms
    /// that do not exist have no row.
    pub(super) async fn lock_rooms(&mut self, rooms: &[&RoomId]) -> Result<(), StoreError> {
        let wanted: BTreeSet<_> = rooms.iter().filter(|room| !self.rooms.contains(**room)).copied().collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let ids: Vec<_> = wanted.iter().map(|room| room.as_str()).collect();
        sqlx::query("SELECT 1 FROM room WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE")
            .bind(ids)
            .execute(self.db())
            .await?;
        self.rooms.extend(wanted.into_iter().cloned());
        Ok(())
    }

    /// Locks the rows of users shared, and then those of rooms, in one statement.
    pub(super) async fn lock_users_and_rooms(
        &mut self,
        users: &BTreeSet<UserId>,
        rooms: &BTreeSet<&RoomId>,
    ) -> Result<(), StoreError> {
        let user_ids: Vec<_> = users.iter().filter(|user| !self.users.contains_key(user)).map(|user| user.0).collect();
        let room_ids: Vec<_> =
            rooms.iter().filter(|room| !self.rooms.contains(**room)).map(|room| room.as_str()).collect();
        if user_ids.is_empty() && room_ids.is_empty() {
            return Ok(());
        }
        // The rooms are joined with the number of locked users, so that all users are locked before the first room.
        sqlx::query(
            "WITH locked AS MATERIALIZED (SELECT 1 FROM users WHERE id = ANY($1) ORDER BY id FOR KEY SHARE),
                  all_locked AS MATERIALIZED (SELECT count(*) AS users FROM locked)
             SELECT 1 FROM room JOIN all_locked ON all_locked.users >= 0
             WHERE room.id = ANY($2) ORDER BY room.id FOR NO KEY UPDATE OF room",
        )
        .bind(user_ids)
        .bind(room_ids)
        .execute(self.db())
        .await?;
        users.iter().for_each(|user| {
            self.users.entry(*user).or_insert(UserLock::Shared);
        });
        self.rooms.extend(rooms.iter().map(|room| (*room).clone()));
        Ok(())
    }

    /// Publishes new events of rooms with the commit.
    pub(super) fn publish_events(&mut self, events: impl IntoIterator<Item = Event>) {
        self.commit.events.extend(events);
    }

    pub(super) fn publish(&mut self, event: ControlEvent) {
        self.commit.control.push(event);
    }

    pub(super) fn publish_membership(&mut self, room: &RoomId, user: UserId, change: MembershipChange) {
        self.publish(ControlEvent::MembershipChanged { room: room.clone(), user, change });
    }
}

/// One write that waits for its transaction.
pub(super) trait Write: Send {
    /// Runs it, or runs it again in another transaction. An error says that the transaction cannot go on.
    fn run<'a>(&'a mut self, tx: &'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Answers with what came of it, if its transaction was committed.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

/// A function that writes, and where its result goes. Whoever waits for that may be gone by then.
pub(super) struct Task<F, T> {
    work: F,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Task<F, T> {
    pub(super) fn new(work: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (reply, result) = oneshot::channel();
        (Self { work, result: None, reply }, result)
    }
}

impl<F, T> Write for Task<F, T>
where
    F: for<'a> FnOnce(&'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<T, StoreError>> + Clone + Send + 'static,
    T: Send + 'static,
{
    fn run<'a>(&'a mut self, tx: &'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
        let work = self.work.clone()(tx);
        Box::pin(async move {
            match work.await {
                // A refusal is this write's own, and spoils the transaction for no other.
                result @ (Ok(_) | Err(StoreError::Refused(_))) => {
                    self.result = Some(result);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = self.result.unwrap_or(Err(StoreError::Closed));
        let _ = self.reply.send(committed.and(result));
    }
}
