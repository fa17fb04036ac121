//! The only place that knows how things are kept. Everyone else speaks [`Store`], in the words of chat.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use parlor_protocol::{
    CommandId, Level, Millis, RoomId, RoomKind, Seq, ServerRole, User, UserId,
    http::{EventPage, MessagePage},
};

pub mod moderation;
pub mod people;
mod rooms;
pub mod sqlite;

pub use moderation::Moderation;
pub use people::People;
pub use rooms::{NameTaken, RoomChange, Rooms};

/// What the database said when it could not. The cause is for the log, never for a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database failed or refused: disk full, file gone, lock held too long.
    #[error("database: {0}")]
    Database(Arc<sqlx::Error>),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The data folder cannot be used.
    #[error("data folder {path}: {cause}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Another process has the data folder.
    #[error("the data folder {0} is in use by another parlor")]
    InUse(String),
    /// The store is stopping and takes no more.
    #[error("the store is closed")]
    Closed,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl Clone for StoreError {
    /// One failed commit fails every command in its batch.
    fn clone(&self) -> Self {
        match self {
            Self::Database(error) => Self::Database(error.clone()),
            Self::Migration(_) | Self::Folder { .. } | Self::InUse(_) | Self::Closed => Self::Closed,
        }
    }
}

impl StoreError {
    /// Whether it failed for want of room. Reading goes on, and writing does by itself when there is room again.
    #[must_use]
    pub fn is_full(&self) -> bool {
        /// `SQLITE_FULL`, and `SQLITE_IOERR_SHMSIZE`: the file beside the log could not grow.
        const FULL: [&str; 2] = ["13", "4874"];
        match self {
            Self::Database(error) => error
                .as_database_error()
                .and_then(|error| error.code())
                .is_some_and(|code| FULL.contains(&code.as_ref())),
            Self::Migration(_) | Self::Folder { .. } | Self::InUse(_) | Self::Closed => false,
        }
    }
}

/// The SHA-256 of a session token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// Whom a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The person.
    pub user: Arc<User>,
    /// What they may do on the whole server.
    pub role: ServerRole,
}

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
pub enum Appended {
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

type AppendCallback = Box<dyn FnOnce(Result<Appended, StoreError>) + Send>;

impl OnAppended {
    /// Will call this.
    pub fn new(callback: impl FnOnce(Result<Appended, StoreError>) + Send + 'static) -> Self {
        Self(Some(Box::new(callback)))
    }

    /// Calls it.
    pub fn call(mut self, result: Result<Appended, StoreError>) {
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

/// What the live room needs to know of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomRecord {
    /// Its id.
    pub id: RoomId,
    /// Its name.
    pub name: String,
    /// Who may see it.
    pub kind: RoomKind,
    /// What it is about.
    pub topic: Option<String>,
    /// Its newest event.
    pub head: Seq,
    /// Nothing is written there any more.
    pub archived: bool,
    /// Who made it.
    pub maker: Option<UserId>,
    /// Who is in it, if it is direct: always the same people.
    pub people: Arc<[User]>,
}

/// Someone's place in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// The room.
    pub room: RoomId,
    /// How they stand to it.
    pub mine: Mine,
}

/// Someone's own part of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mine {
    /// How far they have read. Never goes back.
    pub read: Seq,
    /// What they have marked as unread begins here.
    pub unread_from: Option<Seq>,
    /// What they want to hear of it.
    pub level: Level,
    /// They look after it.
    pub moderator: bool,
}

impl Mine {
    /// Of a new member, who has read everything up to then.
    #[must_use]
    pub fn since(read: Seq) -> Self {
        Self { read, ..Self::default() }
    }

    /// What comes after this is unread.
    #[must_use]
    pub fn read_to(&self) -> Seq {
        self.unread_from.map_or(self.read, |first| self.read.min(first.saturating_sub(1)))
    }
}

/// Messages that are there, in a stretch of a room's log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
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

/// Everything durable. Reads see every commit that was answered before they began.
///
/// Writes are answered after they are on disk (G1, G4). Events that were committed go to the [`crate::bus`] given at
/// opening, in the order of their seqs: whoever reads it may show them to people.
#[async_trait]
pub trait Store: People + Rooms + Moderation {
    /// Puts a message into its room's log, or finds that it is there. Returns as soon as the command is queued; waits
    /// while the queue is full. `done` is called after the commit.
    async fn append(&self, message: NewMessage, done: OnAppended);

    /// Empties a message and says so in its room's log, or finds that this was done. Answered like [`Store::append`].
    async fn delete(&self, deletion: Deletion, done: OnAppended);

    /// Whom a session belongs to, and that it is used. None when it was ended, or not used for very long.
    async fn session(&self, token: TokenHash) -> Result<Option<SignedIn>, StoreError>;

    /// Ends a session.
    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError>;

    /// Moves a member's read position forward, never back, and takes back what was marked as unread. Does not wait for the
    /// disk: [`Rooms::memberships`] knows it at once, the order is that of the calls, and a lost one costs nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn set_read(&self, room: &RoomId, user: UserId, seq: Seq) -> Result<(), StoreError>;

    /// Marks a member's messages as unread from a seq on. In the same way.
    ///
    /// # Errors
    /// See [`StoreError`].
    async fn set_unread_from(&self, room: &RoomId, user: UserId, seq: Seq) -> Result<(), StoreError>;

    /// Who wrote what is there between two seqs, without them, and whom it names.
    async fn written(&self, room: &RoomId, after: Seq, before: Seq) -> Result<Written, StoreError>;

    /// The members of a room with these names, each in the form in which names are compared. Of several guests by one name
    /// the one who came last.
    async fn members_by_name(&self, room: &RoomId, keys: &[String]) -> Result<HashMap<String, UserId>, StoreError>;

    /// A page of messages, oldest first. The time does not depend on how far back it lies.
    async fn messages(&self, room: &RoomId, page: Page, limit: u32) -> Result<MessagePage, StoreError>;

    /// The events after a seq, without a hole.
    async fn events(&self, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage, StoreError>;

    /// The id of the event at a seq.
    async fn event_id(&self, room: &RoomId, seq: Seq) -> Result<Option<CommandId>, StoreError>;

    /// Finishes what is queued, then closes.
    async fn close(&self);
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
        callback().call(Ok(Appended::NoRoom));
        drop(callback());
        assert_eq!(heard.try_iter().collect::<Vec<_>>(), [true, false]);
    }
}
