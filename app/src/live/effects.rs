//! Does what a change of the state asks for: what is to be said, loaded, kept.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::RoomId;

use super::{
    client::{Client, Command, RETRY_MS},
    persistence::Keep,
    state::{PAGE, Phase, Todo, reading::TYPING},
};
use crate::{
    api::{self, ApiError, Page},
    clock,
    reactive::Look as _,
    storage::{self, drafts},
};

impl Client {
    /// Does what a change asks for.
    pub(super) fn act(self, todos: Vec<Todo>) {
        for todo in todos {
            match todo {
                Todo::Send(frame) => self.tell(Command::Say(frame)),
                Todo::LoadNewest(room) => spawn_local(self.load(room, Page::Newest)),
                Todo::LoadAround(room, seq) => spawn_local(self.load(room, Page::Around(seq))),
                Todo::LoadNewer(room, seq) => spawn_local(self.load(room, Page::After(seq))),
                Todo::LoadRooms => spawn_local(async move {
                    if let Ok(rooms) = api::rooms().await {
                        self.change(|state| {
                            state.listed(rooms);
                            Vec::new()
                        });
                    }
                }),
                Todo::Recall(room) => spawn_local(async move {
                    let me = match self.me.get_untracked() {
                        None => storage::scene().await.map(|(me, _)| me),
                        me => me,
                    };
                    let kept = match me {
                        Some(me) => storage::history(me.id, &room).await,
                        None => None,
                    };
                    self.change(|state| state.recalled(&room, kept));
                }),
                Todo::Keep(message) => {
                    if let Some(me) = self.me.get_untracked() {
                        storage::note(me.id, &message);
                    }
                    self.keep(Keep::Put(message));
                }
                Todo::Forget { id, room, taken_back } => self.keep(Keep::Remove { id, room, taken_back }),
                Todo::Lease(room) => self.keep(Keep::Lease(room)),
                Todo::Release(room) => self.keep(Keep::Release(room)),
                Todo::Return(room, text) => self.give_back(room, text),
                Todo::AwaitTyping(room) => spawn_local(async move {
                    clock::sleep(u32::try_from(TYPING).unwrap_or(0) + 50).await;
                    self.change(|state| {
                        state.typed(&room, clock::now());
                        Vec::new()
                    });
                }),
                Todo::Tell(text) => self.hint.set(text),
                Todo::ForgetHistory(room) => {
                    if let Some(me) = self.me.get_untracked() {
                        spawn_local(async move { storage::forget_history(me.id, &room).await });
                    }
                }
            }
        }
    }

    /// Gives a text to the message box of its room; where that is not on the screen, it waits there.
    pub(super) fn give_back(&self, room: RoomId, text: String) {
        if self.read(|state| state.current.as_ref() != Some(&room)) {
            let writer = self.me.peek(|me| me.as_ref().map(|me| me.name.clone()).unwrap_or_default());
            drafts::add(&writer, &room, &text);
        }
        self.returned.set(Some((room, text)));
    }

    pub(super) async fn load(self, room: RoomId, which: Page) {
        let page = api::messages(&room, which, PAGE).await;
        if page.as_ref().is_err_and(|error| *error != ApiError::NotFound) {
            // It is tried again; not at once, or a dead server would be asked without end.
            clock::sleep(RETRY_MS).await;
        }
        self.change(|state| match (which, page) {
            (Page::Newest | Page::Before(_), Ok(page)) => state.loaded(&room, page),
            (Page::Around(_), Ok(page)) => state.loaded_around(&room, page),
            (Page::After(seq), page) => state.loaded_newer(&room, seq, page.ok()),
            (Page::Around(_), Err(_)) => state.to_newest(&room),
            (Page::Newest | Page::Before(_), Err(error)) => {
                let missing = error == ApiError::NotFound;
                let phase = if missing { Phase::Missing } else { Phase::Failed(error.say(self.i18n)) };
                state.not_loaded(&room, phase)
            }
        });
    }
}
