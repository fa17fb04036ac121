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
    i18n::{I18n, Key},
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

fn body(i18n: I18n) -> String {
    let word = |word| i18n.t(word);
    format!(
        "<form><h2>{}</h2><label for={NAME}>{}</label>\
         <input id={NAME} data-testid={NAME} type=text autocomplete=off autofocus maxlength={} placeholder=\"{}\" aria-describedby={PROBLEM}>\
         <label class=choice><input type=checkbox id={PRIVATE} data-testid={PRIVATE}><span>{}</span></label>\
         <p id={HELP} class=soft>{}</p><p id={PROBLEM} class=problem role=alert></p>\
         <div class=dialog-actions><button type=button class=button data-testid=cancel>{}</button>\
         <button type=submit class=\"button primary\" id={CREATE} data-testid={CREATE}>{}</button></div></form>",
        word(Key::CreateRoom),
        word(Key::RoomName),
        limits::MAX_ROOM_NAME_CHARS,
        word(Key::RoomNamePlaceholder),
        word(Key::Private),
        word(Key::PublicRoomHelp),
        word(Key::Cancel),
        word(Key::Create),
    )
}

/// The dialog.
#[component]
pub fn NewRoom() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let route = expect_context::<Route>();
    let busy = StoredValue::new(false);
    let create = move || {
        if busy.get_value() {
            return;
        }
        let named = match validate::room_name(&browser::value(NAME)) {
            Ok(named) => named,
            Err(validate::ValidationError::Empty) => return browser::set_text(PROBLEM, i18n.t(Key::RoomNameRequired)),
            Err(invalid) => return browser::set_text(PROBLEM, &i18n.validation_error(invalid)),
        };
        busy.set_value(true);
        browser::set_text(PROBLEM, "");
        browser::set_text(CREATE, i18n.t(Key::Creating));
        let kind = if browser::is_checked(PRIVATE) { RoomKind::Private } else { RoomKind::Public };
        spawn_local(async move {
            match client.create_room(named, kind).await {
                Ok(room) => {
                    browser::set_value(NAME, "");
                    browser::uncheck(PRIVATE);
                    explain(i18n);
                    browser::close_dialog(ID);
                    route.go(&room);
                }
                Err(why) => browser::set_text(PROBLEM, &why),
            }
            browser::set_text(CREATE, i18n.t(Key::Create));
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
            explain(i18n);
        }
        _ if pressed(event).as_deref() == Some("cancel") => browser::close_dialog(ID),
        _ => {}
    };
    dialog(ID, "dialog", i18n.t(Key::CreateRoom), move || body(i18n), heard)
}

/// Says who will see the room.
fn explain(i18n: I18n) {
    let private = browser::is_checked(PRIVATE);
    browser::set_text(HELP, i18n.t(if private { Key::PrivateRoomHelp } else { Key::PublicRoomHelp }));
}
