//! How the app starts in a page that the server rendered.

use leptos::{
    mount::{hydrate_from, mount_to_renderer},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::{Event, EventInit, HtmlElement, HtmlTextAreaElement};

use crate::{
    App,
    components::composer,
    i18n,
    page::{PageBootstrap, ROOT_ID},
    storage::drafts,
};

/// Hydrates the server's HTML. Traps when it is not as the server rendered it.
pub fn hydrate() {
    if let Some(root) = element::<HtmlElement>(ROOT_ID) {
        hydrate_from(root, app).forget();
    }
}

/// Replaces the server's HTML with a fresh render of the app. What was typed into the message box stays.
pub fn mount() {
    let (Some(root), Ok(fresh)) = (element::<HtmlElement>(ROOT_ID), document().create_element("div")) else { return };
    let typed = element::<HtmlTextAreaElement>(composer::ID).map(|field| field.value()).unwrap_or_default();
    let focused = document().active_element().map(|element| element.id()).filter(|id| !id.is_empty());
    fresh.set_id(ROOT_ID);
    // Fails only for an element without a parent.
    let _ = root.replace_with_with_node_1(&fresh);
    mount_to_renderer(&fresh, app).forget();
    // The router renders its routes asynchronously.
    request_animation_frame(move || {
        if !typed.is_empty() {
            restore(&typed);
        }
        if let Some(element) = focused.and_then(|id| element::<HtmlElement>(&id)) {
            let _ = element.focus();
        }
    });
}

/// Types a text into the message box, after the draft that is there.
fn restore(typed: &str) {
    let Some(field) = element::<HtmlTextAreaElement>(composer::ID) else { return };
    if field.value() != typed {
        field.set_value(&drafts::join(&field.value(), typed));
    }
    let bubbles = EventInit::new();
    bubbles.set_bubbles(true);
    if let Ok(input) = Event::new_with_event_init_dict("input", &bubbles) {
        let _ = field.dispatch_event(&input);
    }
}

fn app() -> impl IntoView {
    i18n::load();
    provide_context(PageBootstrap::embedded());
    view! { <App /> }
}

fn element<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}
