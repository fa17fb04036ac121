//! The chat page: rooms, the room on the screen, its people.

use leptos::{either::Either, prelude::*};

use super::{
    Look,
    composer::{Composer, Draft},
    connection_panel::ConnectionPanel,
    effect, flag,
    header::Header,
    message_menu::{Chosen, MessageMenu},
    new_room::NewRoom,
    outdated::Outdated,
    people::People,
    rooms::Rooms,
    still,
    switcher::{Switch, Switcher},
    timeline::Timeline,
    welcome::Welcome,
};
use crate::{
    browser,
    i18n::{I18n, Key},
    live::{client::Client, state::Phase},
    page::{self, PageData},
    route::Route,
};

/// As HTML, since a browser with scripts makes no elements of what is inside, and there would be none to take over.
fn noscript(i18n: I18n) -> String {
    ["<p class=\"noscript\">", i18n.t(Key::JavaScriptRequired), "</p>"].concat()
}

/// Whether the people's column is shown where there is place for it.
#[derive(Clone, Copy)]
pub struct PeopleShown(pub RwSignal<bool>);

/// The chat page; for who has no session, the visitor's page. The shell is a chat that does not know yet who reads.
#[component]
pub fn Chat() -> impl IntoView {
    let client = expect_context::<Client>();
    let page = expect_context::<PageData>();
    if client.me.peek(Option::is_none) && !page.shell {
        return Either::Left(view! { <Welcome /> });
    }
    let room = expect_context::<Route>().room();
    let shown = RwSignal::new(true);
    provide_context(PeopleShown(shown));
    provide_context(Draft(RwSignal::new(String::new())));
    provide_context(Chosen::default());
    provide_context(Switch::new(client, room));
    // The address that the server found to name no room; later ones are found out by the client.
    let missing = page.missing.then(|| room.get_untracked()).flatten();
    let absent = flag(move || {
        room.look(|room| room.is_some() && *room == missing)
            || room.get().is_some_and(|room| client.view(&room).about.look(|about| about.phase == Phase::Missing))
    });
    effect(move || {
        if let Some(room) = room.get() {
            client.show(&room);
        }
    });
    effect(move || {
        let (unread, name) = client.rooms.look(|rooms| {
            let unread = rooms.iter().map(page::counted).sum();
            let id = room.get();
            (unread, rooms.iter().find(|room| Some(&room.id) == id.as_ref()).map(|room| room.name.clone()))
        });
        browser::set_title(&page::title(unread, name.as_deref()));
    });
    Either::Right(view! {
        {still(move || view! {
            <a class="skip" href="#composer" rel="external">
                {client.i18n.t(Key::SkipToComposer)}
            </a>
        })}
        <div
            class="app"
            class:people-closed=flag(move || !shown.get())
            class:nobody=flag(move || client.me.look(Option::is_none))
        >
            <Rooms room />
            <main class="room">
                <Header room absent />
                <Outdated />
                {still(move || view! { <noscript inner_html=noscript(client.i18n)></noscript> })}
                {move || {
                    room.get()
                        .map(|room| view! { <Timeline room absent /> })
                }}
                <Composer room absent />
            </main>
            <People room />
        </div>
        <ConnectionPanel />
        <NewRoom />
        <Switcher />
        <MessageMenu />
    })
}
