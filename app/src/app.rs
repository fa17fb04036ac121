//! The root component: the live client above the router, so that the connection survives every navigation.

use leptos::prelude::*;
use leptos_router::{
    components::{Outlet, ParentRoute, Route, Router, Routes},
    hooks::use_location,
    path,
};

use crate::{
    browser,
    components::{chat::Chat, server_page::ServerPage, welcome::Welcome},
    effect::effect,
    i18n::I18n,
    live::client::Client,
    navigation::{CurrentRoomId, is_server_page},
    page::PageBootstrap,
};

/// The root component. It needs a [`PageBootstrap`] in context.
#[component]
pub fn App() -> impl IntoView {
    let PageBootstrap { now, page } = expect_context();
    let client = Client::new(&page, now, I18n::current());
    provide_context(client);
    provide_context(page);
    effect(move || client.start());
    view! {
        <Router>
            <Routes fallback=FullPageLoad>
                <Route path=path!("/") view=|| view! { <Welcome /> }.into_any() />
                <ParentRoute path=path!("") view=ChatLayout>
                    <Route path=path!("/r/:room") view=|| () />
                    <Route path=path!("/account") view=ServerPage />
                    <Route path=path!("/people") view=ServerPage />
                    <Route path=path!("/people/:user") view=ServerPage />
                    <Route path=path!("/rooms/:room/settings") view=ServerPage />
                    <Route path=path!("/audit") view=ServerPage />
                    <Route path=path!("/sign-in") view=ServerPage />
                    <Route path=path!("/sign-up") view=ServerPage />
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// The chat, and the page that covers it. The chat stays as it is meanwhile: its timeline, its drafts, its scroll position.
#[component]
fn ChatLayout() -> impl IntoView {
    provide_context(CurrentRoomId::from_location());
    let path = use_location().pathname;
    view! {
        <div class="chat-layer" inert=move || path.with(|path| is_server_page(path))>
            // Its type is erased: with all views nested in one type, the compiler reaches its limits.
            {view! { <Chat /> }.into_any()}
        </div>
        <Outlet />
    }
}

/// A page that is not a route of this app: the browser loads it.
#[component]
fn FullPageLoad() -> impl IntoView {
    let location = use_location();
    effect(move || {
        let (path, search) = (location.pathname.get_untracked(), location.search.get_untracked());
        browser::go(&if search.is_empty() { path } else { format!("{path}?{search}") });
    });
}
