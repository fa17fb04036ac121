//! The page without the server's HTML: what the server would have put into it is fetched first.

use leptos::prelude::*;
use parlor_protocol::RoomId;

use crate::{
    App, PageData, RoomPage,
    api::{self, ApiError},
    browser, clock,
    live::state::PAGE,
};

/// Fetches what the page needs and mounts it.
pub fn start() {
    // Not by leptos, whose own way of spawning begins with mounting.
    wasm_bindgen_futures::spawn_local(async {
        let page = load().await;
        mount_to_body(move || {
            provide_context(page.clone());
            view! { <App /> }
        });
    });
}

async fn load() -> PageData {
    let mut page = PageData { tz_minutes: clock::browser_offset(clock::now()), ..PageData::default() };
    // Without a session it is the visitor's page, which has no rooms.
    let Ok(user) = api::me().await else { return page };
    page.user = Some(user);
    page.rooms = api::rooms().await.unwrap_or_default();
    let path = browser::path();
    let id = path.strip_prefix("/r/").map_or_else(RoomId::lobby, RoomId::from);
    match api::messages(&id, None, PAGE).await {
        Ok(messages) => {
            if let Some(summary) = page.rooms.iter().find(|room| room.id == id).cloned() {
                page.room = Some(RoomPage { summary, messages: messages.messages, head: messages.head });
            }
        }
        Err(error) => page.missing = error == ApiError::NotFound,
    }
    page
}
