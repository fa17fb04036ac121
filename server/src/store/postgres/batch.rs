//! Queued writes, and those of them that share a transaction.

use futures::future::BoxFuture;
use tokio::sync::oneshot;

use super::{
    messages::append,
    transaction::{Task, Write, WriteTransaction},
};
use crate::domain::{AppendOutcome, LogCommand, OnAppended, StoreError};

/// A queued write.
pub(super) enum Job {
    Append { command: LogCommand, done: OnAppended },
    Write(Box<dyn Write>),
}

impl Job {
    /// A job that runs `work`, and the receiver of its result, which may be dropped.
    pub(super) fn write<F, T>(work: F) -> (Self, oneshot::Receiver<Result<T, StoreError>>)
    where
        F: for<'a> FnOnce(&'a mut WriteTransaction<'_>) -> BoxFuture<'a, Result<T, StoreError>>
            + Clone
            + Send
            + 'static,
        T: Send + 'static,
    {
        let (task, result) = Task::new(work);
        (Self::Write(Box::new(task)), result)
    }
}

/// Writes that share a transaction.
#[derive(Default)]
pub(super) struct Batch {
    writes: Vec<Box<dyn Write>>,
    commands: Vec<LogCommand>,
    callbacks: Vec<OnAppended>,
    /// How often it was run.
    pub(super) attempts: u32,
}

impl Batch {
    pub(super) fn new(jobs: impl IntoIterator<Item = Job>) -> Self {
        let mut batch = Self::default();
        for job in jobs {
            match job {
                Job::Append { command, done } => {
                    batch.commands.push(command);
                    batch.callbacks.push(done);
                }
                Job::Write(write) => batch.writes.push(write),
            }
        }
        batch
    }

    pub(super) fn len(&self) -> usize {
        self.writes.len() + self.commands.len()
    }

    /// Whether there is more in it than commands.
    pub(super) fn has_writes(&self) -> bool {
        !self.writes.is_empty()
    }

    /// What decides who may write comes before what they write. Returns the outcomes of the commands.
    pub(super) async fn run(&mut self, tx: &mut WriteTransaction<'_>) -> Result<Vec<AppendOutcome>, StoreError> {
        for write in &mut self.writes {
            write.run(tx).await?;
        }
        append(tx, self.commands.clone()).await
    }

    /// Smaller batches, in the order in which they are to be run: each write, then all commands; or each command.
    pub(super) fn split(self) -> Vec<Self> {
        let Self { writes, commands, callbacks, .. } = self;
        if writes.is_empty() {
            let pairs = commands.into_iter().zip(callbacks);
            return pairs.map(|(command, done)| Self::new([Job::Append { command, done }])).collect();
        }
        let mut parts: Vec<_> = writes.into_iter().map(|write| Self::new([Job::Write(write)])).collect();
        if !commands.is_empty() {
            parts.push(Self { commands, callbacks, ..Self::default() });
        }
        parts
    }

    /// Answers after the commit.
    pub(super) fn answer(self, outcomes: Vec<AppendOutcome>) {
        self.writes.into_iter().for_each(|write| write.answer(Ok(())));
        self.callbacks.into_iter().zip(outcomes).for_each(|(done, outcome)| done.call(Ok(outcome)));
    }

    /// Answers that nothing was stored, as far as is known.
    pub(super) fn fail(self, error: &StoreError) {
        self.writes.into_iter().for_each(|write| write.answer(Err(error.clone())));
        self.callbacks.into_iter().for_each(|done| done.call(Err(error.clone())));
    }
}
