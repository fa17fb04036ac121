//! Commands that append to a room's log, their outcome, and what is read back from it.

use std::sync::Arc;

use parlor_protocol::{CommandId, Millis, RoomId, Seq, User, UserId};

use super::StoreError;

/// A command that appends one event to a room's log.
#[derive(Clone, Debug)]
pub struct LogCommand {
    /// Created by the client; the idempotency key.
    pub id: CommandId,
    pub room: RoomId,
    /// Who acts; the author of the event.
    pub by: Arc<User>,
    pub kind: LogCommandKind,
}

/// What a command does. Whether `by` may do it is checked in the transaction.
#[derive(Clone, Debug)]
pub enum LogCommandKind {
    Send {
        /// The validated source.
        body: String,
        /// The source rendered as sanitised HTML.
        html: String,
        /// The version of the renderer that produced `html`.
        html_version: i64,
        reply_to: Option<CommandId>,
        /// The members that it mentions, without its author.
        mentions: Vec<UserId>,
    },
    /// Replaces the body of one's own message.
    Edit {
        message: CommandId,
        /// The validated source.
        body: String,
        /// The source rendered as sanitised HTML.
        html: String,
        /// The version of the renderer that produced `html`.
        html_version: i64,
        /// The members that it mentions, without its author.
        mentions: Vec<UserId>,
    },
    Delete {
        message: CommandId,
    },
    /// Adds or removes a reaction. One that changes nothing is not appended; its outcome is the event that made it so.
    React {
        message: CommandId,
        /// One emoji in its fully qualified form.
        emoji: String,
        on: bool,
    },
    AddMember {
        user: User,
    },
    RemoveMember {
        user: User,
    },
    SetModerator {
        user: User,
        moderator: bool,
    },
    SetOwner {
        user: User,
    },
    Rename {
        name: String,
    },
    SetTopic {
        topic: String,
    },
    SetArchived {
        archived: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It is in the log, now or since an earlier attempt: the ack is the same (G3).
    Stored {
        seq: Seq,
        /// When it was first stored.
        at: Millis,
    },
    /// The id was used for another command.
    IdReused,
    /// There is no such room, it is archived, or `by` is not a member any more.
    NoRoom,
    Muted {
        until: Millis,
    },
    Banned,
    /// The message that it replies to is not in this room.
    NoReplyTarget,
    /// The message that it changes is not in this room, or was deleted before.
    NoMessage,
    /// They may not change this message.
    Forbidden,
    /// The message has reactions with as many emojis as it can.
    TooManyReactions,
}

/// A callback that is called exactly once, after the commit that decided. If it is dropped uncalled it reports
/// [`StoreError::Closed`], so that nobody waits for an answer that never comes.
pub struct OnAppended(Option<AppendCallback>);

type AppendCallback = Box<dyn FnOnce(Result<AppendOutcome, StoreError>) + Send>;

impl OnAppended {
    pub fn new(callback: impl FnOnce(Result<AppendOutcome, StoreError>) + Send + 'static) -> Self {
        Self(Some(Box::new(callback)))
    }

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

/// The authors and mentions of the messages in a range of a room's log, without deleted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthorRange {
    pub messages: Vec<(Seq, UserId)>,
    pub mentions: Vec<(Seq, UserId)>,
}

/// Which page of a room's messages to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Newest,
    /// The newest messages before this seq.
    Before(Seq),
    /// The oldest messages after this seq.
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
    fn each_callback_is_called_exactly_once() {
        let (answers, received) = mpsc::channel();
        let callback = || {
            let answers = answers.clone();
            OnAppended::new(move |result| answers.send(result.is_ok()).unwrap())
        };
        callback().call(Ok(AppendOutcome::NoRoom));
        drop(callback());
        assert_eq!(received.try_iter().collect::<Vec<_>>(), [true, false]);
    }
}
