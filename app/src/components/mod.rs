//! What is on the screen, piece by piece.

use leptos::IntoView;
#[cfg(feature = "hydrate")]
use leptos::tachys::html::InertElement;

pub mod chat;
pub mod composer;
mod composer_line;
pub mod connection;
pub mod connection_panel;
mod dialog;
pub mod header;
pub mod icons;
pub mod languages;
pub mod message;
pub mod message_menu;
pub mod new_room;
pub mod outdated;
pub mod people;
mod private;
pub mod rooms;
pub mod row;
pub mod scroll;
pub mod switcher;
pub mod timeline;
pub mod welcome;

pub(crate) use crate::reactive::{Look, effect, flag, on_change, text};

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
