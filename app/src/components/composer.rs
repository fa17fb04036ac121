//! Where one writes. Never disabled: what is written without a connection waits.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{
    RoomId, limits,
    validate::{self, ValidationError},
};
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use super::{
    Look,
    composer_line::{ELSEWHERE, UNDO, follow, line},
    effect,
    icons::{Icon, SEND},
    private, scroll, still,
};
use crate::{
    browser,
    i18n::Key,
    live::{client::Client, connection::ConnectionState},
    route::Route,
    storage::drafts,
};

/// The text field's id.
pub const ID: &str = "composer";
/// Devices that have a mouse have a keyboard too.
const WITH_KEYBOARD: &str = "(hover: hover) and (pointer: fine)";
/// Ids of what changes.
const FORM: &str = "composer-form";
const BOX: &str = "composer-box";
const LINE: &str = "composer-line";
const HINT: &str = "composer-hint";
const WAITING: &str = "composer-waiting";
const COUNT: &str = "composer-count";
const ALONE: &str = "composer-alone";
const GROW: &str = "composer-grow";
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
    let i18n = client.i18n;
    let Draft(text) = expect_context();
    let hint = client.hint;
    let route = expect_context::<Route>();
    let writer = Memo::new(move |_| client.me.look(|me| me.as_ref().map(|me| me.name.clone()).unwrap_or_default()));
    // What was typed into the server's page before this one ran is in the field.
    text.set(browser::value(ID));
    // Each room has its own draft, and it outlives the page.
    let mut shown = None::<(Option<RoomId>, String)>;
    effect(move || {
        let (room, writer) = (room.get(), writer.get());
        let typed = text.get_untracked();
        let shown = shown.replace((room.clone(), writer.clone()));
        if shown.is_none() && !typed.is_empty() {
            let draft = room.as_ref().map(|room| drafts::get(&writer, room)).unwrap_or_default();
            if draft != typed {
                text.set(drafts::joined(&draft, &typed));
            }
            return;
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
    });
    effect(move || {
        let text = text.get();
        if let Some(room) = room.get_untracked() {
            writer.peek(|writer| drafts::put(writer, &room, &text));
        }
    });
    // A message that was taken back is to be edited here. What is being written stays, below.
    effect(move || {
        let Some((to, body)) = client.returned.get() else { return };
        client.returned.set(None);
        if room.get_untracked() == Some(to) {
            text.update(|text| *text = drafts::joined(&body, text));
        }
    });
    let send = move || {
        let Some(room) = room.get_untracked() else { return };
        let typed = text.get_untracked();
        let body = validate::body(&typed).map(str::to_owned);
        match body {
            // The shell has not been told yet in whose name. The text stays where it is, and is kept.
            Ok(_) if client.me.peek(Option::is_none) => {
                let closed = client.connection.peek(|state| matches!(state, ConnectionState::Closed { .. }));
                hint.set(i18n.t(if closed { Key::JoinToSend } else { Key::OfflineDraftKept }).to_owned());
            }
            Ok(body) => {
                client.send(&room, body);
                text.set(String::new());
                hint.set(String::new());
                scroll::to_end(false);
            }
            Err(ValidationError::Empty) => {
                hint.set(i18n.t(Key::MessageRequired).to_owned());
                // Said once is enough: Enter pressed twice is no mistake to be reminded of.
                set_timeout(
                    move || {
                        if text.peek(|text| text.trim().is_empty()) {
                            hint.set(String::new());
                        }
                    },
                    HINT_TIME,
                );
            }
            Err(ValidationError::TooLong { chars, limit }) => {
                hint.set(i18n.plural(Key::MessageTooLong, chars.saturating_sub(limit) as u64));
            }
            Err(invalid) => hint.set(i18n.validation_error(invalid)),
        }
        browser::focus(ID);
    };
    let addressee = move || {
        let here = room.get()?;
        text.look(|text| private::addressee(client, &here, text))
    };
    let send_alone = move || {
        let Some((user, body)) = untrack(addressee) else {
            // It is meant for one person: without knowing whom, it goes to nobody.
            let unknown = room.get_untracked().is_some_and(|room| {
                text.peek(|text| text.trim_start().starts_with('@')) && !private::is_alone(client, &room)
            });
            return if unknown { hint.set(i18n.t(Key::PrivateRecipientUnknown).to_owned()) } else { send() };
        };
        spawn_local(async move {
            match client.direct(user.id).await {
                Ok(direct) => {
                    text.set(String::new());
                    client.send(&direct, body);
                    route.go(&direct);
                }
                Err(why) => hint.set(why),
            }
        });
    };
    let key = move |event: &KeyboardEvent| {
        // While an input method composes, Enter chooses a word. 229 is how older browsers say so.
        if event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != 229 {
            event.prevent_default();
            if event.ctrl_key() || event.meta_key() { send_alone() } else { send() }
        } else if event.key() == "ArrowUp" && text.peek(String::is_empty) {
            event.prevent_default();
            browser::focus_last("more");
        }
    };
    let chars = move || {
        text.look(|text| if text.len() + NEAR_LIMIT < limits::MAX_BODY_CHARS { 0 } else { text.chars().count() })
    };
    effect(move || {
        let (chars, typed) = (chars(), text.get());
        browser::set_class(COUNT, "over", chars > limits::MAX_BODY_CHARS);
        let near = chars + NEAR_LIMIT >= limits::MAX_BODY_CHARS;
        let count =
            if near { [&*grouped(chars), " / ", &grouped(limits::MAX_BODY_CHARS)].concat() } else { String::new() };
        browser::set_text(COUNT, &count);
        browser::set_attribute(GROW, "data-text", &typed);
        // To set the same again would move the cursor.
        if browser::value(ID) != typed {
            browser::set_value(ID, &typed);
        }
        let to = addressee().map(|(user, _)| i18n.format(Key::SendPrivately, &[("name", &user.name)]));
        browser::set_hidden(ALONE, to.is_none());
        browser::set_text(ALONE, &to.unwrap_or_default());
    });
    effect(move || {
        let hint = hint.get();
        browser::set_hidden(HINT, hint.is_empty());
        browser::set_hidden(WAITING, absent.get() || !hint.is_empty());
        browser::set_text(HINT, &hint);
        browser::set_text(WAITING, &line(client, room.get().as_ref()));
        browser::set_attribute(LINE, "data-state", client.connection.look(ConnectionState::slug));
        browser::set_hidden(BOX, absent.get());
        let name = name(client, room.get().as_ref());
        browser::set_attribute(ID, "aria-label", &name);
        browser::set_attribute(ID, "placeholder", &name);
    });
    effect(move || {
        browser::on(ID, "input", move |_| {
            text.set(browser::value(ID));
            if let Some(room) = room.get_untracked().filter(|_| text.peek(|text| !text.is_empty())) {
                client.typing(&room);
            }
            if hint.peek(|hint| !hint.is_empty()) {
                hint.set(String::new());
            }
        });
        browser::on(ID, "keydown", move |event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                key(event);
            }
        });
        browser::on(ALONE, "click", move |_| send_alone());
        browser::on(FORM, "submit", move |event| {
            event.prevent_default();
            send();
        });
    });
    follow(client, route, room);
    still(move || {
        let (room, absent, state) = (room.get_untracked(), absent.get_untracked(), client.connection.get_untracked());
        let (name, line) = untrack(|| (name(client, room.as_ref()), line(client, room.as_ref())));
        let placeholder = name.clone();
        view! {
            // Sent before anything listens, it would load the page anew, and what was typed would be gone.
            <form class="composer" id=FORM method="dialog">
                <div class="composer-line" id=LINE data-state=state.slug()>
                    <p class="composer-hint" id=HINT data-testid="composer-hint" role="alert" hidden></p>
                    <p class="composer-waiting" id=WAITING data-testid="composer-waiting" hidden=absent>
                        {line}
                    </p>
                    <button type="button" class="link" id=ELSEWHERE data-testid="not-sent-elsewhere" hidden></button>
                    <button type="button" class="link" id=UNDO data-testid="undo-discard" hidden>
                        {i18n.t(Key::UndoDiscard)}
                    </button>
                    <p class="composer-count" id=COUNT data-testid="composer-count"></p>
                </div>
                <button
                    type="button"
                    class="pill composer-alone"
                    id=ALONE
                    data-testid="send-alone"
                    title=i18n.t(Key::SendPrivatelyShortcut)
                    hidden
                ></button>
                <div class="composer-box" id=BOX hidden=absent>
                    // The field is as high as its text: a copy of the text in the same cell of the grid gives the height.
                    <div class="composer-grow" id=GROW data-text="">
                        <textarea
                            id=ID
                            data-testid="composer"
                            rows="1"
                            dir="auto"
                            autocomplete="off"
                            enterkeyhint="send"
                            aria-label=name
                            aria-describedby=HINT
                            placeholder=placeholder
                        ></textarea>
                    </div>
                    <button
                        type="submit"
                        class="button send"
                        data-testid="send"
                        aria-label=i18n.t(Key::Send)
                        title=i18n.t(Key::SendShortcut)
                    >
                        <Icon path=SEND />
                    </button>
                </div>
            </form>
        }
    })
}

/// To where one writes.
fn name(client: Client, room: Option<&RoomId>) -> String {
    let name =
        client.rooms.look(|rooms| rooms.iter().find(|known| Some(&known.id) == room).map(|room| room.name.clone()));
    match name {
        Some(name) => client.i18n.format(Key::MessageRoom, &[("room", &name)]),
        None => client.i18n.t(Key::Message).to_owned(),
    }
}

/// `8,000`
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}
