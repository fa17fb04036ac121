//! The menu of a message: a popover at its button, a sheet on phones. One element serves all messages.

use leptos::{ev::KeyboardEvent, html, prelude::*};
use parlor_protocol::CommandId;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::lazy::{LazyPart, lazy_part};
use crate::{browser, i18n::Key, live::client::Client};

/// The menu's id, for the buttons that open it.
pub const ID: &str = "message-menu";
/// Characters of the message that the sheet shows, to tell which message it is about.
const EXCERPT_CHARS: usize = 160;

/// The message that the menu is about; to be set before the menu opens. Provided by context.
#[derive(Clone, Copy)]
pub struct MenuMessage(pub RwSignal<Option<CommandId>>);

lazy_part!(message_menu, MessageMenuItems);

#[component]
pub fn MessageMenu() -> impl IntoView {
    let MenuMessage(message) = expect_context();
    view! {
        <div class="message-menu" id=ID popover="auto">
            <LazyPart wanted=Signal::derive(move || message.with(Option::is_some)) load=message_menu />
        </div>
    }
}

#[derive(Clone, PartialEq)]
struct Target {
    id: CommandId,
    text: String,
    can_delete: bool,
}

impl Target {
    fn excerpt(&self) -> String {
        match self.text.char_indices().nth(EXCERPT_CHARS) {
            Some((end, _)) => [&self.text[..end], "…"].concat(),
            None => self.text.clone(),
        }
    }
}

#[component]
fn MessageMenuItems() -> impl IntoView {
    let client = expect_context::<Client>();
    let MenuMessage(message) = expect_context();
    let i18n = client.i18n;
    let menu = NodeRef::<html::Div>::new();
    let message = Memo::new(move |_| {
        let target = |id| Target { id, text: client.message_body(id), can_delete: client.can_delete(id) };
        message.get().map(target)
    });
    let excerpt = move || message.with(|message| message.as_ref().map(Target::excerpt));
    let can_delete = move || message.with(|message| message.as_ref().is_some_and(|message| message.can_delete));
    let on_message = move |act: fn(Client, &Target)| {
        move |_| {
            if let Some(target) = message.get_untracked() {
                act(client, &target);
            }
        }
    };
    view! {
        <p class="message-menu-text" id="message-menu-text">
            {excerpt}
        </p>
        <div
            class="message-menu-items"
            node_ref=menu
            role="menu"
            aria-label=i18n.t(Key::MessageActions)
            on:keydown=move |event| move_focus(menu, &event)
        >
            <button
                type="button"
                role="menuitem"
                data-testid="mark-unread"
                autofocus
                popovertarget=ID
                popovertargetaction="hide"
                on:click=on_message(|client, target| client.mark_unread(target.id))
            >
                {i18n.t(Key::MarkUnread)}
            </button>
            <button
                type="button"
                role="menuitem"
                data-testid="copy-text"
                popovertarget=ID
                popovertargetaction="hide"
                on:click=on_message(|_, target| browser::copy_quietly(&target.text))
            >
                {i18n.t(Key::CopyText)}
            </button>
            <button
                type="button"
                class="danger"
                role="menuitem"
                data-testid="delete-message"
                hidden=move || !can_delete()
                popovertarget=ID
                popovertargetaction="hide"
                on:click=on_message(|client, target| client.delete(target.id))
            >
                {i18n.t(Key::DeleteMessage)}
            </button>
        </div>
    }
}

/// Moves the focus between the menu's items by the arrow keys, Home and End. Escape is the popover's own.
fn move_focus(menu: NodeRef<html::Div>, event: &KeyboardEvent) {
    let Some(items) =
        menu.get_untracked().and_then(|menu| menu.query_selector_all("[role=menuitem]:not([hidden])").ok())
    else {
        return;
    };
    let count = items.length();
    let Some(focused) = document().active_element() else { return };
    let at = (0..count).find(|at| focused.is_same_node(items.item(*at).as_ref())).unwrap_or(0);
    let next = match event.key().as_str() {
        "ArrowDown" => (at + 1) % count,
        "ArrowUp" => (at + count - 1) % count,
        "Home" => 0,
        "End" => count - 1,
        _ => return,
    };
    event.prevent_default();
    if let Some(item) = items.item(next).and_then(|item| item.dyn_into::<HtmlElement>().ok()) {
        let _ = item.focus();
    }
}
