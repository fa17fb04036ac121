//! Uses of sessions that are about to be stored. One statement writes all that wait, so that a thousand people who return at
//! once cost no more than one.

use std::{collections::HashSet, sync::Arc};

use futures::future::BoxFuture;
use parking_lot::Mutex;

use super::{
    PostgresStore,
    batch::Job,
    transaction::{Write, WriteTransaction},
};
use crate::domain::{StoreError, TokenHash};

/// The sessions that were used, and wait for the writer.
#[derive(Default)]
pub(super) struct PendingTouches(Mutex<HashSet<TokenHash>>);

impl PendingTouches {
    fn take(&self) -> HashSet<TokenHash> {
        std::mem::take(&mut self.0.lock())
    }
}

impl PostgresStore {
    /// Queues a write of the use of a session, unless one is queued. While the queue is full, uses are forgotten.
    pub(super) fn touch(&self, token: TokenHash) {
        let mut pending = self.touches.0.lock();
        pending.insert(token);
        if pending.len() > 1 {
            return;
        }
        let job = Job::Write(Box::new(WriteTouches { pending: self.touches.clone(), taken: None }));
        // A job that is not queued is dropped without an answer.
        let is_queued = self.sender.upgrade().is_some_and(|jobs| jobs.try_send(job).is_ok());
        if !is_queued {
            pending.clear();
        }
    }
}

/// Writes the uses that wait when it is first run.
struct WriteTouches {
    pending: Arc<PendingTouches>,
    taken: Option<HashSet<TokenHash>>,
}

impl Write for WriteTouches {
    fn run<'a>(&'a mut self, tx: &'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<(), StoreError>> {
        let pending = &self.pending;
        let tokens = self.taken.get_or_insert_with(|| pending.take());
        Box::pin(write(tx, tokens))
    }

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {
        // If the writer had no connection, they still wait, and nothing else would be queued for them. The next use will do.
        if self.taken.is_none() {
            self.pending.take();
        }
    }
}

async fn write(tx: &mut WriteTransaction<'_>, tokens: &HashSet<TokenHash>) -> Result<(), StoreError> {
    let tokens: Vec<_> = tokens.iter().map(|token| &token.0[..]).collect();
    // A session that another transaction is changing was either used there, or ends there.
    sqlx::query(
        "UPDATE session SET seen_at = greatest(seen_at, $1) WHERE token_hash IN (
             SELECT token_hash FROM session WHERE token_hash = ANY($2) FOR UPDATE SKIP LOCKED)",
    )
    .bind(tx.now)
    .bind(tokens)
    .execute(tx.db())
    .await?;
    Ok(())
}
