//! The list of rooms: mine with what is unread, and public ones to go into.

use leptos::prelude::*;
use leptos_router::components::A;
use parlor_protocol::{RoomId, RoomSummary};

use super::{
    icons::{CLOSE, DOOR, Icon, PLUS},
    new_room,
};
use crate::{api, browser, colour, live::client::Client};

/// The list's id, for the button that opens it on small screens.
pub const ID: &str = "rooms";

/// The left column.
#[component]
pub fn Rooms(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let joined =
        move |joined: bool| client.rooms.get().into_iter().filter(|room| room.joined == joined).collect::<Vec<_>>();
    let more = Memo::new(move |_| client.rooms.with(|rooms| rooms.iter().any(|room| !room.joined)));
    view! {
        <nav class="rooms" id=ID popover="auto" aria-label="Rooms">
            <div class="panel-head">
                <span class="wordmark">"Parlor"</span>
                <button
                    type="button"
                    class="button icon-only rooms-close"
                    aria-label="Close"
                    popovertarget=ID
                    popovertargetaction="hide"
                >
                    <Icon path=CLOSE />
                </button>
            </div>
            <div class="rooms-scroll" data-testid="room-list">
                <div class="section-head">
                    <h2>"Rooms"</h2>
                    <button
                        type="button"
                        class="button icon-only"
                        data-testid="new-room"
                        aria-label="New room"
                        title="New room"
                        on:click=move |_| new_room::open()
                    >
                        <Icon path=PLUS />
                    </button>
                </div>
                <ul>
                    <For each=move || joined(true) key=key let(item)>
                        <RoomLink id=item.id room />
                    </For>
                </ul>
                <div class="section-head" hidden=move || !more.get()>
                    <h2>"More rooms"</h2>
                </div>
                <ul>
                    <For each=move || joined(false) key=key let(item)>
                        <RoomLink id=item.id room />
                    </For>
                </ul>
            </div>
            <Me />
        </nav>
    }
}

fn key(room: &RoomSummary) -> RoomId {
    room.id.clone()
}

/// One room. Its place in the list is the list's business; what it shows follows the room.
#[component]
fn RoomLink(id: RoomId, room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let summary = {
        let id = id.clone();
        Memo::new(move |_| client.rooms.with(|rooms| rooms.iter().find(|room| room.id == id).cloned()))
    };
    let name = move || summary.with(|room| room.as_ref().map(|room| room.name.clone())).unwrap_or_default();
    let unread =
        Memo::new(move |_| summary.with(|room| room.as_ref().filter(|room| room.joined).map_or(0, |room| room.unread)));
    let has_unread = Signal::derive(move || unread.get() > 0);
    let current = {
        let id = id.clone();
        move || room.with(|room| room.as_ref() == Some(&id))
    };
    let count = move || match unread.get() {
        0 => String::new(),
        count @ 1..=99 => count.to_string(),
        _ => "99+".into(),
    };
    view! {
        <li>
            <A
                href=format!("/r/{id}")
                attr:class="room-link"
                attr:data-testid="room-link"
                attr:data-room=id.to_string()
                class:current=current
                class:has-unread=has_unread
                on:click=move |_| browser::hide_popover(ID)
            >
                <span class="room-hash" aria-hidden="true">
                    "#"
                </span>
                <span class="room-name">{name}</span>
                <span class="unread" data-testid="unread" hidden=move || unread.get() == 0>
                    {count}
                </span>
                <span class="sr-only" hidden=move || unread.get() == 0>
                    " unread"
                </span>
            </A>
        </li>
    }
}

/// Who is reading, and the way out.
#[component]
fn Me() -> impl IntoView {
    let client = expect_context::<Client>();
    let me = move || client.me.get();
    let name = move || me().map(|me| me.name).unwrap_or_default();
    let leave = move |_| {
        leptos::task::spawn_local(async move {
            // Without an answer the session stays, and the front page would only lead back here.
            if matches!(api::sign_out().await, Ok(()) | Err(api::ApiError::Unauthorized)) {
                browser::go("/");
            }
        });
    };
    view! {
        <div class="me">
            <span
                class=move || format!("avatar small {}", me().map(|me| colour::class(me.id)).unwrap_or_default())
                aria-hidden="true"
            >
                {move || colour::initials(&name())}
            </span>
            <span class="me-name">{name}</span>
            <button type="button" class="button quiet" data-testid="sign-out" title="Sign out" on:click=leave>
                <Icon path=DOOR />
                "Leave"
            </button>
        </div>
    }
}
