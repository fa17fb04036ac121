//! The logs of rooms: append, history and replay.

use std::collections::HashMap;

use async_trait::async_trait;
use parlor_protocol::{
    CommandId, Reaction, RoomId, Seq, UserId,
    http::{EventPage, MessagePage, MessageVersion},
};

use crate::domain::{AuthorRange, LogCommand, OnAppended, Page, StoreError};

#[async_trait]
pub trait MessageStore: Send + Sync + 'static {
    /// Appends a command to its room's log, or finds that it was appended before. Returns once the command is queued; waits
    /// while the queue is full. `done` is called after the commit.
    async fn append(&self, command: LogCommand, done: OnAppended);

    /// A page of messages, oldest first, as they are for a viewer: with their newest text and their reactions. The time does not
    /// depend on how far back it lies.
    async fn messages(&self, room: &RoomId, viewer: UserId, page: Page, limit: u32) -> Result<MessagePage, StoreError>;

    /// The seq of a message. None if there is no such message in this room, or it was deleted.
    async fn message_seq(&self, room: &RoomId, message: CommandId) -> Result<Option<Seq>, StoreError>;

    /// All versions of the message at this seq, oldest first. Empty if it was deleted.
    async fn message_versions(&self, room: &RoomId, message_seq: Seq) -> Result<Vec<MessageVersion>, StoreError>;

    /// The reactions to the message at this seq, each with all its users.
    async fn reactions(&self, room: &RoomId, message_seq: Seq, viewer: UserId) -> Result<Vec<Reaction>, StoreError>;

    /// The events after a seq, without holes.
    async fn events(&self, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage, StoreError>;

    async fn event_id(&self, room: &RoomId, seq: Seq) -> Result<Option<CommandId>, StoreError>;

    /// The authors and mentions of the messages between two seqs, both exclusive.
    async fn author_range(&self, room: &RoomId, after: Seq, before: Seq) -> Result<AuthorRange, StoreError>;

    /// The members of a room with these name keys. Display names of accounts come before sign-in names, and those before
    /// guests; of several guests with one name it is the newest.
    async fn members_by_name(&self, room: &RoomId, keys: &[String]) -> Result<HashMap<String, UserId>, StoreError>;
}
