//! What goes into the log and comes out of it, in the words of the store.

use std::sync::Arc;

use parlor_protocol::{CommandId, Millis, RoomId, Seq, User, UserId};

use super::StoreError;

/// A message on its way to the log.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// Made by the client; the idempotency key.
    pub id: CommandId,
    /// The room; it exists and the author may write there.
    pub room: RoomId,
    /// Who says it.
    pub author: Arc<User>,
    /// The source, validated.
    pub body: String,
    /// The source as sanitised HTML.
    pub html: String,
    /// The version of the renderer that made `html`.
    pub html_version: i64,
    /// The message that this one answers.
    pub reply_to: Option<CommandId>,
    /// The members whom it names, without its author.
    pub mentions: Vec<UserId>,
}

/// A message that is to be gone.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Made by the client; the idempotency key.
    pub id: CommandId,
    /// The room.
    pub room: RoomId,
    /// The message.
    pub message: CommandId,
    /// Who deletes it.
    pub by: Arc<User>,
    /// They may delete what they wrote themselves.
    pub own: bool,
    /// They may delete what anyone wrote.
    pub others: bool,
    /// They may because they are a member: not any more when they have been sent away by then.
    pub as_member: bool,
}

/// What became of a message or its deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It is in the log, now or since an earlier try: the ack is the same (G3).
    Stored {
        /// Its place.
        seq: Seq,
        /// When it was first stored.
        at: Millis,
    },
    /// The id stands for something else already.
    IdReused,
    /// No such room.
    NoRoom,
    /// Its author may not write there for a while.
    Muted {
        /// Until when.
        until: Millis,
    },
    /// Its author may not be here at all.
    Banned,
    /// The message that it answers is not in this room.
    NoReplyTarget,
    /// The message to delete is not in this room, or is gone already.
    NoMessage,
    /// The message to delete is not theirs to delete.
    Forbidden,
}

/// Called exactly once, after the commit that decided. Dropped uncalled, whatever went wrong on the way, it says that the
/// store is closed: nobody waits for an answer that does not come.
pub struct OnAppended(Option<AppendCallback>);

type AppendCallback = Box<dyn FnOnce(Result<AppendOutcome, StoreError>) + Send>;

impl OnAppended {
    /// Will call this.
    pub fn new(callback: impl FnOnce(Result<AppendOutcome, StoreError>) + Send + 'static) -> Self {
        Self(Some(Box::new(callback)))
    }

    /// Calls it.
    pub fn call(mut self, result: Result<AppendOutcome, StoreError>) {
        if let Some(callback) = self.0.take() {
            callback(result);
        }
    }
}

impl Drop for OnAppended {
    fn drop(&mut self) {
        if let Some(callback) = self.0.take() {
            callback(Err(StoreError::Closed));
        }
    }
}

/// Messages that are there, in a stretch of a room's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorRange {
    /// Who wrote them.
    pub messages: Vec<(Seq, UserId)>,
    /// Whom they name.
    pub mentions: Vec<(Seq, UserId)>,
}

/// Which page of a room's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// The newest messages.
    Newest,
    /// The newest before this seq.
    Before(Seq),
    /// The oldest after this seq.
    After(Seq),
    /// Half before, half from this seq on.
    Around(Seq),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_append_is_answered_once() {
        let (answers, heard) = mpsc::channel();
        let callback = || {
            let answers = answers.clone();
            OnAppended::new(move |result| answers.send(result.is_ok()).unwrap())
        };
        callback().call(Ok(AppendOutcome::NoRoom));
        drop(callback());
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [true, false]);
    }
}
