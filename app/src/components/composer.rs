//! Where one writes. Never disabled: what is written without a connection waits.

use leptos::{ev::KeyboardEvent, prelude::*};
use parlor_protocol::{
    RoomId, limits,
    validate::{self, Invalid},
};

use super::{
    flag,
    icons::{Icon, SEND},
    scroll, still,
};
use crate::{
    browser,
    kept::drafts,
    live::{client::Client, connection::ConnectionState},
    words::Word,
};

/// The text field's id.
pub const ID: &str = "composer";
/// Devices that have a mouse have a keyboard too.
const WITH_KEYBOARD: &str = "(hover: hover) and (pointer: fine)";
/// The counter appears when so many characters are left.
const NEAR_LIMIT: usize = 500;

/// How long the hint about an empty message stays.
const HINT_TIME: std::time::Duration = std::time::Duration::from_secs(4);

/// The text that is being written.
#[derive(Clone, Copy)]
pub struct Draft(pub RwSignal<String>);

/// The composer, with the line above it that says what will happen.
#[component]
pub fn Composer(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
    /// There is no such room.
    absent: Signal<bool>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let Draft(text) = expect_context();
    let hint = RwSignal::new(String::new());
    let writer = Memo::new(move |_| client.me.with(|me| me.as_ref().map(|me| me.name.clone()).unwrap_or_default()));
    // What was typed into the server's page before this one ran is in the field.
    text.set(browser::value(ID));
    // Each room has its own draft, and it outlives the page.
    Effect::new(move |shown: Option<(Option<RoomId>, String)>| {
        let (room, writer) = (room.get(), writer.get());
        let typed = text.get_untracked();
        if shown.is_none() && !typed.is_empty() {
            let draft = room.as_ref().map(|room| drafts::get(&writer, room)).unwrap_or_default();
            if draft != typed {
                text.set(drafts::joined(&draft, &typed));
            }
            return (room, writer);
        }
        let (last, known) = shown.unwrap_or_default();
        // When it turns out who is writing, what they have written meanwhile stays.
        let begun = last == room && known.is_empty() && !typed.is_empty();
        if (last != room || known != writer) && !begun {
            text.set(room.as_ref().map(|room| drafts::get(&writer, room)).unwrap_or_default());
            hint.set(String::new());
            // Where there is a keyboard, one can type at once. On a phone this would bring up its keyboard unasked.
            if browser::matches(WITH_KEYBOARD) {
                browser::focus(ID);
            }
        }
        (room, writer)
    });
    Effect::new(move || {
        let text = text.get();
        if let Some(room) = room.get_untracked() {
            writer.with_untracked(|writer| drafts::put(writer, &room, &text));
        }
    });
    // A message that was taken back is to be edited here. What is being written stays, below.
    Effect::new(move || {
        let Some((to, body)) = client.returned.get() else { return };
        client.returned.set(None);
        if room.get_untracked() == Some(to) {
            text.update(|text| *text = drafts::joined(&body, text));
        }
    });
    let send = move || {
        let Some(room) = room.get_untracked() else { return };
        let body = text.with_untracked(|text| validate::body(text).map(str::to_owned));
        match body {
            // The shell has not been told yet in whose name. The text stays where it is, and is kept.
            Ok(_) if client.me.with_untracked(Option::is_none) => {
                let closed = client.connection.with_untracked(|state| matches!(state, ConnectionState::Closed { .. }));
                hint.set(words.of(if closed { Word::EnterFirst } else { Word::KeptUntilBack }).to_owned());
            }
            Ok(body) => {
                client.send(&room, body);
                text.set(String::new());
                hint.set(String::new());
                scroll::to_end(false);
            }
            Err(Invalid::Empty) => {
                hint.set(words.of(Word::WriteFirst).to_owned());
                // Said once is enough: Enter pressed twice is no mistake to be reminded of.
                set_timeout(
                    move || {
                        if text.with_untracked(|text| text.trim().is_empty()) {
                            hint.set(String::new());
                        }
                    },
                    HINT_TIME,
                );
            }
            Err(Invalid::TooLong { chars, limit }) => {
                hint.set(words.count(Word::TooLongBy, chars.saturating_sub(limit) as u64));
            }
            Err(invalid) => hint.set(words.invalid(invalid)),
        }
        browser::focus(ID);
    };
    let key = move |event: KeyboardEvent| {
        // While an input method composes, Enter chooses a word. 229 is how older browsers say so.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != 229 {
            event.prevent_default();
            send();
        }
    };
    let chars = move || {
        text.with(|text| if text.len() + NEAR_LIMIT < limits::MAX_BODY_CHARS { 0 } else { text.chars().count() })
    };
    let over = flag(move || chars() > limits::MAX_BODY_CHARS);
    let count = super::text(move || match chars() {
        chars if chars + NEAR_LIMIT < limits::MAX_BODY_CHARS => String::new(),
        chars => format!("{} / {}", grouped(chars), grouped(limits::MAX_BODY_CHARS)),
    });
    let waiting = super::text(move || {
        let mut line = client.connection.with(|state| state.waiting(client.waiting.get(), words)).unwrap_or_default();
        if client.unkept.get() && client.waiting.get() > 0 {
            line.push_str(words.of(Word::NothingKept));
        }
        line
    });
    let name = super::text(move || {
        let id = room.get();
        let name = client
            .rooms
            .with(|rooms| rooms.iter().find(|room| Some(&room.id) == id.as_ref()).map(|room| room.name.clone()));
        name.map_or_else(|| words.of(Word::Message).to_owned(), |name| words.fill(Word::MessageTo, &[("room", &name)]))
    });
    view! {
        <form
            class="composer"
            // Sent before anything listens, it would load the page anew, and what was typed would be gone.
            method="dialog"
            hidden=absent
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <div class="composer-line" data-state=super::text(move || client.connection.with(|state| state.slug()))>
                <p
                    class="composer-hint"
                    id="composer-hint"
                    data-testid="composer-hint"
                    role="alert"
                    hidden=flag(move || hint.with(String::is_empty))
                >
                    {super::text(move || hint.get())}
                </p>
                <p class="composer-waiting" data-testid="composer-waiting" hidden=flag(move || !hint.with(String::is_empty))>
                    {waiting}
                </p>
                <p class="composer-count" class:over=over data-testid="composer-count">
                    {count}
                </p>
            </div>
            <div class="composer-box">
                // The field is as high as its text: a copy of the text in the same cell of the grid gives the height.
                <div class="composer-grow" data-text=super::text(move || text.get())>
                    <textarea
                        id=ID
                        data-testid="composer"
                        rows="1"
                        autocomplete="off"
                        enterkeyhint="send"
                        aria-label=name
                        aria-describedby="composer-hint"
                        placeholder=name
                        prop:value=text
                        on:input=move |event| {
                            text.set(event_target_value(&event));
                            if !hint.with_untracked(String::is_empty) {
                                hint.set(String::new());
                            }
                        }
                        on:keydown=key
                    ></textarea>
                </div>
                {still(move || view! {
                    <button type="submit" class="button send" data-testid="send" aria-label=words.of(Word::Send) title=words.of(Word::SendKey)>
                        <Icon path=SEND />
                    </button>
                })}
            </div>
        </form>
    }
}

/// `8,000`
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}
