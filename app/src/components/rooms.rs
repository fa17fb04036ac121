//! The list of rooms: mine with what is unread, and public ones to go into.

use leptos::{ev::SubmitEvent, prelude::*};
use parlor_protocol::{RoomId, RoomKind, RoomSummary};

use super::{
    flag,
    icons::{CLOSE, DOOR, Icon, PLUS, RoomIcon},
    languages, new_room, still, text,
};
use crate::{
    api, browser, colour, kept,
    live::{client::Client, connection::ConnectionState},
    route::Route,
    words::Word,
};

/// The list's id, for the button that opens it on small screens.
pub const ID: &str = "rooms";

/// The left column.
#[component]
pub fn Rooms(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    view! {
        <nav class="rooms" id=ID popover="auto" aria-label=words.of(Word::Rooms)>
            {still(move || view! {
            <div class="panel-head">
                <span class="wordmark">"Parlor"</span>
                <button
                    type="button"
                    class="button icon-only rooms-close"
                    aria-label=words.of(Word::Close)
                    popovertarget=ID
                    popovertargetaction="hide"
                >
                    <Icon path=CLOSE />
                </button>
            </div>
            })}
            <div class="rooms-scroll" data-testid="room-list">
                <div class="section-head">
                    {still(move || view! { <h2>{words.of(Word::Rooms)}</h2> })}
                    <button
                        type="button"
                        class="button icon-only new-room"
                        data-testid="new-room"
                        aria-label=words.of(Word::NewRoom)
                        title=words.of(Word::NewRoom)
                        on:click=move |_| new_room::open()
                    >
                        {still(|| view! { <Icon path=PLUS /> })}
                    </button>
                </div>
                <RoomList part=Part::Mine room />
                <div class="section-head" hidden=part_is_empty(client, Part::Direct)>
                    {still(move || view! { <h2>{words.of(Word::DirectRooms)}</h2> })}
                </div>
                <RoomList part=Part::Direct room />
                <div class="section-head" hidden=part_is_empty(client, Part::More)>
                    {still(move || view! { <h2>{words.of(Word::MoreRooms)}</h2> })}
                </div>
                <RoomList part=Part::More room />
            </div>
            <Me room />
        </nav>
    }
}

/// A part of the list.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Rooms that the reader is in.
    Mine,
    /// Conversations with certain people.
    Direct,
    /// Rooms to go into.
    More,
}

impl Part {
    const fn of(room: &RoomSummary) -> Self {
        match room.kind {
            _ if !room.joined => Self::More,
            RoomKind::Direct => Self::Direct,
            RoomKind::Public | RoomKind::Private => Self::Mine,
        }
    }
}

fn part_is_empty(client: Client, part: Part) -> Signal<bool> {
    flag(move || client.rooms.with(|rooms| rooms.iter().all(|room| Part::of(room) != part)))
}

#[component]
fn RoomList(part: Part, room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let ids = Memo::new(move |_| {
        client.rooms.with(|rooms| {
            rooms.iter().filter(|room| Part::of(room) == part).map(|room| room.id.clone()).collect::<Vec<_>>()
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
    let kind = Signal::derive(move || summary.with(|room| room.as_ref().map_or(RoomKind::Public, |room| room.kind)));
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
                <span class="room-hash">
                    <RoomIcon kind />
                </span>
                <span class="room-name">{name}</span>
                <span class="unread" data-testid="unread" hidden=all_read>
                    {count}
                </span>
                <span class="sr-only" hidden=all_read>
                    {client.words.of(Word::Unread)}
                </span>
            </a>
        </li>
    }
}

/// Who is reading, and the way out.
#[component]
fn Me(room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
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
                Err(_) => problem.set(words.of(Word::SignOutNeedsServer)),
            }
        });
    };
    let here = move || room.get_untracked().map(|room| format!("/r/{room}")).unwrap_or_default();
    // Another language comes from the server, and without one there would be no page at all.
    let change = move |event: SubmitEvent| {
        browser::set_attribute(languages::NEXT, "value", &here());
        if client.connection.with_untracked(ConnectionState::can_try_now) {
            event.prevent_default();
            problem.set(words.of(Word::LanguageNeedsServer));
        }
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
            <a class="me-name" href="/account" rel="external" title=words.of(Word::YourAccount)>
                {name}
            </a>
            <button type="button" class="button quiet" data-testid="sign-out" title=words.of(Word::SignOut) on:click=leave>
                {still(|| view! { <Icon path=DOOR /> })}
                {words.of(Word::SignOut)}
            </button>
        </div>
        <div class="me-languages" on:submit=change>
            {still(move || languages::form(words, here()))}
        </div>
    }
}
