//! What the page asks of the client: each is one change of the state, and what follows from it.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId, RoomKind, RoomSummary, ServerFrame, UserId};

use super::{
    client::{Client, Command, RETRY_MS},
    outbox::Unsent,
    state::{PAGE, Phase, State},
};
use crate::{
    api::{self, ApiError, Page},
    clock,
    reactive::Look as _,
};

impl Client {
    /// Puts a room on the screen.
    pub fn show(&self, room: &RoomId) {
        self.change(|state| {
            if state.current.as_ref() == Some(room) {
                return Vec::new();
            }
            state.current = Some(room.clone());
            state.open(room)
        });
    }

    /// Sends a message, or keeps it until it can be sent.
    pub fn send(&self, room: &RoomId, body: String) {
        self.change(|state| {
            let mut todos = state.to_newest(room);
            todos.extend(state.send(room, body, clock::new_id(), clock::now()));
            todos
        });
    }

    /// Sends a failed message again.
    pub fn retry(&self, id: CommandId) {
        self.change(|state| state.retry(id));
    }

    /// Takes a message back that is not on its way: to drop it, or to edit it in the message box.
    pub fn take_back(&self, id: CommandId, to_edit: bool) {
        self.change(|state| state.take_back(id, to_edit));
    }

    /// The reader has scrolled: is the end in sight, or near, and which message is the first in sight?
    pub fn scrolled(&self, room: &RoomId, at_end: bool, near_end: bool, reading: Option<CommandId>) {
        let todos = self.read(|state| state.scrolled(room, at_end, near_end, reading));
        if self.read(|state| !state.changed.is_empty()) {
            self.publish();
        }
        self.act(todos);
    }

    /// Shows the newest messages to a reader who is elsewhere.
    pub fn to_newest(&self, room: &RoomId) {
        self.change(|state| state.to_newest(room));
    }

    /// Whether what is shown of a room ends before the room does.
    #[must_use]
    pub fn is_detached(&self, room: &RoomId) -> bool {
        self.read(|state| state.open.get(room).is_some_and(|open| open.timeline.is_detached()))
    }

    /// Loads the page before the first message, unless it is on its way or there is none.
    pub fn load_older(self, room: &RoomId) {
        let before = self.read(|state| {
            let open = state.open.get_mut(room)?;
            if open.loading_older || open.phase != Phase::Ready || open.timeline.is_complete() {
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
                // Scrolling on tries again; not at once, or a dead server would be asked without end.
                clock::sleep(RETRY_MS).await;
            }
            self.change(|state| {
                if let Some(open) = state.open.get_mut(&room) {
                    open.loading_older = false;
                    // A gap may have replaced the timeline meanwhile; then this page is not the one before it.
                    if open.timeline.first_id() == first
                        && let Ok(page) = page
                    {
                        open.timeline.prepend(page, PAGE);
                    }
                    state.changed.insert(room.clone());
                }
                Vec::new()
            });
        });
    }

    /// Deletes a message of the room on the screen. Not without a connection: until there is one, all would still see it.
    pub fn delete(&self, message: CommandId) {
        let id = clock::new_id();
        self.change(|state| state.delete(message, id));
    }

    /// Shows a message of the room on the screen and what follows it as unread.
    pub fn mark_unread(&self, message: CommandId) {
        self.change(|state| state.mark_unread(message));
    }

    /// Goes to the first unread message of a room.
    pub fn to_unread(&self, room: &RoomId) {
        self.change(|state| state.to_unread(room));
    }

    /// The reader is typing in a room.
    pub fn typing(&self, room: &RoomId) {
        let todos = self.read(|state| state.typing(room, clock::now()));
        self.act(todos);
    }

    /// The text of a message of the room on the screen.
    #[must_use]
    pub fn body_of(&self, message: CommandId) -> String {
        self.read(|state| state.message(message).map(|message| message.body.clone())).unwrap_or_default()
    }

    /// Whether the reader may delete a message of the room on the screen: their own, or where they look after the room.
    #[must_use]
    pub fn may_delete(&self, message: CommandId) -> bool {
        self.read(|state| {
            let me = state.me.as_ref().map(|me| me.id);
            let own = state.message(message).is_some_and(|message| me == Some(message.by.id));
            let here = state.rooms.iter().find(|room| Some(&room.id) == state.current.as_ref());
            let looks_after = |room: &RoomSummary| room.moderator || state.moderates && room.kind != RoomKind::Direct;
            own || here.is_some_and(looks_after)
        })
    }

    /// The room of the reader and someone else alone, which is made if there is none.
    ///
    /// # Errors
    /// The sentence for people.
    pub async fn direct(self, user: UserId) -> Result<RoomId, String> {
        let known = self.rooms.peek(|rooms| {
            rooms.iter().find(|room| matches!(&*room.people, [one] if one.id == user)).map(|room| room.id.clone())
        });
        match known {
            Some(room) => Ok(room),
            None => self.made(api::direct(user).await),
        }
    }

    fn made(self, made: Result<RoomSummary, ApiError>) -> Result<RoomId, String> {
        let room = made.map_err(|error| error.say(self.i18n))?;
        let id = room.id.clone();
        self.change(|state| state.apply(ServerFrame::Room { room }, clock::now()));
        Ok(id)
    }

    /// Makes a room.
    ///
    /// # Errors
    /// The sentence for people.
    pub async fn create_room(self, name: String, kind: RoomKind) -> Result<RoomId, String> {
        self.made(api::create_room(name, kind).await)
    }

    /// Connects at once instead of waiting.
    pub fn try_now(&self) {
        self.tell(Command::TryNow);
    }

    /// What is not sent, as seen from a room. Follows [`Client::unsent`].
    #[must_use]
    pub fn not_sent(&self, here: Option<&RoomId>) -> Unsent {
        self.unsent.track();
        self.read(|state| state.unsent(here))
    }

    /// Puts the message back that was just discarded.
    pub fn undo_discard(&self) {
        self.change(State::undo_discard);
    }
}
