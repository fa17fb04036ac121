//! The line above the message box: what happens to messages while there is no connection, who is typing, what was not sent.

use leptos::prelude::*;
use parlor_protocol::{limits, validate};

use super::{composer::ComposerHandle, current_room::CurrentRoom, edit_mode::EditStatus};
use crate::{
    i18n::Key,
    live::{client::Client, rows::join_names},
    navigation::use_open_room,
};

/// The element that explains the message box, for `aria-describedby`.
pub(super) const HINT: &str = "composer-hint";
/// The counter appears when so many characters are left.
const NEAR_LIMIT: usize = 500;

#[component]
pub fn ComposerStatus() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let hint = client.hint;
    let open_room = use_open_room();
    let ComposerHandle { text: draft, sending_to, editing, .. } = expect_context();
    let unsent = move || client.unsent(room.id.get().as_ref());
    let unsent_elsewhere = move || {
        let unsent = unsent();
        // With a connection, waiting messages are sent in a moment.
        let waiting = if client.connection.read().is_connected() { 0 } else { unsent.waiting };
        (unsent.failed + waiting) as u64
    };
    let go_to_unsent = move |_| {
        if let Some(room) = untrack(unsent).room {
            open_room.run(room);
        }
    };
    let length = Memo::new(move |_| draft.with(|text| validate::body_chars(text)));
    let near_limit = move || length.get() + NEAR_LIMIT >= limits::MAX_BODY_CHARS;
    view! {
        <div class="composer-line" data-state=move || client.connection.read().slug()>
            <p
                class="composer-hint"
                id=HINT
                data-testid="composer-hint"
                role="alert"
                hidden=move || hint.read().is_empty()
            >
                {move || hint.get()}
            </p>
            <EditStatus />
            <p
                class="composer-waiting"
                data-testid="composer-waiting"
                hidden=move || {
                    room.missing.get() || !hint.read().is_empty()
                        || (editing.read().is_some() && client.connection.read().is_connected())
                }
            >
                {move || match sending_to.get() {
                    Some(name) => i18n.format(Key::SendingTo, &[("name", &name)]),
                    None => status(client, room),
                }}
            </p>
            <button
                type="button"
                class="link"
                data-testid="not-sent-elsewhere"
                hidden=move || unsent_elsewhere() == 0
                on:click=go_to_unsent
            >
                {move || i18n.plural(Key::FailedInOtherRooms, unsent_elsewhere())}
            </button>
            <button
                type="button"
                class="link"
                data-testid="undo-discard"
                hidden=move || !unsent().discarded
                on:click=move |_| client.undo_discard()
            >
                {i18n.t(Key::UndoDiscard)}
            </button>
            <p
                class="composer-count"
                data-testid="composer-count"
                class:over=move || { length.get() > limits::MAX_BODY_CHARS }
            >
                {move || {
                    let number = |number: usize| client.zone.get().number(number as u64);
                    near_limit().then(|| [number(length.get()), number(limits::MAX_BODY_CHARS)].join(" / "))
                }}
            </p>
        </div>
    }
}

/// What happens to messages; else that the room is archived, or who is typing.
fn status(client: Client, room: CurrentRoom) -> String {
    let i18n = client.i18n;
    let waiting = client.unsent(room.id.get().as_ref()).here;
    if let Some(mut line) = client.connection.with(|state| state.waiting(waiting, i18n)) {
        if client.storage_unavailable.get() && waiting > 0 {
            line.push_str(i18n.t(Key::StorageUnavailable));
        }
        return line;
    }
    if room.is_archived() {
        return i18n.t(Key::RoomArchivedNotice).to_owned();
    }
    let typing = room.with_status(|status| status.typing.clone());
    let names: Vec<_> = typing.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        [name] => i18n.format(Key::TypingOne, &[("names", name)]),
        names => i18n.format(Key::TypingMany, &[("names", &join_names(names, client.zone.get(), i18n))]),
    }
}
