//! What one can do with a message: one dialog for all of them.

use leptos::prelude::*;
use parlor_protocol::CommandId;
use web_sys::Event;

use super::dialog::{dialog, pressed};
use crate::{
    browser,
    i18n::{I18n, Key},
    live::client::Client,
};

/// The dialog's id.
const ID: &str = "message-menu";
/// Where the message stands.
const TEXT: &str = "message-menu-text";
/// The button that deletes it.
const DELETE: &str = "message-menu-delete";
/// So much of the message is shown, in characters: enough to see which one it is.
const SHOWN: usize = 160;

/// The message that was chosen.
#[derive(Clone, Copy, Default)]
pub struct Chosen(StoredValue<Option<CommandId>>);

impl Chosen {
    /// Opens the dialog for a message.
    pub fn open(self, client: Client, message: CommandId) {
        self.0.set_value(Some(message));
        let mut body = client.body_of(message);
        if let Some((end, _)) = body.char_indices().nth(SHOWN) {
            body.truncate(end);
            body.push('…');
        }
        browser::set_text(TEXT, &body);
        browser::set_hidden(DELETE, !client.may_delete(message));
        browser::show_dialog(ID);
    }
}

fn body(i18n: I18n) -> String {
    let mut html = format!("<p id={TEXT} class=sheet-text></p><form method=dialog class=sheet-actions>");
    let more = format!("id={DELETE} ");
    for (class, test, more, word) in [
        ("button", "mark-unread", "", Key::MarkUnread),
        ("button", "copy-text", "", Key::CopyText),
        ("button danger", "delete-message", &*more, Key::DeleteMessage),
        ("button quiet", "cancel", "", Key::Cancel),
    ] {
        let word = i18n.t(word);
        html += &format!("<button {more}class=\"{class}\" data-testid={test}>{word}</button>");
    }
    html + "</form>"
}

/// The dialog.
#[component]
pub fn MessageMenu() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let Chosen(chosen) = expect_context();
    let heard = move |event: &Event| {
        let Some(id) = chosen.get_value() else { return };
        match pressed(event).as_deref() {
            Some("copy-text") => browser::copy_quietly(&client.body_of(id)),
            Some("mark-unread") => client.mark_unread(id),
            Some("delete-message") => client.delete(id),
            _ => {}
        }
    };
    dialog(ID, "dialog sheet", i18n.t(Key::MessageActions), move || body(i18n), heard)
}
