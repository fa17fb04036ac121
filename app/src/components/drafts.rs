//! Keeps the draft of each room and author in the browser's storage, and shows it when its room is on the screen.

use leptos::prelude::*;
use parlor_protocol::{RoomId, UserId};

use super::{composer::ComposerHandle, current_room::CurrentRoom};
use crate::{browser, effect::effect, live::client::Client, storage::drafts};

/// Devices that have a mouse have a keyboard too.
const WITH_KEYBOARD: &str = "(hover: hover) and (pointer: fine)";

/// What the composer shows the draft of.
type Shown = (Option<RoomId>, Option<UserId>);

pub(super) fn keep(client: Client, room: CurrentRoom, composer: ComposerHandle) {
    let text = composer.text;
    let author = Memo::new(move |_| client.me.read().as_ref().map(|me| me.id));
    Effect::new(move |shown: Option<Shown>| {
        let (room, author) = (room.id.get(), author.get());
        let stored = || room.as_ref().map(|room| drafts::get(author, room)).unwrap_or_default();
        match shown {
            None => {
                // What was typed into the server's HTML before hydration comes after the stored draft.
                let typed = composer.field.get_untracked().map(|field| field.value()).unwrap_or_default();
                let draft = stored();
                text.set(if draft == typed { draft } else { drafts::join(&draft, &typed) });
                if typed.is_empty() {
                    focus(composer);
                }
            }
            Some((last_room, last_author)) => {
                // Text written before the author was known stays when they become known.
                let keeps = last_room == room && last_author.is_none() && text.with_untracked(|text| !text.is_empty());
                if (&last_room, &last_author) != (&room, &author) && !keeps {
                    if last_author == author {
                        composer.suspend_edit(client);
                    } else {
                        composer.discard_edits(client);
                    }
                    text.set(stored());
                    client.hint.set(String::new());
                    if let Some(room) = &room {
                        composer.resume_edit(client, room);
                    }
                    focus(composer);
                }
            }
        }
        (room, author)
    });
    effect(move || {
        let text = text.get();
        // An edit is no draft.
        if let Some(room) = room.id.get_untracked().filter(|_| !composer.is_editing()) {
            drafts::set(author.get_untracked(), &room, &text);
        }
    });
}

/// With a keyboard one can type at once. On a phone this would open the keyboard unasked.
fn focus(composer: ComposerHandle) {
    if browser::matches(WITH_KEYBOARD) {
        composer.focus();
    }
}
