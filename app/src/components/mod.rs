//! What is on the screen, piece by piece.

use leptos::prelude::Signal;

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
