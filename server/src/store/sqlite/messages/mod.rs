//! [`MessageStore`] on SQLite.

use std::collections::HashMap;

use async_trait::async_trait;
use parlor_protocol::{
    CommandId, Reaction, RoomId, Seq, UserId,
    http::{EventPage, MessagePage, MessageVersion},
};

use super::{SqliteStore, writer::Job};
use crate::{
    domain::{AuthorRange, LogCommand, OnAppended, Page, StoreError},
    store::MessageStore,
};

mod append;
mod edits;
mod history;
mod log_state;
mod mentions;
mod projection;
mod reactions;

pub(super) use append::{append, append_one};
pub(super) use projection::delete_member;

#[async_trait]
impl MessageStore for SqliteStore {
    async fn append(&self, command: LogCommand, done: OnAppended) {
        // A job that is refused is dropped, and its callback with it, which reports that.
        let _ = self.submit(Job::Append { command, done }).await;
    }

    async fn messages(&self, room: &RoomId, viewer: UserId, page: Page, limit: u32) -> Result<MessagePage, StoreError> {
        history::messages(&self.readers, room, viewer, page, limit).await
    }

    async fn message_seq(&self, room: &RoomId, message: CommandId) -> Result<Option<Seq>, StoreError> {
        history::message_seq(&self.readers, room, message).await
    }

    async fn message_versions(&self, room: &RoomId, message_seq: Seq) -> Result<Vec<MessageVersion>, StoreError> {
        edits::versions(&self.readers, room, message_seq).await
    }

    async fn reactions(&self, room: &RoomId, message_seq: Seq, viewer: UserId) -> Result<Vec<Reaction>, StoreError> {
        reactions::of_message(&self.readers, room, message_seq, viewer).await
    }

    async fn events(&self, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage, StoreError> {
        history::events(&self.readers, room, after, limit).await
    }

    async fn event_id(&self, room: &RoomId, seq: Seq) -> Result<Option<CommandId>, StoreError> {
        history::event_id(&self.readers, room, seq).await
    }

    async fn author_range(&self, room: &RoomId, after: Seq, before: Seq) -> Result<AuthorRange, StoreError> {
        history::author_range(&self.readers, room, after, before).await
    }

    async fn members_by_name(&self, room: &RoomId, keys: &[String]) -> Result<HashMap<String, UserId>, StoreError> {
        mentions::members_by_name(&self.readers, room, keys).await
    }
}
