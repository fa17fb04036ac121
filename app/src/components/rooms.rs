//! The list of rooms: mine with what is unread, and public ones to go into.

use leptos::prelude::*;
use parlor_protocol::RoomId;

use super::{
    flag,
    icons::{CLOSE, DOOR, Icon, PLUS},
    new_room, text,
};
use crate::{api, browser, colour, kept, live::client::Client, route::Route};

/// The list's id, for the button that opens it on small screens.
pub const ID: &str = "rooms";

/// The left column.
#[component]
pub fn Rooms(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let no_more = flag(move || client.rooms.with(|rooms| rooms.iter().all(|room| room.joined)));
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
                        class="button icon-only new-room"
                        data-testid="new-room"
                        aria-label="New room"
                        title="New room"
                        on:click=move |_| new_room::open()
                    >
                        <Icon path=PLUS />
                    </button>
                </div>
                <RoomList joined=true room />
                <div class="section-head" hidden=no_more>
                    <h2>"More rooms"</h2>
                </div>
                <RoomList joined=false room />
            </div>
            <Me />
        </nav>
    }
}

/// Mine, or those that one can go into.
#[component]
fn RoomList(joined: bool, room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let ids = Memo::new(move |_| {
        client.rooms.with(|rooms| {
            rooms.iter().filter(|room| room.joined == joined).map(|room| room.id.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        <ul>
            <For each=move || ids.get() key=RoomId::clone let(id)>
                <RoomLink id room />
            </For>
        </ul>
    }
}

/// One room. Its place in the list is the list's business; what it shows follows the room.
#[component]
fn RoomLink(id: RoomId, room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let route = expect_context::<Route>();
    let summary = {
        let id = id.clone();
        Signal::derive(move || client.rooms.with(|rooms| rooms.iter().find(|room| room.id == id).cloned()))
    };
    let name = text(move || summary.with(|room| room.as_ref().map(|room| room.name.clone())).unwrap_or_default());
    let unread = move || summary.with(|room| room.as_ref().filter(|room| room.joined).map_or(0, |room| room.unread));
    let has_unread = flag(move || unread() > 0);
    let all_read = flag(move || unread() == 0);
    let current = {
        let id = id.clone();
        flag(move || room.with(|room| room.as_ref() == Some(&id)))
    };
    let count = text(move || match unread() {
        0 => String::new(),
        count @ 1..=99 => count.to_string(),
        _ => "99+".into(),
    });
    view! {
        <li>
            <a
                href=format!("/r/{id}")
                class="room-link"
                data-testid="room-link"
                data-room=id.to_string()
                class:current=current
                class:has-unread=has_unread
                aria-current=Signal::derive(move || current.get().then_some("page"))
                on:click=move |event| {
                    route.follow(&event, &id);
                    browser::hide_popover(ID);
                }
            >
                <span class="room-hash" aria-hidden="true">
                    "#"
                </span>
                <span class="room-name">{name}</span>
                <span class="unread" data-testid="unread" hidden=all_read>
                    {count}
                </span>
                <span class="sr-only" hidden=all_read>
                    " unread"
                </span>
            </a>
        </li>
    }
}

/// Who is reading, and the way out.
#[component]
fn Me() -> impl IntoView {
    let client = expect_context::<Client>();
    let me = move || client.me.get();
    let name = text(move || me().map(|me| me.name).unwrap_or_default());
    let problem = RwSignal::new("");
    let leave = move |_| {
        leptos::task::spawn_local(async move {
            problem.set("");
            match api::sign_out().await {
                Ok(()) | Err(api::ApiError::Unauthorized) => {
                    kept::forget_rooms().await;
                    kept::drafts::forget_all();
                    browser::go("/");
                }
                // Without an answer the session stays, and the front page would only lead back here.
                Err(_) => problem.set("Signing out needs the server. You are still signed in here."),
            }
        });
    };
    view! {
        <p class="me-problem" role="alert" hidden=flag(move || problem.with(|problem| problem.is_empty()))>
            {text(move || problem.get())}
        </p>
        <div class="me">
            <span
                class=text(move || format!("avatar small {}", me().map(|me| colour::class(me.id)).unwrap_or_default()))
                aria-hidden="true"
            >
                {text(move || name.with(|name| colour::initials(name)))}
            </span>
            <span class="me-name">{name}</span>
            <button type="button" class="button quiet" data-testid="sign-out" title="Sign out" on:click=leave>
                <Icon path=DOOR />
                "Sign out"
            </button>
        </div>
    }
}
