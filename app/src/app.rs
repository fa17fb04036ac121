//! The application: one live client above all pages, so that the connection outlives every change of room.

use leptos::{either::Either, prelude::*};

use crate::{
    browser, clock,
    components::{chat::Chat, welcome::Welcome},
    i18n::I18n,
    live::client::Client,
    page::PageBootstrap,
    route::{Address, Route},
};

/// Parlor.
#[component]
pub fn App() -> impl IntoView {
    let shared = SharedValue::new_str(|| PageBootstrap { now: clock::now(), page: use_context().unwrap_or_default() });
    let PageBootstrap { now, page } = shared.into_inner();
    let client = Client::new(&page, now, I18n::current());
    provide_context(client);
    provide_context(page);
    crate::reactive::effect(move || client.start());
    let address = use_context().unwrap_or_else(|| Address(browser::address()));
    provide_context(Route::new(&address));
    provide_context(address.clone());
    match address.room() {
        Some(_) => Either::Left(view! { <Chat /> }),
        None => Either::Right(view! { <Welcome /> }),
    }
}
