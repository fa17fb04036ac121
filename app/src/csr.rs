//! The page without the server's HTML: what the server would have put into it is fetched first.

use leptos::{ev, prelude::*};
use parlor_protocol::RoomId;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use crate::{
    App, PageData, RoomPage,
    api::{self, ApiError},
    browser, clock,
    i18n::{self, I18n},
    live::state::PAGE,
    page::PageBootstrap,
};

/// Fetches what the page needs and mounts it.
pub fn start() {
    let language = browser::language();
    browser::set_language(language.tag());
    i18n::load_bundled(language);
    enter_by_fetch();
    choose_by_cookie();
    // Not by leptos, whose own way of spawning begins with mounting.
    wasm_bindgen_futures::spawn_local(async {
        let page = load().await;
        mount_to_body(move || {
            provide_context(PageBootstrap { now: clock::now(), page });
            view! { <App /> }
        });
    });
}

/// The form on the visitor's page goes to the server, which answers with a page of its own. Here the page is ours: the
/// session is made by a call, and the rest by coming back.
fn enter_by_fetch() {
    // Listens for as long as the page lives.
    let _ = window_event_listener(ev::submit, |event| {
        let form = event.target().and_then(|form| form.dyn_into::<web_sys::Element>().ok());
        if form.and_then(|form| form.get_attribute("action")).is_none_or(|action| action != "/enter") {
            return;
        }
        event.prevent_default();
        let field = document().get_element_by_id("name").and_then(|field| field.dyn_into::<HtmlInputElement>().ok());
        let Some(field) = field else { return };
        wasm_bindgen_futures::spawn_local(async move {
            match api::enter(field.value()).await {
                Ok(()) => browser::go("/"),
                Err(error) => {
                    field.set_custom_validity(&error.message(I18n::default()));
                    field.report_validity();
                }
            }
        });
    });
}

/// The same with the form for the language: the cookie is set here.
fn choose_by_cookie() {
    let _ = window_event_listener(ev::submit, |event| {
        let Some(chosen) = event.submitter().filter(|button| button.get_attribute("name").as_deref() == Some("lang"))
        else {
            return;
        };
        event.prevent_default();
        browser::save_language(&chosen.get_attribute("value").unwrap_or_default());
        browser::reload();
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
    match api::messages(&id, api::Page::Newest, PAGE).await {
        Ok(newest) => {
            if let Some(summary) = page.rooms.iter().find(|room| room.id == id).cloned() {
                page.room = Some(RoomPage { summary, page: newest });
            }
        }
        Err(error) => page.missing = error == ApiError::NotFound,
    }
    page
}
