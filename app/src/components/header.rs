//! The header of the current room: its name and topic, the connection, how many people are online.

use leptos::{ev::MouseEvent, prelude::*};

use super::{
    connection::ConnectionBadge,
    current_room::CurrentRoom,
    icons::{Icon, MENU, PEOPLE, RoomIcon, SETTINGS},
    layout::Layout,
    people, rooms,
};
use crate::{browser, i18n::Key, live::client::Client, page::counted};

/// Where the people have a column of their own.
const WIDE: &str = "(min-width: 1100px)";

#[component]
pub fn Header() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let layout = expect_context::<Layout>();
    let name = move || match room.missing.get() {
        true => i18n.t(Key::RoomNotFound).to_owned(),
        false => room.name().unwrap_or_default(),
    };
    let kind = Signal::derive(move || room.summary.read().as_ref().map(|room| room.kind));
    let topic = Memo::new(move |_| room.summary.read().as_ref().and_then(|room| room.topic.clone()));
    let settings = move || room.id.get().map(|room| format!("/rooms/{room}/settings"));
    // On small screens the room list is a drawer, whose button shows that there are unread messages in other rooms.
    let unread_elsewhere = Memo::new(move |_| {
        let here = room.id.get();
        client.rooms.read().iter().any(|room| Some(&room.id) != here.as_ref() && counted(room) > 0)
    });
    // Before the server has counted, at least the user is online.
    let online = move || room.with_status(|status| status.online_count).unwrap_or(1);
    let toggle_people = move |event: MouseEvent| {
        if browser::matches(WIDE) {
            event.prevent_default();
            layout.people_shown.update(|shown| *shown = !*shown);
        }
    };
    view! {
        <header class="room-header">
            <button
                type="button"
                class="button icon-only rooms-toggle"
                class:has-unread=move || unread_elsewhere.get()
                aria-label=i18n.t(Key::Rooms)
                popovertarget=rooms::ID
            >
                <Icon path=MENU />
            </button>
            <h1 class="room-title">
                <span class="room-hash" hidden=move || room.missing.get()>
                    <RoomIcon kind />
                </span>
                <span class="room-title-name">{move || name()}</span>
            </h1>
            <p class="room-topic" data-testid="topic" title=move || topic.get()>
                {move || topic.get()}
            </p>
            <a
                class="button icon-only room-settings"
                href=move || settings()
                hidden=move || room.missing.get()
                title=i18n.t(Key::RoomSettings)
            >
                <Icon path=SETTINGS />
                <span class="sr-only">{i18n.t(Key::RoomSettings)}</span>
            </a>
            <ConnectionBadge />
            <button
                type="button"
                class="button people-toggle"
                popovertarget=people::ID
                title=i18n.t(Key::ShowPeople)
                on:click=toggle_people
            >
                <Icon path=PEOPLE />
                <span class="sr-only">{i18n.t(Key::PeoplePrefix)}</span>
                <span data-testid="online-count">{move || online().to_string()}</span>
                <span class="people-word">{i18n.t(Key::OnlineSuffix)}</span>
            </button>
        </header>
    }
}
