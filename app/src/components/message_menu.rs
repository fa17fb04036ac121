//! The menu of a message: a popover at its button, a sheet on phones. One element serves all messages.

use leptos::{ev::KeyboardEvent, html, prelude::*, task::spawn_local};
use parlor_protocol::CommandId;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{
    composer::ComposerHandle,
    current_room::CurrentRoom,
    lazy::{LazyPart, lazy_part},
    reactions::QUICK,
};
use crate::{browser, clock, effect::effect, i18n::Key, live::client::Client};

/// The menu's id, for the buttons that open it.
pub const ID: &str = "message-menu";
/// Characters of the message that the sheet shows, to tell which message it is about.
const EXCERPT_CHARS: usize = 160;
/// The items load once the page has settled, before the menu opens: if they come later, lifting the finger after a long press
/// closes it.
const PRELOAD_AFTER_MS: u32 = 2_000;

/// The message that the menu is about. Provided by context.
#[derive(Clone, Copy)]
pub struct MessageMenuHandle {
    client: Client,
    message: RwSignal<Option<Target>>,
}

#[derive(Clone)]
struct Target {
    id: CommandId,
    text: String,
    can_edit: bool,
    can_delete: bool,
    can_react: bool,
    /// Emojis with which the user has reacted.
    reactions: Vec<String>,
}

impl Target {
    fn excerpt(&self) -> String {
        match self.text.char_indices().nth(EXCERPT_CHARS) {
            Some((end, _)) => [&self.text[..end], "…"].concat(),
            None => self.text.clone(),
        }
    }
}

impl MessageMenuHandle {
    pub fn new(client: Client) -> Self {
        Self { client, message: RwSignal::new(None) }
    }

    /// To be called before the menu opens.
    pub fn set_message(self, id: CommandId) {
        let client = self.client;
        self.message.set(Some(Target {
            id,
            text: client.message_body(id),
            can_edit: client.can_edit(id),
            can_delete: client.can_delete(id),
            can_react: client.can_react(),
            reactions: client.own_reactions(id),
        }));
    }
}

lazy_part!(message_menu, MenuItems);

#[component]
pub fn MessageMenu() -> impl IntoView {
    let MessageMenuHandle { message, .. } = expect_context();
    let menu = NodeRef::<html::Div>::new();
    let is_preloading = RwSignal::new(false);
    effect(move || {
        spawn_local(async move {
            clock::sleep(PRELOAD_AFTER_MS).await;
            is_preloading.try_set(true);
        });
    });
    let wanted = Signal::derive(move || is_preloading.get() || message.read().is_some());
    view! {
        <div class="message-menu" id=ID node_ref=menu popover="auto" on:keydown=move |event| move_focus(menu, &event)>
            <LazyPart wanted load=message_menu />
        </div>
    }
}

/// What is in the menu. It is rendered once and follows the message.
#[component]
fn MenuItems() -> impl IntoView {
    let MessageMenuHandle { client, message } = expect_context();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let composer = expect_context::<ComposerHandle>();
    let excerpt = move || message.read().as_ref().map(Target::excerpt);
    let can = move |allowed: fn(&Target) -> bool| message.read().as_ref().is_some_and(allowed);
    let edit = move |_| {
        if let (Some(room), Some(target)) = (room.id.get_untracked(), message.get_untracked()) {
            composer.edit(client, &room, target.id, None);
        }
    };
    let quick_reaction = move |emoji: &'static str| {
        let is_on = move || message.read().as_ref().is_some_and(|target| target.reactions.iter().any(|on| on == emoji));
        let toggle = move |_| {
            if let Some(target) = message.get_untracked() {
                client.react(target.id, emoji.to_owned(), !untrack(is_on));
            }
        };
        view! {
            <button
                type="button"
                data-testid="quick-reaction"
                aria-pressed=move || is_on().to_string()
                aria-label=i18n.format(Key::ReactWith, &[("emoji", emoji)])
                popovertarget=ID
                popovertargetaction="hide"
                on:click=toggle
            >
                {emoji}
            </button>
        }
    };
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
                class="message-menu-reactions"
                role="toolbar"
                aria-label=i18n.t(Key::Reactions)
                hidden=move || !can(|message| message.can_react)
            >
                {QUICK.map(quick_reaction).into_iter().collect_view()}
            </div>
            <div class="message-menu-items" role="menu" aria-label=i18n.t(Key::MessageActions)>
                <button
                    type="button"
                    role="menuitem"
                    data-testid="edit-message"
                    hidden=move || !can(|message| message.can_edit)
                    popovertarget=ID
                    popovertargetaction="hide"
                    on:click=edit
                >
                    {i18n.t(Key::Edit)}
                </button>
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
                    hidden=move || !can(|message| message.can_delete)
                    popovertarget=ID
                    popovertargetaction="hide"
                    on:click=on_message(|client, target| client.delete(target.id))
                >
                    {i18n.t(Key::DeleteMessage)}
                </button>
            </div>
    }
}

/// Moves the focus between the menu's items, or the reactions above it, by the arrow keys, Home and End. Escape is the
/// popover's own.
fn move_focus(menu: NodeRef<html::Div>, event: &KeyboardEvent) {
    let Some(focused) = document().active_element() else { return };
    let in_menu = focused.get_attribute("role").is_some();
    let (selector, forwards, backwards) = match in_menu {
        true => ("[role=menuitem]:not([hidden])", "ArrowDown", "ArrowUp"),
        false => ("[role=toolbar] button", "ArrowRight", "ArrowLeft"),
    };
    let Some(items) = menu.get_untracked().and_then(|menu| menu.query_selector_all(selector).ok()) else { return };
    let count = items.length();
    let at = (0..count).find(|at| focused.is_same_node(items.item(*at).as_ref())).unwrap_or(0);
    let next = match browser::pressed_key(event).unwrap_or_default().as_str() {
        key if key == forwards => (at + 1) % count.max(1),
        key if key == backwards => (at + count.max(1) - 1) % count.max(1),
        "Home" => 0,
        "End" => count.saturating_sub(1),
        _ => return,
    };
    event.prevent_default();
    if let Some(item) = items.item(next).and_then(|item| item.dyn_into::<HtmlElement>().ok()) {
        let _ = item.focus();
    }
}
