//! The composer while it edits a message: the draft waits until the edit is saved or cancelled.

use leptos::prelude::*;
use parlor_protocol::{
    CommandId, RoomId,
    validate::{self, ValidationError},
};

use super::{composer::ComposerHandle, timeline};
use crate::{
    effect::effect,
    i18n::Key,
    live::{
        client::Client,
        state::editing::{EditConflict, LastMessage},
    },
    storage::drafts,
};

/// An edit in the composer.
#[derive(Clone)]
pub struct Edit {
    room: RoomId,
    message: CommandId,
    /// The text that the edit began with.
    original: String,
    /// The text that was in the composer before.
    draft: String,
}

impl ComposerHandle {
    pub fn is_editing(self) -> bool {
        self.editing.read_untracked().is_some()
    }

    /// Begins to edit a message: with its text, or with one that was typed before. False if it cannot be edited.
    pub fn edit(self, client: Client, room: &RoomId, message: CommandId, typed: Option<String>) -> bool {
        self.cancel_edit(client);
        let Some(original) = client.begin_edit(room, message) else { return false };
        let draft = self.text.get_untracked();
        let text = typed.unwrap_or_else(|| original.clone());
        self.editing.set(Some(Edit { room: room.clone(), message, original, draft }));
        client.hint.set(String::new());
        self.text.set(text);
        self.focus();
        true
    }

    /// Edits the user's last message. Without one, moves the focus to the messages.
    pub fn edit_last(self, client: Client, room: &RoomId) {
        match client.last_message() {
            LastMessage::Stored(message) if self.edit(client, room, message, None) => {}
            LastMessage::Unsent(message) => client.withdraw(message, true),
            LastMessage::Stored(_) | LastMessage::None => timeline::focus_last_message(),
        }
    }

    /// Ends the edit. The draft comes back.
    pub fn cancel_edit(self, client: Client) {
        self.end_edit(client, |draft, _| draft);
    }

    fn end_edit(self, client: Client, text: impl FnOnce(String, String) -> String) {
        let Some(edit) = self.editing.get_untracked() else { return };
        self.editing.set(None);
        client.end_edit();
        client.hint.set(String::new());
        self.text.set(text(edit.draft, self.text.get_untracked()));
    }

    /// Whether the text is still that of the message.
    pub fn is_unchanged(self) -> bool {
        let text = self.text.read_untracked();
        self.editing.read_untracked().as_ref().is_some_and(|edit| edit.original == *text)
    }

    /// Saves the edit. An unchanged text cancels it.
    pub fn save_edit(self, client: Client) {
        let Some(edit) = self.editing.get_untracked() else { return };
        let i18n = client.i18n;
        match self.text.with_untracked(|text| validate::body(text).map(str::to_owned)) {
            Ok(body) => {
                // After another edit, the same text is a change.
                if body != edit.original || client.edit_conflict.get_untracked().is_some() {
                    client.edit(&edit.room, edit.message, body);
                }
                self.cancel_edit(client);
            }
            Err(ValidationError::Empty) => client.hint.set(i18n.t(Key::EditRequiresText).to_owned()),
            Err(ValidationError::TooLong { chars, limit }) => {
                client.hint.set(i18n.plural(Key::MessageTooLong, chars.saturating_sub(limit) as u64));
            }
            Err(invalid) => client.hint.set(i18n.validation_error(invalid)),
        }
        self.focus();
    }

    /// Puts a text before the draft, which may be waiting for the end of an edit.
    pub fn return_draft(self, client: Client, room: &RoomId, text: &str) {
        if !self.is_editing() {
            return self.text.update(|draft| *draft = drafts::join(text, draft));
        }
        self.editing.update(|edit| {
            if let Some(edit) = edit {
                edit.draft = drafts::join(text, &edit.draft);
                // What the composer shows is not the draft now, so nothing else stores it.
                drafts::set(client.me.read_untracked().as_ref().map(|me| me.id), room, &edit.draft);
            }
        });
    }

    /// Puts the edit aside while another room is open.
    pub fn suspend_edit(self, client: Client) {
        if let Some(edit) = self.editing.get_untracked() {
            let text = self.text.get_untracked();
            self.suspended.update_value(|suspended| suspended.push((edit, text)));
            self.editing.set(None);
            client.end_edit();
        }
    }

    /// Forgets all edits: another user writes now.
    pub fn discard_edits(self, client: Client) {
        self.suspended.set_value(Vec::new());
        self.editing.set(None);
        client.end_edit();
    }

    /// Continues the edit of a room that is open again. If its message is gone, the text becomes part of the draft.
    pub fn resume_edit(self, client: Client, room: &RoomId) {
        let suspended = self.suspended.try_update_value(|suspended| {
            let at = suspended.iter().position(|(edit, _)| edit.room == *room)?;
            Some(suspended.remove(at))
        });
        let Some(Some((Edit { message, original, .. }, text))) = suspended else { return };
        if self.edit(client, room, message, Some(text.clone())) {
            // The message may have been edited elsewhere meanwhile.
            client.resume_edit(original.clone());
            self.editing.update(|edit| edit.iter_mut().for_each(|edit| edit.original.clone_from(&original)));
        } else {
            self.text.update(|draft| *draft = drafts::join(&text, draft));
        }
    }
}

/// Ends the edit of a message that is deleted. What was typed becomes part of the draft.
pub(super) fn watch_deletion(client: Client, composer: ComposerHandle) {
    effect(move || {
        if client.edit_conflict.get() == Some(EditConflict::Deleted) {
            let unchanged = composer.is_unchanged();
            // A text that nobody has changed is the one that was deleted.
            composer.end_edit(client, |draft, text| if unchanged { draft } else { drafts::join(&text, &draft) });
            let key = if unchanged { Key::EditedMessageDeleted } else { Key::EditedMessageDeletedDraft };
            client.hint.set(client.i18n.t(key).to_owned());
        }
    });
}

/// Says that a message is being edited, or that it was edited elsewhere meanwhile.
#[component]
pub fn EditStatus() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let composer = expect_context::<ComposerHandle>();
    let text = move || match (composer.editing.read().is_some(), client.edit_conflict.get()) {
        (false, _) => "",
        (true, Some(EditConflict::Edited)) => i18n.t(Key::EditedElsewhere),
        (true, _) => i18n.t(Key::EditingMessage),
    };
    view! {
        <p
            class="composer-editing"
            class:editing=move || composer.editing.read().is_some()
            role="status"
            data-testid="composer-editing"
            hidden=move || !client.hint.read().is_empty()
        >
            {move || text()}
        </p>
        <button
            type="button"
            class="link"
            data-testid="cancel-edit"
            hidden=move || composer.editing.read().is_none()
            on:click=move |_| {
                composer.cancel_edit(client);
                composer.focus();
            }
        >
            {i18n.t(Key::Cancel)}
        </button>
    }
}
