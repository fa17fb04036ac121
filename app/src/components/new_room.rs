//! The dialog that makes a room.

use leptos::{prelude::*, task::spawn_local};
use parlor_protocol::{RoomKind, limits, validate};
use web_sys::Event;

use super::{
    dialog::{dialog, pressed},
    rooms,
};
use crate::{
    browser,
    i18n::{Word, Words},
    live::client::Client,
    route::Route,
};

/// The dialog's id.
pub const ID: &str = "new-room";
/// Ids of what is in it.
const NAME: &str = "new-room-name";
const PRIVATE: &str = "new-room-private";
const HELP: &str = "new-room-help";
const PROBLEM: &str = "new-room-problem";
const CREATE: &str = "new-room-create";

/// Opens the dialog.
pub fn open() {
    browser::hide_popover(rooms::ID);
    browser::show_dialog(ID);
}

fn body(words: Words) -> String {
    let word = |word| words.of(word);
    format!(
        "<form><h2>{}</h2><label for={NAME}>{}</label>\
         <input id={NAME} data-testid={NAME} type=text autocomplete=off autofocus maxlength={} placeholder=\"{}\" aria-describedby={PROBLEM}>\
         <label class=choice><input type=checkbox id={PRIVATE} data-testid={PRIVATE}><span>{}</span></label>\
         <p id={HELP} class=soft>{}</p><p id={PROBLEM} class=problem role=alert></p>\
         <div class=dialog-actions><button type=button class=button data-testid=cancel>{}</button>\
         <button type=submit class=\"button primary\" id={CREATE} data-testid={CREATE}>{}</button></div></form>",
        word(Word::NewRoom),
        word(Word::RoomName),
        limits::MAX_ROOM_NAME_CHARS,
        word(Word::RoomExample),
        word(Word::PrivateRoom),
        word(Word::NewRoomHelp),
        word(Word::Cancel),
        word(Word::Create),
    )
}

/// The dialog.
#[component]
pub fn NewRoom() -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let route = expect_context::<Route>();
    let busy = StoredValue::new(false);
    let create = move || {
        if busy.get_value() {
            return;
        }
        let named = match validate::room_name(&browser::value(NAME)) {
            Ok(named) => named,
            Err(validate::ValidationError::Empty) => return browser::set_text(PROBLEM, words.of(Word::RoomNeedsName)),
            Err(invalid) => return browser::set_text(PROBLEM, &words.invalid(invalid)),
        };
        busy.set_value(true);
        browser::set_text(PROBLEM, "");
        browser::set_text(CREATE, words.of(Word::Creating));
        let kind = if browser::is_checked(PRIVATE) { RoomKind::Private } else { RoomKind::Public };
        spawn_local(async move {
            match client.create_room(named, kind).await {
                Ok(room) => {
                    browser::set_value(NAME, "");
                    browser::uncheck(PRIVATE);
                    explain(words);
                    browser::close_dialog(ID);
                    route.go(&room);
                }
                Err(why) => browser::set_text(PROBLEM, &why),
            }
            browser::set_text(CREATE, words.of(Word::Create));
            busy.set_value(false);
        });
    };
    let heard = move |event: &Event| match event.type_().as_str() {
        "submit" => {
            event.prevent_default();
            create();
        }
        "input" => {
            browser::set_text(PROBLEM, "");
            explain(words);
        }
        _ if pressed(event).as_deref() == Some("cancel") => browser::close_dialog(ID),
        _ => {}
    };
    dialog(ID, "dialog", words.of(Word::NewRoom), move || body(words), heard)
}

/// Says who will see the room.
fn explain(words: Words) {
    let private = browser::is_checked(PRIVATE);
    browser::set_text(HELP, words.of(if private { Word::PrivateRoomHelp } else { Word::NewRoomHelp }));
}
