//! Reading a room: pages of its messages, and its events after a sequence number.

use parlor_protocol::{
    CommandId, RoomId, Seq,
    http::{EventPage, MessagePage},
    limits,
    policy::RoomAction,
};

use super::{Caller, Result, Services};
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
        Ok(self.store.messages(room, page, limit).await?)
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
