//! Runs the effects of a state change: sending, loading, storing.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{CommandId, RoomId};

use super::{
    client::{Client, Command, RETRY_MS},
    persistence::PersistenceCommand,
    state::{Effect, LoadState, PAGE, reading::TYPING_TIMEOUT},
};
use crate::{
    api::{self, ApiError, Page},
    clock,
    storage::{self, drafts},
};

impl Client {
    pub(super) fn run_effects(self, effects: Vec<Effect>) {
        for effect in effects {
            self.run_effect(effect);
        }
    }

    fn run_effect(self, effect: Effect) {
        match effect {
            Effect::Send(frame) => self.command(Command::Send(frame)),
            Effect::LoadNewest(room) => spawn_local(self.load(room, Page::Newest)),
            Effect::LoadAround(room, seq) => spawn_local(self.load(room, Page::Around(seq))),
            Effect::LoadNewer(room, seq) => spawn_local(self.load(room, Page::After(seq))),
            Effect::LoadRooms => spawn_local(async move {
                if let Ok(rooms) = api::rooms().await {
                    self.update(|state| {
                        state.set_rooms(rooms);
                        Vec::new()
                    });
                }
            }),
            Effect::RestoreHistory(room) => spawn_local(async move {
                let me = match self.me.get_untracked() {
                    None => storage::last_session().await.map(|(me, _)| me),
                    me => me,
                };
                let stored = match me {
                    Some(me) => storage::history(me.id, &room).await,
                    None => None,
                };
                self.update(|state| state.history_restored(&room, stored));
            }),
            Effect::Store(message) => {
                if let Some(me) = self.me.get_untracked() {
                    storage::write_note(me.id, &message);
                }
                self.persist(PersistenceCommand::Store(message));
            }
            Effect::Remove { id, room, withdrawn } => {
                self.persist(PersistenceCommand::Remove { id, room, withdrawn });
            }
            Effect::AcquireLease(room) => self.persist(PersistenceCommand::AcquireLease(room)),
            Effect::ReleaseLease(room) => self.persist(PersistenceCommand::ReleaseLease(room)),
            Effect::ReturnDraft(room, text, edits) => self.return_draft(room, text, edits),
            Effect::ExpireTyping(room) => spawn_local(async move {
                clock::sleep(u32::try_from(TYPING_TIMEOUT).unwrap_or(0) + 50).await;
                self.update(|state| {
                    state.expire_typing(&room, clock::monotonic());
                    Vec::new()
                });
            }),
            Effect::ShowHint(text) => self.hint.set(text),
            Effect::DeleteHistory(room) => {
                if let Some(me) = self.me.get_untracked() {
                    spawn_local(async move { storage::delete_history(me.id, &room).await });
                }
            }
        }
    }

    /// Gives a text to the composer of its room, to edit a message with it or as a draft. If that room is not open, it becomes
    /// the room's draft.
    pub fn return_draft(self, room: RoomId, text: String, edits: Option<CommandId>) {
        if self.with_state(|state| state.current.as_ref() == Some(&room)) {
            self.returned_draft.set(Some((room, text, edits)));
        } else {
            drafts::append(self.me.get_untracked().map(|me| me.id), &room, &text);
        }
    }

    async fn load(self, room: RoomId, which: Page) {
        let page = api::messages(&room, which, PAGE).await;
        if page.as_ref().is_err_and(|error| *error != ApiError::NotFound) {
            // The state retries. The pause keeps it from asking a dead server without end.
            clock::sleep(RETRY_MS).await;
        }
        self.update(|state| match (which, page) {
            (Page::Newest | Page::Before(_), Ok(page)) => state.loaded(&room, page),
            (Page::Around(_), Ok(page)) => state.loaded_around(&room, page),
            (Page::After(seq), page) => state.loaded_newer(&room, seq, page.ok()),
            (Page::Around(_), Err(_)) => state.jump_to_newest(&room),
            (Page::Newest | Page::Before(_), Err(error)) => {
                let missing = error == ApiError::NotFound;
                let load_state = if missing { LoadState::Missing } else { LoadState::Failed(error.message(self.i18n)) };
                state.load_failed(&room, load_state)
            }
        });
    }
}
