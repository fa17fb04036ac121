//! What the user can do: each action is one change of the state and its effects. Those on stored messages are in
//! `message_actions`.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId, RoomKind, RoomSummary, ServerFrame, UserId};

use super::{
    client::{Client, Command, RETRY_MS},
    outbox::Unsent,
    state::{LoadState, PAGE, State},
};
use crate::{
    api::{self, ApiError, Page},
    clock::{self, Now},
};

impl Client {
    pub fn open_room(&self, room: &RoomId) {
        self.update(|state| {
            if state.current.as_ref() == Some(room) {
                return Vec::new();
            }
            state.current = Some(room.clone());
            state.open(room)
        });
    }

    /// Sends a message, or queues it until it can be sent.
    pub fn send(&self, room: &RoomId, body: String) {
        self.update(|state| {
            let mut effects = state.jump_to_newest(room);
            effects.extend(state.send(room, body, clock::new_id(), Now::read()));
            effects
        });
    }

    /// Sends a failed message again.
    pub fn retry(&self, id: CommandId) {
        self.update(|state| state.retry(id));
    }

    /// Withdraws an unsent message: to discard it, or to edit it in the composer.
    pub fn withdraw(&self, id: CommandId, to_edit: bool) {
        self.update(|state| state.withdraw(id, to_edit));
    }

    /// Restores the message that was just discarded.
    pub fn undo_discard(&self) {
        self.update(State::undo_discard);
    }

    /// The user has scrolled. `reading` is the first message in sight.
    pub fn scrolled(&self, room: &RoomId, at_end: bool, near_end: bool, reading: Option<CommandId>) {
        let (effects, changed) = self.with_state(|state| {
            let pending = !state.changed.is_empty();
            let effects = state.scrolled(room, at_end, near_end, reading);
            (effects, !pending && !state.changed.is_empty())
        });
        // What has arrived is shown in the session's own time. Rows that are added while the layout is observed cost a second
        // layout in the same frame.
        if changed {
            self.publish();
        }
        self.run_effects(effects);
    }

    pub fn jump_to_newest(&self, room: &RoomId) {
        self.update(|state| state.jump_to_newest(room));
    }

    pub fn jump_to_unread(&self, room: &RoomId) {
        self.update(|state| state.jump_to_unread(room));
    }

    /// Whether the room has newer messages than those shown.
    pub fn is_detached(&self, room: &RoomId) -> bool {
        self.with_state(|state| state.open.get(room).is_some_and(|open| open.timeline.is_detached()))
    }

    /// Loads the page before the first message, unless it is being loaded or there is none.
    pub fn load_older(self, room: &RoomId) {
        let before = self.with_state(|state| {
            let open = state.open.get_mut(room)?;
            if open.loading_older || open.load_state != LoadState::Ready || open.timeline.is_complete() {
                return None;
            }
            let before = open.timeline.first()?;
            open.loading_older = true;
            state.changed.insert(room.clone());
            Some((before, open.timeline.first_id()))
        });
        let Some((before, first)) = before else { return };
        self.publish();
        let room = room.clone();
        spawn_local(async move {
            let page = api::messages(&room, Page::Before(before), PAGE).await;
            if page.is_err() {
                // Scrolling retries. The pause keeps it from asking a dead server without end.
                clock::sleep(RETRY_MS).await;
            }
            let mut taken = true;
            self.update(|state| {
                if let Some(open) = state.open.get_mut(&room) {
                    open.loading_older = false;
                    // If a gap has replaced the timeline meanwhile, this is not the page before its first message.
                    if open.timeline.first_id() == first
                        && let Ok(page) = page
                    {
                        taken = open.timeline.prepend(page, PAGE);
                    }
                    state.changed.insert(room.clone());
                }
                Vec::new()
            });
            if !taken {
                self.load_older(&room);
            }
        });
    }

    /// Tells the server that the user is typing.
    pub fn typing(&self, room: &RoomId) {
        let effects = self.with_state(|state| state.notify_typing(room, clock::monotonic()));
        self.run_effects(effects);
    }

    /// The direct room of the user and one other, which is created if there is none.
    ///
    /// # Errors
    /// The message to show.
    pub async fn direct(self, user: UserId) -> Result<RoomId, String> {
        let known = self.rooms.with_untracked(|rooms| {
            rooms.iter().find(|room| matches!(&*room.people, [one] if one.id == user)).map(|room| room.id.clone())
        });
        match known {
            Some(room) => Ok(room),
            None => self.add_room(api::direct(user).await),
        }
    }

    /// # Errors
    /// The message to show.
    pub async fn create_room(self, name: String, kind: RoomKind) -> Result<RoomId, String> {
        self.add_room(api::create_room(name, kind).await)
    }

    fn add_room(self, created: Result<RoomSummary, ApiError>) -> Result<RoomId, String> {
        let room = created.map_err(|error| error.message(self.i18n))?;
        let id = room.id.clone();
        self.update(|state| state.apply(ServerFrame::Room { room }, Now::read()));
        Ok(id)
    }

    /// Reconnects at once instead of waiting.
    pub fn reconnect_now(&self) {
        self.command(Command::ReconnectNow);
    }

    /// Counts the unsent messages, seen from a room. Tracks [`Client::unsent_changed`].
    pub fn unsent(&self, room: Option<&RoomId>) -> Unsent {
        self.unsent_changed.track();
        self.with_state(|state| state.unsent(room))
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{Event, EventKind, User, UserKind, http::MessagePage};
    use uuid::Uuid;

    use super::*;
    use crate::{
        i18n::I18n,
        page::{PageData, RoomPage},
    };

    #[test]
    fn scrolling_does_not_show_what_still_waits() {
        let owner = Owner::new();
        owner.set();
        let user = User { id: UserId(Uuid::nil()), name: "Ann".into(), kind: UserKind::Guest, colour: None };
        let lobby = RoomId::lobby();
        let summary = RoomSummary::new(lobby.clone(), "Lobby".into());
        let room = Some(RoomPage { summary, page: MessagePage::default() });
        let page = PageData { user: Some(user.clone()), room, ..PageData::default() };
        let client = Client::new(&page, 0, I18n::current());
        let rows = || client.view(&lobby).blocks.with_untracked(Vec::len);

        let id = CommandId(Uuid::from_u128(1));
        let (body, html) = ("hi".into(), "<p>hi</p>".into());
        let event = EventKind::Message { id, body, html, reply_to: None, mentions: Vec::new() };
        let event = Event { room: lobby.clone(), seq: 1, id, at: 0, by: user, event };
        _ = client.with_state(|state| state.apply(ServerFrame::Event(event), 0));
        client.scrolled(&lobby, false, false, None);
        assert_eq!(rows(), 0, "the session has not rendered yet");
        client.publish();
        assert_eq!(rows(), 1);
        client.scrolled(&lobby, true, true, None);
    }
}
