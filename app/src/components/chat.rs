//! The chat page: the room list, the current room, its people.

use leptos::{either::Either, prelude::*};

use super::{
    composer::{Composer, ComposerHandle},
    connection_panel::ConnectionPanel,
    current_room::CurrentRoom,
    edit_history::{EditHistory, EditHistoryHandle},
    header::Header,
    invite::InviteDialog,
    layout::Layout,
    message_menu::{MessageMenu, MessageMenuHandle},
    new_room::NewRoom,
    outdated::Outdated,
    people::People,
    rooms::Rooms,
    switcher::Switcher,
    timeline::Timeline,
    welcome::Welcome,
};
use crate::{
    browser,
    effect::effect,
    i18n::Key,
    live::client::Client,
    navigation::CurrentRoomId,
    page::{self, PageData},
};

/// The chat page, or the welcome page for visitors without a session. The offline shell is a chat whose user is not known
/// yet.
#[component]
pub fn Chat() -> impl IntoView {
    let client = expect_context::<Client>();
    let page = expect_context::<PageData>();
    let i18n = client.i18n;
    if client.me.read_untracked().is_none() && !page.shell {
        return Either::Left(view! { <Welcome /> });
    }
    let CurrentRoomId(id) = expect_context();
    let missing = page.missing.then(|| id.get_untracked()).flatten();
    let room = CurrentRoom::new(client, id, missing);
    let layout = Layout::default();
    provide_context(room);
    provide_context(layout);
    provide_context(ComposerHandle::default());
    provide_context(MessageMenuHandle::new(client));
    provide_context(EditHistoryHandle::default());
    effect(move || {
        if let Some(room) = id.get() {
            client.open_room(&room);
        }
    });
    effect(move || {
        let unread = client.rooms.read().iter().map(page::counted).sum();
        browser::set_title(&client.server_name.with(|server| page::title(unread, room.name().as_deref(), server)));
    });
    Either::Right(view! {
        <a class="skip" href="#composer" rel="external">
            {i18n.t(Key::SkipToComposer)}
        </a>
        <div
            class="app"
            class:people-closed=move || !layout.people_shown.get()
            class:nobody=move || client.me.read().is_none()
        >
            <Rooms />
            <main class="room">
                <Header />
                <Outdated />
                // The style sheet shows it where scripts are off: inside `noscript` there would be nothing to hydrate.
                <p class="noscript">{i18n.t(Key::JavaScriptRequired)}</p>
                {move || id.get().map(|room| view! { <Timeline room /> })}
                <Composer />
            </main>
            <People />
        </div>
        <ConnectionPanel />
        <NewRoom />
        <Switcher />
        <MessageMenu />
        <EditHistory />
        <InviteDialog />
    })
}
