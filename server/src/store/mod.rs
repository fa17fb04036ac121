//! The only place that knows how things are kept. Everyone else speaks [`Store`], in the words of chat.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use parlor_protocol::{
    CommandId, RoomId, Seq, ServerRole, User, UserId,
    http::{EventPage, MessagePage},
};

mod messages;
pub mod moderation;
pub mod people;
mod rooms;
pub mod sqlite;

pub use messages::{AppendOutcome, AuthorRange, Deletion, NewMessage, OnAppended, Page};
pub use moderation::Moderation;
pub use people::People;
pub use rooms::{Membership, NameTaken, RoomChange, RoomMembership, RoomRecord, Rooms};

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
    async fn written(&self, room: &RoomId, after: Seq, before: Seq) -> Result<AuthorRange, StoreError>;

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
