//! Reading a room: pages of its messages, and its events after a sequence number.

use parlor_protocol::{
    CommandId, Message, RoomId, Seq,
    http::{EventPage, MessageEdits, MessagePage, MessageReactions},
    limits,
    policy::RoomAction,
};

use super::{Caller, Result, ServiceError, Services};
use crate::domain::Page;

impl Services {
    /// A page of messages, oldest first.
    ///
    /// # Errors
    /// The caller may not read the room.
    pub async fn list_messages(
        &self,
        caller: &Caller,
        room: &RoomId,
        page: Page,
        limit: Option<u32>,
    ) -> Result<MessagePage> {
        self.authorize(caller, RoomAction::Read, room).await?;
        let limit = limit.unwrap_or(limits::DEFAULT_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
        Ok(self.store.messages(room, caller.user.id, page, limit).await?)
    }

    /// A message.
    ///
    /// # Errors
    /// The caller may not read the room, or there is no such message in it.
    pub async fn message(&self, caller: &Caller, room: &RoomId, message: CommandId) -> Result<Message> {
        let seq = self.message_seq(caller, room, message).await?;
        let page = self.store.messages(room, caller.user.id, Page::Around(seq), 1).await?;
        page.messages.into_iter().find(|found| found.id == message).ok_or(ServiceError::MessageNotFound)
    }

    /// All versions of a message.
    ///
    /// # Errors
    /// The caller may not read the room, or there is no such message in it.
    pub async fn message_edits(&self, caller: &Caller, room: &RoomId, message: CommandId) -> Result<MessageEdits> {
        let seq = self.message_seq(caller, room, message).await?;
        Ok(MessageEdits { edits: self.store.message_versions(room, seq).await? })
    }

    /// The reactions to a message, with all users.
    ///
    /// # Errors
    /// The caller may not read the room, or there is no such message in it.
    pub async fn message_reactions(
        &self,
        caller: &Caller,
        room: &RoomId,
        message: CommandId,
    ) -> Result<MessageReactions> {
        let seq = self.message_seq(caller, room, message).await?;
        Ok(MessageReactions { reactions: self.store.reactions(room, seq, caller.user.id).await? })
    }

    async fn message_seq(&self, caller: &Caller, room: &RoomId, message: CommandId) -> Result<Seq> {
        self.authorize(caller, RoomAction::Read, room).await?;
        self.store.message_seq(room, message).await?.ok_or(ServiceError::MessageNotFound)
    }

    /// The events after a sequence number, without gaps.
    ///
    /// # Errors
    /// The caller may not read the room.
    pub async fn list_events(
        &self,
        caller: &Caller,
        room: &RoomId,
        after: Seq,
        limit: Option<u32>,
    ) -> Result<EventPage> {
        self.authorize(caller, RoomAction::Read, room).await?;
        let limit = limit.unwrap_or(limits::MAX_EVENT_PAGE_SIZE).clamp(1, limits::MAX_EVENT_PAGE_SIZE);
        Ok(self.store.events(room, after, limit).await?)
    }

    /// The id of the event at a sequence number of a room that the caller may read.
    pub async fn event_id(&self, room: &RoomId, seq: Seq) -> Result<Option<CommandId>> {
        Ok(self.store.event_id(room, seq).await?)
    }

    /// Events to replay to a client that has joined the room.
    pub async fn replay_page(&self, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage> {
        Ok(self.store.events(room, after, limit).await?)
    }
}
