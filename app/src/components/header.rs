//! The line above the messages: the room's name, the connection, who is there.

use leptos::prelude::*;
use parlor_protocol::{RoomId, RoomKind};

use super::{
    chat::PeopleShown,
    connection::Connection,
    flag,
    icons::{Icon, MENU, PEOPLE, RoomIcon},
    people, rooms, still, text,
};
use crate::{browser, live::client::Client, words::Word};

/// Where the people have a column of their own.
const WIDE: &str = "(min-width: 1100px)";

/// The header.
#[component]
pub fn Header(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
    /// There is no such room.
    absent: Signal<bool>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let PeopleShown(shown) = expect_context();
    let name = text(move || {
        if absent.get() {
            return words.of(Word::NoSuchRoom).to_owned();
        }
        let id = room.get();
        client.rooms.with(|rooms| {
            rooms.iter().find(|room| Some(&room.id) == id.as_ref()).map(|room| room.name.clone()).unwrap_or_default()
        })
    });
    let kind = Signal::derive(move || {
        let id = room.get();
        client.rooms.with(|rooms| {
            rooms.iter().find(|room| Some(&room.id) == id.as_ref()).map_or(RoomKind::Public, |room| room.kind)
        })
    });
    // In the drawer's button: unread messages of other rooms are not to be missed on small screens.
    let elsewhere = flag(move || {
        let id = room.get();
        client
            .rooms
            .with(|rooms| rooms.iter().any(|room| room.joined && room.unread > 0 && Some(&room.id) != id.as_ref()))
    });
    let online = text(move || {
        let count = room.get().and_then(|room| client.view(&room).about.with(|about| about.online_count));
        // Before the server has counted, at least the reader is here.
        count.unwrap_or(1).to_string()
    });
    view! {
        <header class="room-header">
            <button
                type="button"
                class="button icon-only rooms-toggle"
                class:has-unread=elsewhere
                aria-label=words.of(Word::Rooms)
                popovertarget=rooms::ID
            >
                {still(|| view! { <Icon path=MENU /> })}
            </button>
            <h1 class="room-title">
                <span class="room-hash" hidden=absent>
                    <RoomIcon kind />
                </span>
                <span class="room-title-name">{name}</span>
            </h1>
            <Connection />
            <button
                type="button"
                class="button people-toggle"
                popovertarget=people::ID
                title=words.of(Word::WhoIsHere)
                on:click=move |event| {
                    if browser::matches(WIDE) {
                        event.prevent_default();
                        shown.update(|shown| *shown = !*shown);
                    }
                }
            >
                {still(|| view! { <Icon path=PEOPLE /> })}
                {still(move || view! { <span class="sr-only">{words.of(Word::PeopleCount)}</span> })}
                <span data-testid="online-count">{online}</span>
                {still(move || view! { <span class="people-word">{words.of(Word::Online)}</span> })}
            </button>
        </header>
    }
}
