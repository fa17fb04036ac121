//! The store: everything durable, behind traits in domain types, one for each aggregate. Only implementations know SQL.
//!
//! Reads see every commit that was answered before they began. Writes are answered after they are on disk (G1, G4). After
//! each commit, and before its writes are answered, the store publishes what changed to a [`crate::domain::CommitSink`].
//! Writes that return a result also wait for [`CommitSink::applied`](crate::domain::CommitSink::applied); appended commands
//! and read positions do not.
//!
//! Writes that need rights check them in their transaction, because they may have changed since the request was accepted, and
//! return [`StoreError::Refused`](crate::domain::StoreError::Refused).

use async_trait::async_trait;

use crate::domain::StoreError;

mod accounts;
mod audit;
mod commit_log;
mod error;
mod invite_rules;
mod invites;
mod log;
mod messages;
mod moderation;
mod pending_marks;
pub mod postgres;
mod records;
mod rights;
mod role_rules;
mod room_names;
mod room_rules;
mod room_update;
mod rooms;
mod sessions;
mod settings;
mod settings_update;
pub mod sqlite;
pub mod transfer;
mod values;

pub use accounts::AccountStore;
pub use commit_log::{CommitLog, EventRange, LogCursor, LogEntry, LogPage};
pub use invites::InviteStore;
pub use messages::MessageStore;
pub use moderation::ModerationStore;
pub use rooms::RoomStore;
pub use sessions::SessionStore;
pub use settings::SettingsStore;

/// A database that implements every aggregate.
#[async_trait]
pub trait Store:
    MessageStore + RoomStore + AccountStore + SessionStore + ModerationStore + InviteStore + SettingsStore
{
    /// Checks that the database answers. The time does not depend on what it holds.
    async fn check(&self) -> Result<(), StoreError>;

    /// What is known of the database, for whoever watches the server.
    fn status(&self) -> StoreStatus;

    /// Completes the queued writes, then closes the database.
    async fn close(&self);
}

/// What is known of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Its name.
    pub kind: &'static str,
    /// Connections that read, and how many of them are idle.
    pub connections: (u32, usize),
    /// Why the last read or write failed, in words for everyone. None if the database has worked since.
    pub failure: Option<String>,
}
