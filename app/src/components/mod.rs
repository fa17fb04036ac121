//! What is on the screen, piece by piece.

#[cfg(feature = "hydrate")]
use leptos::tachys::html::InertElement;
use leptos::{IntoView, prelude::Signal};

pub mod chat;
pub mod composer;
pub mod connection;
pub mod connection_panel;
pub mod header;
pub mod icons;
pub mod languages;
pub mod message;
pub mod new_room;
pub mod outdated;
pub mod people;
pub mod rooms;
pub mod row;
pub mod scroll;
pub mod timeline;
pub mod welcome;

// Views take signals, not closures: every closure is a type of its own, and for each the wasm would have another copy of
// the code that renders, hydrates and updates it.

/// A text that changes.
pub(crate) fn text<T: Into<String>>(value: impl Fn() -> T + Send + Sync + 'static) -> Signal<String> {
    Signal::derive(move || value().into())
}

/// A condition that changes.
pub(crate) fn flag(value: impl Fn() -> bool + Send + Sync + 'static) -> Signal<bool> {
    Signal::derive(value)
}

/// One element whose inside never changes and has nothing to listen to. The browser that takes over the server's page has
/// it there already, so the wasm for that has nothing of it; all others make it. Only for what is in the first page and
/// stays: what the browser adds later is not there to be taken over.
#[cfg(feature = "hydrate")]
pub(crate) fn still<V: IntoView>(_: impl FnOnce() -> V) -> impl IntoView {
    InertElement::new("")
}

/// One element whose inside never changes and has nothing to listen to.
#[cfg(not(feature = "hydrate"))]
pub(crate) fn still<V: IntoView>(view: impl FnOnce() -> V) -> impl IntoView {
    view()
}

/// The same for HTML that is inside an element.
pub(crate) fn still_html(html: impl FnOnce() -> String) -> String {
    if cfg!(feature = "hydrate") { String::new() } else { html() }
}
