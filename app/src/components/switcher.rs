//! Ctrl or Cmd and K: to any room, by a few letters of its name.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomSummary};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};

use super::{Look, dialog::dialog, effect, icons, rooms};
use crate::{
    browser,
    i18n::{I18n, Key},
    live::client::Client,
    page::counted,
    route::Route,
    text::escape,
};

/// The dialog's id.
const ID: &str = "switcher";
/// The field's id.
const FIELD: &str = "switcher-field";
/// The list's id.
const LIST: &str = "switcher-list";
/// Rooms that are shown at a time.
const SHOWN: usize = 8;

/// What the dialog shows. A handle: copies are the same.
#[derive(Clone, Copy)]
pub struct Switch {
    client: Client,
    room: Signal<Option<RoomId>>,
    /// Which of the rooms in the list is chosen.
    at: StoredValue<usize>,
}

impl Switch {
    /// Nothing yet. `room` is the one on the screen.
    #[must_use]
    pub fn new(client: Client, room: Signal<Option<RoomId>>) -> Self {
        Self { client, room, at: StoredValue::new(0) }
    }

    /// Opens the dialog.
    pub fn open(self) {
        browser::hide_popover(rooms::ID);
        browser::set_value(FIELD, "");
        self.choose(0);
        browser::show_dialog(ID);
    }

    fn found(self) -> Vec<RoomSummary> {
        let here = self.room.get_untracked();
        self.client.rooms.peek(|rooms| find(rooms, here.as_ref(), &browser::value(FIELD)))
    }

    fn choose(self, at: usize) {
        self.at.set_value(at);
        browser::set_html(LIST, &html(&self.found(), at, self.client.i18n));
        browser::set_attribute(FIELD, "aria-activedescendant", &format!("{LIST}-{at}"));
    }
}

fn body(i18n: I18n) -> String {
    let (label, rooms) = (i18n.t(Key::GoToRoom), i18n.t(Key::Rooms));
    format!(
        "<form method=dialog><input id={FIELD} data-testid={FIELD} type=text role=combobox aria-expanded=true \
         aria-controls={LIST} aria-label=\"{label}\" placeholder=\"{label}\" autocomplete=off autofocus></form>\
         <ul id={LIST} role=listbox aria-label=\"{rooms}\"></ul>"
    )
}

/// The dialog.
#[component]
pub fn Switcher() -> impl IntoView {
    let switch = expect_context::<Switch>();
    let i18n = switch.client.i18n;
    let route = expect_context::<Route>();
    let go = move |room: &RoomId| {
        browser::close_dialog(ID);
        route.go(room);
    };
    let key = move |event: &KeyboardEvent| {
        let (at, found) = (switch.at.get_value(), switch.found());
        let count = found.len().max(1);
        match event.key().as_str() {
            "ArrowDown" => switch.choose((at + 1) % count),
            "ArrowUp" => switch.choose((at + count - 1) % count),
            "Enter" if !event.is_composing() => {
                if let Some(room) = found.get(at) {
                    go(&room.id);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let heard = move |event: &Event| {
        if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
            return key(event);
        }
        if event.type_() == "input" {
            return switch.choose(0);
        }
        let item = event_target::<Element>(event).closest("[data-room]").ok().flatten();
        if let Some(room) = item.and_then(|item| item.get_attribute("data-room")) {
            go(&RoomId::from(room));
        }
    };
    effect(move || browser::on_shortcut("k", move || switch.open()));
    dialog(ID, "dialog switcher", i18n.t(Key::GoToRoom), move || body(i18n), heard)
}

/// The rooms that one may mean, the likeliest first: those that begin so, then those with it elsewhere; with nothing typed,
/// those where something is unread.
fn find(rooms: &[RoomSummary], here: Option<&RoomId>, typed: &str) -> Vec<RoomSummary> {
    let typed = typed.trim().to_ascii_lowercase();
    let mut found = Vec::new();
    for first in [true, false] {
        for room in rooms.iter().filter(|room| Some(&room.id) != here) {
            let name = room.name.to_ascii_lowercase();
            let is_first = if typed.is_empty() { counted(room) > 0 } else { name.starts_with(&typed) };
            if is_first == first && name.contains(&typed) && found.len() < SHOWN {
                found.push(room.clone());
            }
        }
    }
    found
}

fn html(rooms: &[RoomSummary], chosen: usize, i18n: I18n) -> String {
    let mut html = String::new();
    for (n, room) in rooms.iter().enumerate() {
        let icon = icons::html(icons::of(Some(room.kind)));
        let count = match counted(room) {
            0 => String::new(),
            count => ["<span class=\"unread\">", &count.to_string(), "</span>"].concat(),
        };
        for text in [
            "<li role=\"option\" data-testid=\"switcher-room\" id=\"",
            LIST,
            "-",
            &n.to_string(),
            "\" aria-selected=\"",
            if n == chosen { "true" } else { "false" },
            "\" data-room=\"",
            &escape(room.id.as_str()),
            "\">",
            &icon,
            "<span class=\"room-name\">",
            &escape(&room.name),
            "</span>",
            &count,
            "</li>",
        ] {
            html.push_str(text);
        }
    }
    if html.is_empty() {
        return ["<li class=\"soft\">", i18n.t(Key::NoRoomsFound), "</li>"].concat();
    }
    html
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{NotificationLevel, RoomKind};

    use super::*;

    fn room(name: &str, unread: u64) -> RoomSummary {
        RoomSummary {
            id: name.into(),
            name: name.into(),
            kind: RoomKind::Public,
            topic: None,
            head: 9,
            read: 0,
            unread,
            mentions: 0,
            level: NotificationLevel::All,
            marked: false,
            joined: true,
            gone: false,
            archived: false,
            moderator: false,
            people: Vec::new(),
        }
    }

    #[test]
    fn the_likeliest_is_first_and_here_is_nowhere_to_go() {
        let rooms = [room("lobby", 0), room("Cookbooks", 0), room("books", 3), room("Bookshelf", 0)];
        let names = |typed: &str| {
            find(&rooms, Some(&"lobby".into()), typed).into_iter().map(|room| room.name).collect::<Vec<_>>()
        };
        assert_eq!(names(" BOOK"), ["books", "Bookshelf", "Cookbooks"]);
        assert_eq!(names(""), ["books", "Cookbooks", "Bookshelf"]);
        assert_eq!(names("lob"), Vec::<String>::new());
    }

    #[test]
    fn names_are_text() {
        let html = html(&[room("<b>", 1)], 0, I18n::default());
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>"), "{html}");
    }
}
