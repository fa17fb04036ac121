//! Uses of sessions that are about to be stored. One write stores all that came until it begins, so that a thousand people who
//! return at once cost one statement.

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

impl PostgresStore {
    /// Queues a write of the use of a session, unless one is queued. While the queue is full, uses are forgotten.
    pub(super) fn touch(&self, token: TokenHash) {
        let mut pending = self.touches.0.lock();
        pending.insert(token);
        if pending.len() > 1 {
            return;
        }
        let job = Job::Write(Box::new(WriteTouches { pending: self.touches.clone(), taken: None }));
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
        let tokens = self.taken.get_or_insert_with(|| std::mem::take(&mut *pending.0.lock()));
        Box::pin(write(tx, tokens))
    }

    fn answer(self: Box<Self>, _: Result<(), StoreError>) {
        // It did not run, because there was no connection. The next use queues another one.
        if self.taken.is_none() {
            self.pending.0.lock().clear();
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
