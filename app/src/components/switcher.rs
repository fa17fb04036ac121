//! The room switcher (Ctrl+K or Cmd+K): jumps to a room by a few letters of its name.

use leptos::{ev::KeyboardEvent, prelude::*};
use parlor_protocol::{RoomId, RoomSummary};

use super::{
    current_room::CurrentRoom,
    icons::RoomIcon,
    layout::Layout,
    lazy::{LazyPart, lazy_part},
};
use crate::{
    browser, effect::effect, i18n::Key, live::client::Client, navigation::use_open_room, page::counted, text::fold,
};

const FIELD: &str = "switcher-field";
const LIST: &str = "switcher-list";
/// At most this many rooms are listed.
const LISTED: usize = 8;

lazy_part!(switcher, SwitcherForm);

#[component]
pub fn Switcher() -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let layout = expect_context::<Layout>();
    effect(move || browser::on_shortcut('k', move || layout.open_switcher()));
    view! {
        <dialog class="dialog switcher" node_ref=layout.switcher.element aria-label=i18n.t(Key::GoToRoom)>
            <LazyPart wanted=layout.switcher.wanted() load=switcher />
        </dialog>
    }
}

#[component]
fn SwitcherForm() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let open_room = use_open_room();
    let dialog = expect_context::<Layout>().switcher;
    let query = RwSignal::new(String::new());
    let selected = RwSignal::new(0_usize);
    let found = Memo::new(move |_| {
        client.rooms.with(|rooms| room.id.with(|here| query.with(|query| find(rooms, here.as_ref(), query))))
    });
    let go = move |room: &RoomId| {
        dialog.close();
        open_room.run(room.clone());
    };
    let on_key = move |event: KeyboardEvent| {
        let (at, count) = (selected.get_untracked(), found.read_untracked().len().max(1));
        match browser::pressed_key(&event).unwrap_or_default().as_str() {
            "ArrowDown" => selected.set((at + 1) % count),
            "ArrowUp" => selected.set((at + count - 1) % count),
            "Enter" => {
                if let Some(room) = found.with_untracked(|found| found.get(at).map(|room| room.id.clone())) {
                    go(&room);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    effect(move || {
        dialog.openings.track();
        query.set(String::new());
        selected.set(0);
    });
    let option = move |(n, room): (usize, RoomSummary)| {
        let (kind, unread, id) = (room.kind, counted(&room), room.id.clone());
        view! {
            <li
                role="option"
                id=format!("{LIST}-{n}")
                data-testid="switcher-room"
                aria-selected=move || (selected.get() == n).to_string()
                on:click=move |_| go(&id)
            >
                <RoomIcon kind=Some(kind) />
                <span class="room-name">{room.name}</span>
                {(unread > 0).then(|| view! { <span class="unread">{unread}</span> })}
            </li>
        }
    };
    view! {
        <form method="dialog">
            <input
                data-testid=FIELD
                type="text"
                role="combobox"
                aria-expanded="true"
                aria-controls=LIST
                aria-activedescendant=move || format!("{LIST}-{}", selected.get())
                aria-label=i18n.t(Key::GoToRoom)
                placeholder=i18n.t(Key::GoToRoom)
                autocomplete="off"
                autofocus
                bind:value=query
                on:input=move |_| selected.set(0)
                on:keydown=on_key
            />
        </form>
        <ul id=LIST role="listbox" aria-label=i18n.t(Key::Rooms)>
            {move || found.get().into_iter().enumerate().map(option).collect_view()}
        </ul>
        <p class="soft" role="status">
            {move || {
                let text = if query.read().is_empty() { Key::NoOtherRooms } else { Key::NoRoomsFound };
                found.read().is_empty().then(|| i18n.t(text))
            }}
        </p>
    }
}

/// Rooms whose name contains the query, best match first: names that begin with it, then the others. Without a query,
/// rooms with unread messages first.
fn find(rooms: &[RoomSummary], here: Option<&RoomId>, query: &str) -> Vec<RoomSummary> {
    let query = fold(query.trim());
    let mut found: Vec<_> = rooms
        .iter()
        .filter(|room| Some(&room.id) != here)
        .map(|room| (fold(&room.name), room))
        .filter(|(name, _)| name.contains(&query))
        .collect();
    found.sort_by_key(|(name, room)| if query.is_empty() { counted(room) == 0 } else { !name.starts_with(&query) });
    found.into_iter().take(LISTED).map(|(_, room)| room.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str, unread: u64) -> RoomSummary {
        RoomSummary { head: 9, unread, ..RoomSummary::new(name.into(), name.into()) }
    }

    #[test]
    fn the_best_match_comes_first_and_the_current_room_is_left_out() {
        let rooms = [room("lobby", 0), room("Cookbooks", 0), room("books", 3), room("Bookshelf", 0)];
        let names = |query: &str| {
            find(&rooms, Some(&"lobby".into()), query).into_iter().map(|room| room.name).collect::<Vec<_>>()
        };
        assert_eq!(names(" BOOK"), ["books", "Bookshelf", "Cookbooks"]);
        assert_eq!(names(""), ["books", "Cookbooks", "Bookshelf"]);
        assert_eq!(names("lob"), Vec::<String>::new());
        let found = find(&[room("Общий чат", 0), room("Straße", 0)], None, "общий");
        assert_eq!(found.iter().map(|room| room.name.as_str()).collect::<Vec<_>>(), ["Общий чат"]);
    }
}
