//! The room on the screen, as every component of the chat reads it.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomSummary};

use crate::live::{client::Client, state::LoadState, view::RoomStatus};

/// The room on the screen. Provided by context.
#[derive(Clone, Copy)]
pub struct CurrentRoom {
    client: Client,
    pub id: Signal<Option<RoomId>>,
    /// Its entry in the room list, once that is known.
    pub summary: Memo<Option<RoomSummary>>,
    /// There is no such room, or the user may not see it.
    pub missing: Memo<bool>,
}

impl CurrentRoom {
    /// `missing` is the room in the page's address, if the server answered that it does not exist.
    pub fn new(client: Client, id: Signal<Option<RoomId>>, missing: Option<RoomId>) -> Self {
        let summary = Memo::new(move |_| {
            let id = id.get()?;
            client.rooms.read().iter().find(|room| room.id == id).cloned()
        });
        let missing = Memo::new(move |_| {
            id.get().is_some_and(|room| {
                missing.as_ref() == Some(&room)
                    || client.view(&room).status.with(|status| status.load_state == LoadState::Missing)
            })
        });
        Self { client, id, summary, missing }
    }

    /// Reads the room's live status: who is online, who is typing, how far its history is loaded.
    pub fn with_status<T: Default>(self, read: impl FnOnce(&RoomStatus) -> T) -> T {
        self.id.get().map(|room| self.client.view(&room).status.with(read)).unwrap_or_default()
    }

    pub fn name(self) -> Option<String> {
        self.summary.read().as_ref().map(|room| room.name.clone())
    }

    pub fn is_archived(self) -> bool {
        self.summary.read().as_ref().is_some_and(|room| room.archived)
    }
}
