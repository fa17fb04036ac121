//! The message composer. It is never disabled: messages written without a connection wait in the outbox.

use leptos::{ev::KeyboardEvent, html, prelude::*, task::spawn_local};
use parlor_protocol::{
    RoomId, User,
    validate::{self, ValidationError},
};

use super::{
    composer_status::{ComposerStatus, HINT},
    current_room::CurrentRoom,
    direct_message, drafts,
    edit_mode::{self, Edit},
    icons::{Icon, SEND},
    scroll, timeline,
};
use crate::{
    browser, clock,
    effect::effect,
    i18n::Key,
    live::{client::Client, connection::ConnectionState},
    navigation::use_open_room,
    storage::drafts as stored_drafts,
};

/// The message box's id, for the link that skips to it.
pub const ID: &str = "composer";
/// How long the hint about an empty message stays.
const HINT_TIME: std::time::Duration = std::time::Duration::from_secs(4);

/// The message box and its text. Provided by context: menus and rows return the focus to it.
#[derive(Clone, Copy)]
pub struct ComposerHandle {
    pub text: RwSignal<String>,
    pub field: NodeRef<html::Textarea>,
    /// The message that is being edited.
    pub editing: RwSignal<Option<Edit>>,
    /// Edits in other rooms, and their texts.
    pub(super) suspended: StoredValue<Vec<(Edit, String)>>,
    /// The name of the person whose direct room is being opened for a private message.
    pub sending_to: RwSignal<Option<String>>,
}

impl Default for ComposerHandle {
    fn default() -> Self {
        Self {
            text: RwSignal::new(String::new()),
            field: NodeRef::new(),
            editing: RwSignal::new(None),
            suspended: StoredValue::new(Vec::new()),
            sending_to: RwSignal::new(None),
        }
    }
}

impl ComposerHandle {
    pub fn focus(self) {
        if let Some(field) = self.field.get_untracked() {
            let _ = field.focus();
        }
    }
}

/// What the composer does with its text.
#[derive(Clone, Copy)]
struct Sender {
    client: Client,
    room: CurrentRoom,
    open_room: Callback<RoomId>,
    composer: ComposerHandle,
}

impl Sender {
    fn send(self) {
        let Self { client, room, composer, .. } = self;
        let i18n = client.i18n;
        let Some(room) = room.id.get_untracked() else { return };
        if composer.is_editing() {
            return composer.save_edit(client);
        }
        match composer.text.with_untracked(|text| validate::body(text).map(str::to_owned)) {
            // The offline shell does not know its user yet. The text stays in the box, as a draft.
            Ok(_) if client.me.read_untracked().is_none() => {
                let closed = client.connection.with_untracked(|state| matches!(state, ConnectionState::Closed { .. }));
                self.hint(i18n.t(if closed { Key::JoinToSend } else { Key::OfflineDraftKept }).to_owned());
            }
            Ok(body) => {
                client.send(&room, body);
                composer.text.set(String::new());
                self.hint(String::new());
                scroll::to_end(false);
            }
            Err(ValidationError::Empty) => {
                self.hint(i18n.t(Key::MessageRequired).to_owned());
                let expire = move || {
                    if composer.text.read_untracked().trim().is_empty() {
                        self.hint(String::new());
                    }
                };
                set_timeout(expire, HINT_TIME);
            }
            Err(ValidationError::TooLong { chars, limit }) => {
                self.hint(i18n.plural(Key::MessageTooLong, chars.saturating_sub(limit) as u64));
            }
            Err(invalid) => self.hint(i18n.validation_error(invalid)),
        }
        composer.focus();
    }

    /// The person whom the text addresses with `@name`, and the text for them.
    fn recipient(self) -> Option<(User, String)> {
        let room = self.room.id.get()?;
        if self.composer.editing.read().is_some() {
            return None;
        }
        self.composer.text.with(|text| direct_message::recipient(self.client, &room, text))
    }

    /// Sends to that person alone, in a direct room. The text leaves the box at once, so that it can be neither sent again
    /// nor mixed with what is typed meanwhile.
    fn send_direct(self) {
        let Self { client, room, open_room, composer } = self;
        if composer.sending_to.read_untracked().is_some() {
            return self.hint(client.i18n.t(Key::SendingInProgress).to_owned());
        }
        let Some((user, body)) = untrack(|| self.recipient()) else {
            // It is meant for one person: if that person is unknown, it must not go to everyone.
            let unknown = !composer.is_editing()
                && composer.text.read_untracked().trim_start().starts_with('@')
                && untrack(|| room.id.get().is_some_and(|room| !direct_message::is_direct(client, &room)));
            if unknown {
                self.hint(client.i18n.t(Key::PrivateRecipientUnknown).to_owned());
            } else {
                self.send();
            }
            return;
        };
        let Some(from) = room.id.get_untracked() else { return };
        let me = client.me.read_untracked().as_ref().map(|me| me.id);
        let text = composer.text.get_untracked();
        stored_drafts::set_in_flight(me, &from, &text);
        composer.text.set(String::new());
        composer.sending_to.set(Some(user.name));
        self.hint(String::new());
        spawn_local(async move {
            match client.direct(user.id).await {
                Ok(direct) => {
                    client.send(&direct, body);
                    // Someone who types on, or is elsewhere by now, stays there.
                    if room.id.get_untracked() == Some(from) && composer.text.read_untracked().is_empty() {
                        open_room.run(direct);
                    }
                }
                Err(why) => {
                    client.return_draft(from, text, None);
                    self.hint(why);
                    // Until it is a draft. A page that is being closed fails its requests, and goes no further.
                    clock::sleep(0).await;
                }
            }
            stored_drafts::take_in_flight(me);
            composer.sending_to.set(None);
        });
    }

    fn hint(self, hint: String) {
        self.client.hint.set(hint);
    }

    fn on_input(self, text: String) {
        let Self { client, room, composer, .. } = self;
        if let Some(room) = room.id.get_untracked().filter(|_| !text.is_empty()) {
            client.typing(&room);
        }
        composer.text.set(text);
        if client.hint.with_untracked(|hint| !hint.is_empty()) {
            self.hint(String::new());
        }
    }

    /// Whether an arrow key up has no meaning in the text: it is empty, or it is an unchanged edit of one line.
    fn leaves_upwards(self) -> bool {
        let text = self.composer.text.read_untracked();
        text.is_empty() && !self.composer.is_editing() || self.composer.is_unchanged() && !text.contains('\n')
    }

    fn on_key(self, event: &KeyboardEvent) {
        match browser::pressed_key(event).as_deref() {
            Some("Enter") if !event.shift_key() => {
                event.prevent_default();
                if event.ctrl_key() || event.meta_key() { self.send_direct() } else { self.send() }
            }
            Some("ArrowUp") if self.leaves_upwards() => {
                event.prevent_default();
                let Self { client, room, composer, .. } = self;
                if composer.is_editing() {
                    composer.cancel_edit(client);
                    timeline::focus_last_message();
                } else if let Some(room) = room.id.get_untracked() {
                    composer.edit_last(client, &room);
                }
            }
            Some("Escape") if self.composer.is_editing() => {
                event.prevent_default();
                self.composer.cancel_edit(self.client);
            }
            _ => {}
        }
    }
}

#[component]
pub fn Composer() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let composer = expect_context::<ComposerHandle>();
    let sender = Sender { client, room, open_room: use_open_room(), composer };
    let ComposerHandle { text, field, .. } = composer;
    drafts::keep(client, room, composer);
    edit_mode::watch_deletion(client, composer);
    // Not `prop:value`, which would clear what was typed into the server's HTML before hydration.
    effect(move || {
        let text = text.get();
        // Setting the same value again would move the caret.
        if let Some(field) = field.get().filter(|field| field.value() != text) {
            field.set_value(&text);
        }
    });
    // A message that was taken back for editing comes before what is in the box.
    effect(move || {
        let Some((to, body, edits)) = client.returned_draft.get() else { return };
        client.returned_draft.set(None);
        if room.id.get_untracked().as_ref() != Some(&to)
            || edits.is_some_and(|message| composer.edit(client, &to, message, Some(body.clone())))
        {
            return;
        }
        composer.return_draft(client, &to, &body);
    });
    let recipient = Memo::new(move |_| sender.recipient().map(|(user, _)| user.name));
    let label = Memo::new(move |_| match room.name() {
        Some(name) => i18n.format(Key::MessageRoom, &[("room", &name)]),
        None => i18n.t(Key::Message).to_owned(),
    });
    view! {
        // `method="dialog"`: submitted before hydration, the form must not reload the page and lose the text.
        <form
            class="composer"
            method="dialog"
            on:submit=move |event| {
                event.prevent_default();
                sender.send();
            }
        >
            <ComposerStatus />
            <button
                type="button"
                class="pill composer-alone"
                data-testid="send-alone"
                title=i18n.t(Key::SendPrivatelyShortcut)
                hidden=move || recipient.read().is_none()
                on:click=move |_| sender.send_direct()
            >
                {move || recipient.get().map(|name| i18n.format(Key::SendPrivately, &[("name", &name)]))}
            </button>
            <div class="composer-box" hidden=move || room.missing.get()>
                // The box is as high as its text: a copy of the text in the same grid cell gives the height.
                <div class="composer-grow" data-text=move || text.get()>
                    <textarea
                        id=ID
                        node_ref=field
                        data-testid="composer"
                        rows="1"
                        dir="auto"
                        autocomplete="off"
                        enterkeyhint="send"
                        aria-label=move || label.get()
                        aria-describedby=HINT
                        placeholder=move || label.get()
                        on:input=move |event| sender.on_input(event_target_value(&event))
                        on:keydown=move |event| sender.on_key(&event)
                    ></textarea>
                </div>
                <button
                    type="submit"
                    class="button send"
                    data-testid="send"
                    aria-label=move || i18n.t(if composer.editing.read().is_some() { Key::Save } else { Key::Send })
                    title=move || {
                        i18n.t(if composer.editing.read().is_some() { Key::Save } else { Key::SendShortcut })
                    }
                >
                    <Icon path=SEND />
                </button>
            </div>
        </form>
    }
}
