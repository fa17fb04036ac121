//! The store: everything durable, behind a trait in domain types. Only implementations know SQL.

use std::collections::HashMap;

use async_trait::async_trait;
use parlor_protocol::{
    CommandId, RoomId, Seq, UserId,
    http::{EventPage, MessagePage},
};

use crate::domain::{AuthenticatedUser, AuthorRange, Deletion, NewMessage, OnAppended, Page, StoreError, TokenHash};

mod moderation;
mod people;
mod rooms;
pub mod sqlite;

pub use moderation::{May, Moderation};
pub use people::{MayAppoint, People};
pub use rooms::Rooms;

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
    async fn session(&self, token: TokenHash) -> Result<Option<AuthenticatedUser>, StoreError>;

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
