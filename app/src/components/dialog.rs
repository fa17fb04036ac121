//! A dialog as plain HTML, which the server has in its page already: the wasm has only what happens when something is done
//! in it. As views, with a signal for each value, three small dialogs were 6 kB of wasm.

use std::rc::Rc;

use leptos::prelude::*;
use web_sys::{Element, Event};

use super::{effect, still};
use crate::browser;

/// A dialog. `heard` is called for every click, input, key and submit in it.
pub(super) fn dialog(
    id: &'static str,
    class: &'static str,
    label: &'static str,
    html: impl FnOnce() -> String,
    heard: impl Fn(&Event) + 'static,
) -> impl IntoView {
    let heard: Rc<dyn Fn(&Event)> = Rc::new(heard);
    effect(move || {
        for kind in ["click", "input", "keydown", "submit"] {
            let heard = heard.clone();
            browser::on(id, kind, move |event| heard(&event));
        }
    });
    still(move || view! { <dialog id=id class=class aria-label=label inner_html=html()></dialog> })
}

/// The test id of the button that was clicked.
pub(super) fn pressed(event: &Event) -> Option<String> {
    if event.type_() != "click" {
        return None;
    }
    let button = event_target::<Element>(event).closest("button").ok().flatten()?;
    button.get_attribute("data-testid")
}
