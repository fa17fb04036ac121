//! The line above the messages: the room's name, the connection, who is there.
//!
//! It is in the server's page as a whole, and what changes in it is put in by hand: as views with a signal for each value, this
//! line and the connection's were 10 kB of wasm.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomKind};

use super::{
    Look,
    chat::PeopleShown,
    connection::{self, Badge},
    effect,
    icons::{self, Icon, MENU, PEOPLE, SETTINGS},
    people, rooms, still,
};
use crate::{browser, i18n::Key, live::client::Client, page::counted};

/// Where the people have a column of their own.
const WIDE: &str = "(min-width: 1100px)";

/// Ids of what changes.
const ROOMS: &str = "rooms-toggle";
const KIND: &str = "room-kind";
const ICON: &str = "room-icon";
const NAME: &str = "room-name";
const TOPIC: &str = "room-topic";
const SETTINGS_LINK: &str = "room-settings";
const PEOPLE_TOGGLE: &str = "people-toggle";
const COUNT: &str = "online-count";

/// What the line says.
#[derive(Default)]
struct Heading {
    name: String,
    kind: Option<RoomKind>,
    topic: String,
    settings: String,
    /// Unread messages of other rooms are not to be missed on small screens: the drawer's button tells of them.
    elsewhere: bool,
    online: String,
    absent: bool,
}

impl Heading {
    fn of(client: Client, room: Option<&RoomId>, absent: bool) -> Self {
        let count = room.and_then(|room| client.view(room).about.look(|about| about.online_count));
        let mut heading = Self {
            settings: room.map(|room| format!("/rooms/{room}/settings")).unwrap_or_default(),
            // Before the server has counted, at least the reader is here.
            online: count.unwrap_or(1).to_string(),
            absent,
            ..Self::default()
        };
        client.rooms.look(|rooms| {
            for summary in rooms {
                if Some(&summary.id) == room {
                    heading.name.clone_from(&summary.name);
                    heading.kind = Some(summary.kind);
                    heading.topic = summary.topic.clone().unwrap_or_default();
                } else {
                    heading.elsewhere |= counted(summary) > 0;
                }
            }
        });
        if absent {
            client.i18n.t(Key::RoomNotFound).clone_into(&mut heading.name);
        }
        heading
    }

    fn put(&self) {
        browser::set_text(NAME, &self.name);
        browser::set_attribute(ICON, "d", icons::of(self.kind));
        browser::set_text(TOPIC, &self.topic);
        browser::set_attribute(TOPIC, "title", &self.topic);
        browser::set_attribute(SETTINGS_LINK, "href", &self.settings);
        browser::set_text(COUNT, &self.online);
        browser::set_class(ROOMS, "has-unread", self.elsewhere);
        browser::set_hidden(KIND, self.absent);
        browser::set_hidden(SETTINGS_LINK, self.absent);
    }
}

/// The header.
#[component]
pub fn Header(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
    /// There is no such room.
    absent: Signal<bool>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let PeopleShown(shown) = expect_context();
    let heading = move || Heading::of(client, room.get().as_ref(), absent.get());
    effect(move || heading().put());
    effect(move || {
        connection::listen(client);
        browser::on(PEOPLE_TOGGLE, "click", move |event| {
            if browser::matches(WIDE) {
                event.prevent_default();
                shown.update(|shown| *shown = !*shown);
            }
        });
    });
    connection::follow(client);
    still(move || {
        let heading = untrack(heading);
        let badge = untrack(|| Badge::of(client));
        let topic = heading.topic.clone();
        let drawer = if heading.elsewhere { " has-unread" } else { "" };
        view! {
            <header class="room-header">
                <button
                    type="button"
                    id=ROOMS
                    class=["button icon-only rooms-toggle", drawer].concat()
                    aria-label=i18n.t(Key::Rooms)
                    popovertarget=rooms::ID
                >
                    <Icon path=MENU />
                </button>
                <h1 class="room-title">
                    <span class="room-hash" id=KIND hidden=heading.absent>
                        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                            <path id=ICON d=icons::of(heading.kind)></path>
                        </svg>
                    </span>
                    <span class="room-title-name" id=NAME>
                        {heading.name}
                    </span>
                </h1>
                <p class="room-topic" id=TOPIC data-testid="topic" title=topic>
                    {heading.topic}
                </p>
                <a
                    class="button icon-only room-settings"
                    id=SETTINGS_LINK
                    href=heading.settings
                    rel="external"
                    hidden=heading.absent
                    title=i18n.t(Key::RoomSettings)
                >
                    <Icon path=SETTINGS />
                    <span class="sr-only">{i18n.t(Key::RoomSettings)}</span>
                </a>
                {badge.view(i18n)}
                <button
                    type="button"
                    id=PEOPLE_TOGGLE
                    class="button people-toggle"
                    popovertarget=people::ID
                    title=i18n.t(Key::ShowPeople)
                >
                    <Icon path=PEOPLE />
                    <span class="sr-only">{i18n.t(Key::PeoplePrefix)}</span>
                    <span id=COUNT data-testid="online-count">
                        {heading.online}
                    </span>
                    <span class="people-word">{i18n.t(Key::OnlineSuffix)}</span>
                </button>
            </header>
        }
    })
}
