//! The room list: rooms of the user with their unread counts, direct rooms, and public rooms to join.

use leptos::prelude::*;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, RoomSummary};

use super::{
    account::Account,
    close_button::CloseButton,
    current_room::CurrentRoom,
    icons::{Icon, PLUS, RoomIcon, SEARCH},
    invite::InviteButton,
    layout::Layout,
    wordmark::wordmark,
};
use crate::{
    i18n::Key,
    live::client::Client,
    navigation::room_path,
    page::{PageData, counted},
};

/// The list's id, for the button that opens it on small screens.
pub const ID: &str = "rooms";

#[component]
pub fn Rooms() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let layout = expect_context::<Layout>();
    let picture = expect_context::<PageData>().picture;
    view! {
        <nav class="rooms" id=ID node_ref=layout.rooms popover="auto" aria-label=i18n.t(Key::Rooms)>
            <div class="panel-head">
                <span class="wordmark">{wordmark(picture, move || client.server_name.get())}</span>
                <a class="button quiet" href="/people">
                    {i18n.t(Key::People)}
                </a>
                <CloseButton popover=ID />
            </div>
            <div class="rooms-scroll" data-testid="room-list">
                <div class="section-head">
                    <h2>{i18n.t(Key::Rooms)}</h2>
                    <button
                        type="button"
                        class="button icon-only go-to"
                        data-testid="go-to"
                        aria-label=i18n.t(Key::GoToRoom)
                        title=i18n.t(Key::GoToRoomShortcut)
                        on:click=move |_| layout.open_switcher()
                    >
                        <Icon path=SEARCH />
                    </button>
                    <button
                        type="button"
                        class="button icon-only new-room"
                        data-testid="new-room"
                        aria-label=i18n.t(Key::CreateRoom)
                        title=i18n.t(Key::CreateRoom)
                        on:click=move |_| layout.open_new_room()
                    >
                        <Icon path=PLUS />
                    </button>
                </div>
                <Section section=Section::Joined />
                <Section section=Section::Direct heading=i18n.t(Key::DirectMessages) />
                <Section section=Section::Public heading=i18n.t(Key::OtherRooms) />
            </div>
            <InviteButton />
            <Account />
        </nav>
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Joined,
    Direct,
    /// Public rooms that the user has not joined.
    Public,
}

impl Section {
    const fn of(room: &RoomSummary) -> Self {
        match room.kind {
            _ if !room.joined => Self::Public,
            RoomKind::Direct => Self::Direct,
            RoomKind::Public | RoomKind::Private => Self::Joined,
        }
    }
}

/// One section of the list. It shows its heading only while it has rooms.
#[component]
fn Section(section: Section, #[prop(optional)] heading: Option<&'static str>) -> impl IntoView {
    let client = expect_context::<Client>();
    let ids = Memo::new(move |_| {
        client.rooms.with(|rooms| {
            let rooms = rooms.iter().filter(|room| Section::of(room) == section);
            rooms.map(|room| room.id.clone()).collect::<Vec<_>>()
        })
    });
    view! {
        {heading
            .map(|heading| {
                view! {
                    <div class="section-head" hidden=move || ids.read().is_empty()>
                        <h2>{heading}</h2>
                    </div>
                }
            })}
        <ul>
            <For each=move || ids.get() key=RoomId::clone let(id)>
                <RoomLink id />
            </For>
        </ul>
    }
}

#[component]
fn RoomLink(id: RoomId) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let layout = expect_context::<Layout>();
    let here = expect_context::<CurrentRoom>().id;
    let summary = {
        let id = id.clone();
        Memo::new(move |_| client.rooms.read().iter().find(|room| room.id == id).cloned())
    };
    let is_current = {
        let id = id.clone();
        Memo::new(move |_| here.with(|here| here.as_ref() == Some(&id)))
    };
    let name = move || summary.read().as_ref().map(|room| room.name.clone());
    let kind = Signal::derive(move || summary.read().as_ref().map(|room| room.kind));
    let unread = move || summary.read().as_ref().map_or(0, counted);
    let mentions = move || {
        summary.with(|room| match room {
            Some(room) if room.level != NotificationLevel::Nothing => room.mentions,
            _ => 0,
        })
    };
    let muted = move || summary.read().as_ref().is_some_and(|room| room.level != NotificationLevel::All);
    let count = move || match unread() {
        0 => String::new(),
        count @ 1..=99 => count.to_string(),
        _ => "99+".to_owned(),
    };
    let spoken_count = move || match mentions() {
        0 => i18n.t(Key::UnreadSuffix).to_owned(),
        count => [i18n.t(Key::UnreadSuffix), ", ", &i18n.plural(Key::MentionCount, count)].concat(),
    };
    view! {
        <li>
            <a
                href=room_path(&id)
                class="room-link"
                data-testid="room-link"
                data-room=id.to_string()
                class:current=move || is_current.get()
                class:has-unread=move || { unread() > 0 }
                class:names-me=move || { mentions() > 0 }
                class:muted=move || muted()
                aria-current=move || if is_current.get() { "page" } else { "false" }
                on:click=move |_| layout.close_rooms()
            >
                <span class="room-hash">
                    <RoomIcon kind />
                </span>
                <span class="room-name">{move || name()}</span>
                <span class="unread" data-testid="unread" hidden=move || unread() == 0>
                    {move || count()}
                </span>
                <span class="sr-only" hidden=move || unread() == 0>
                    {move || spoken_count()}
                </span>
            </a>
        </li>
    }
}
