//! The transaction of one group commit, and the writes that run in it.

use futures::future::BoxFuture;
use parlor_protocol::{Event, Millis, RoomId, UserId};
use sqlx::{Connection, Sqlite, SqliteConnection, Transaction};
use tokio::sync::oneshot;

use crate::{
    clock,
    domain::{Commit, ControlEvent, MembershipChange, StoreError},
};

/// A transaction, and what is to be published once it is committed.
pub(super) struct WriteTransaction<'c> {
    transaction: Transaction<'c, Sqlite>,
    /// One time for everything in it.
    pub(super) now: Millis,
    commit: Commit,
    erases: bool,
}

impl<'c> WriteTransaction<'c> {
    pub(super) async fn begin(connection: &'c mut SqliteConnection) -> Result<Self, StoreError> {
        let transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Self { transaction, now: clock::now(), commit: Commit::default(), erases: false })
    }

    pub(super) async fn commit(self) -> Result<Commit, StoreError> {
        self.transaction.commit().await?;
        Ok(self.commit)
    }

    pub(super) fn db(&mut self) -> &mut SqliteConnection {
        &mut self.transaction
    }

    /// Notes that content was deleted, which must not stay anywhere in the data folder.
    pub(super) fn note_erasure(&mut self) {
        self.erases = true;
    }

    pub(super) fn erases(&self) -> bool {
        self.erases
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
    /// Runs it. The answer is to be called once it is known whether the transaction was committed. An error besides it says
    /// that the transaction cannot go on.
    fn run<'a>(self: Box<Self>, tx: &'a mut WriteTransaction<'_>) -> BoxFuture<'a, (Answer, Result<(), StoreError>)>;

    /// Answers that nothing was stored.
    fn fail(self: Box<Self>, error: StoreError);
}

/// Answers whoever waits for a write, with the result of its transaction.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A function that writes, and where its result goes. Whoever waits for that may be gone by then.
pub(super) struct Task<F, T> {
    pub(super) work: F,
    pub(super) reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<F, T> Write for Task<F, T>
where
    F: for<'a> FnOnce(&'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<T, StoreError>> + Send + 'static,
    T: Send + 'static,
{
    fn run<'a>(self: Box<Self>, tx: &'a mut WriteTransaction<'_>) -> BoxFuture<'a, (Answer, Result<(), StoreError>)> {
        let Self { work, reply } = *self;
        let work = work(tx);
        Box::pin(async move {
            let result = work.await;
            // A refusal or a conflict is this write's own and spoils the transaction for no other; with any other error
            // SQLite may have ended the transaction by itself.
            let fatal = match &result {
                Ok(_) | Err(StoreError::Refused(_) | StoreError::Conflict(_)) => Ok(()),
                Err(error) => Err(error.clone()),
            };
            let answer = move |committed: Result<(), StoreError>| drop(reply.send(committed.and(result)));
            (Box::new(answer) as Answer, fatal)
        })
    }

    fn fail(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}
