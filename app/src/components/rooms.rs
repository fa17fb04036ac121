//! The list of rooms: mine with what is unread, and public ones to go into.

use leptos::prelude::*;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, RoomSummary};

use super::{
    Look, effect, flag,
    icons::{CLOSE, DOOR, Icon, PLUS, RoomIcon, SEARCH, kind},
    languages, new_room, still,
    switcher::Switch,
    text,
};
use crate::{
    api, browser, colour,
    i18n::Key,
    live::{client::Client, connection::ConnectionState},
    page::counted,
    reactive::derive,
    route::Route,
    storage,
};

/// The list's id, for the button that opens it on small screens.
pub const ID: &str = "rooms";

/// The buttons above it.
const GO_TO: &str = "go-to";
const NEW_ROOM: &str = "open-new-room";

/// The left column.
#[component]
pub fn Rooms(
    /// The room on the screen.
    room: Signal<Option<RoomId>>,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let switch = expect_context::<Switch>();
    effect(move || {
        browser::on(GO_TO, "click", move |_| switch.open());
        browser::on(NEW_ROOM, "click", |_| new_room::open());
    });
    view! {
        <nav class="rooms" id=ID popover="auto" aria-label=i18n.t(Key::Rooms)>
            {still(move || view! {
            <div class="panel-head">
                <span class="wordmark">"Parlor"</span>
                <a class="button quiet" href="/people" rel="external">
                    {i18n.t(Key::People)}
                </a>
                <button
                    type="button"
                    class="button icon-only rooms-close"
                    aria-label=i18n.t(Key::Close)
                    popovertarget=ID
                    popovertargetaction="hide"
                >
                    <Icon path=CLOSE />
                </button>
            </div>
            })}
            <div class="rooms-scroll" data-testid="room-list">
                {still(move || view! {
                <div class="section-head">
                    <h2>{i18n.t(Key::Rooms)}</h2>
                    <button
                        type="button"
                        class="button icon-only go-to"
                        id=GO_TO
                        data-testid="go-to"
                        aria-label=i18n.t(Key::GoToRoom)
                        title=i18n.t(Key::GoToRoomShortcut)
                    >
                        <Icon path=SEARCH />
                    </button>
                    <button
                        type="button"
                        class="button icon-only new-room"
                        id=NEW_ROOM
                        data-testid="new-room"
                        aria-label=i18n.t(Key::CreateRoom)
                        title=i18n.t(Key::CreateRoom)
                    >
                        <Icon path=PLUS />
                    </button>
                </div>
                })}
                <RoomList part=Part::Mine room />
                <div class="section-head" hidden=part_is_empty(client, Part::Direct)>
                    {still(move || view! { <h2>{i18n.t(Key::DirectMessages)}</h2> })}
                </div>
                <RoomList part=Part::Direct room />
                <div class="section-head" hidden=part_is_empty(client, Part::More)>
                    {still(move || view! { <h2>{i18n.t(Key::OtherRooms)}</h2> })}
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
    flag(move || client.rooms.look(|rooms| rooms.iter().all(|room| Part::of(room) != part)))
}

#[component]
fn RoomList(part: Part, room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let ids = Memo::new(move |_| {
        client.rooms.look(|rooms| {
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
        derive(Box::new(move || client.rooms.look(|rooms| rooms.iter().find(|room| room.id == id).cloned())))
    };
    let name = text(move || summary.look(|room| room.as_ref().map(|room| room.name.clone())).unwrap_or_default());
    let kind = kind(move || summary.look(|room| room.as_ref().map(|room| room.kind)));
    let unread = move || summary.look(|room| room.as_ref().map_or(0, counted));
    let mentions = move || {
        summary.look(|room| {
            room.as_ref().filter(|room| room.level != NotificationLevel::Nothing).map_or(0, |room| room.mentions)
        })
    };
    let names_me = flag(move || mentions() > 0);
    let muted =
        flag(move || summary.look(|room| room.as_ref().is_some_and(|room| room.level != NotificationLevel::All)));
    let has_unread = flag(move || unread() > 0);
    let all_read = flag(move || unread() == 0);
    let current = {
        let id = id.clone();
        flag(move || room.look(|room| room.as_ref() == Some(&id)))
    };
    let count = text(move || match unread() {
        0 => String::new(),
        count @ 1..=99 => count.to_string(),
        _ => "99+".into(),
    });
    let said = text(move || match mentions() {
        0 => client.i18n.t(Key::UnreadSuffix).to_owned(),
        count => [client.i18n.t(Key::UnreadSuffix), ", ", &client.i18n.plural(Key::MentionCount, count)].concat(),
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
                class:names-me=names_me
                class:muted=muted
                aria-current=text(move || if current.get() { "page" } else { "false" })
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
                    {said}
                </span>
            </a>
        </li>
    }
}

/// Ids of what changes in the part below.
const PROBLEM: &str = "me-problem";
const AVATAR: &str = "me-avatar";
const NAME: &str = "me-name";
const SIGN_OUT: &str = "sign-out";
const LANGUAGES: &str = "me-languages";

/// Who is reading, and the way out. In the server's page as a whole, like the line above the messages.
#[component]
fn Me(room: Signal<Option<RoomId>>) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let me = move || {
        client.me.look(|me| {
            me.as_ref().map(|me| (me.name.clone(), colour::initials(&me.name), colour::class(me))).unwrap_or_default()
        })
    };
    effect(move || {
        let (name, initials, hue) = me();
        browser::set_text(NAME, &name);
        browser::set_text(AVATAR, &initials);
        browser::set_attribute(AVATAR, "class", &["avatar small ", hue].concat());
    });
    let here = move || room.get_untracked().map(|room| format!("/r/{room}")).unwrap_or_default();
    effect(move || {
        browser::on(SIGN_OUT, "click", move |_| {
            leptos::task::spawn_local(async move {
                say("");
                match api::sign_out().await {
                    Ok(()) | Err(api::ApiError::Unauthorized) => {
                        storage::forget_rooms().await;
                        storage::drafts::forget_all();
                        browser::go("/");
                    }
                    // Without an answer the session stays, and the front page would only lead back here.
                    Err(_) => say(i18n.t(Key::SignOutOffline)),
                }
            });
        });
        // Another language comes from the server, and without one there would be no page at all.
        browser::on(LANGUAGES, "submit", move |event| {
            browser::set_attribute(languages::NEXT, "value", &here());
            if client.connection.peek(ConnectionState::can_try_now) {
                event.prevent_default();
                say(i18n.t(Key::LanguageNeedsServer));
            }
        });
    });
    still(move || {
        let (name, initials, hue) = untrack(me);
        view! {
            <div class="me-part">
                <p class="me-problem" id=PROBLEM role="alert" hidden></p>
                <div class="me">
                    <span class=["avatar small ", hue].concat() id=AVATAR aria-hidden="true">
                        {initials}
                    </span>
                    <a class="me-name" id=NAME href="/account" rel="external" title=i18n.t(Key::Account)>
                        {name}
                    </a>
                    <button type="button" class="button quiet" id=SIGN_OUT data-testid="sign-out" title=i18n.t(Key::SignOut)>
                        <Icon path=DOOR />
                        {i18n.t(Key::SignOut)}
                    </button>
                </div>
                <div class="me-languages" id=LANGUAGES>
                    {languages::form(i18n, here())}
                </div>
            </div>
        }
    })
}

/// Says what did not work; nothing, when that is over.
fn say(problem: &str) {
    browser::set_text(PROBLEM, problem);
    browser::set_hidden(PROBLEM, problem.is_empty());
}
