//! Icons: SVG paths on a grid of 16, drawn as strokes in the colour of the text around them.

use leptos::prelude::*;
use parlor_protocol::RoomKind;

/// A message that waits to be sent.
pub const CLOCK: &str = "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.2l2 1.3";
/// A message that was sent.
pub const TICK: &str = "M3.5 8.5 6.5 11.5 12.5 5";
/// A message that the server has stored.
pub const TICKS: &str = "M1.5 8.5 4.5 11.5 10 5M7.5 10.6 8.4 11.5 14.5 5";
pub const ALERT: &str = "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11M8 5v3.6M8 10.9v.1";
pub const HASH: &str = "M6.5 2.5 5 13.5M11 2.5 9.5 13.5M3 6h10.5M2.5 10H13";
/// A private room.
pub const LOCK: &str = "M3.5 7.5h9v6h-9zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5";
/// A direct room.
pub const BUBBLE: &str = "M2.5 3.5h11v7.5h-6L4.5 13.5V11h-2z";
pub const MENU: &str = "M2.5 4.5h11M2.5 8h11M2.5 11.5h11";
pub const PEOPLE: &str = "M6 7.5a2.25 2.25 0 1 0 0-4.5 2.25 2.25 0 0 0 0 4.5M1.8 13c.3-2.3 2-3.6 4.2-3.6s3.9 1.3 4.2 3.6M10.6 3.2a2.2 2.2 0 0 1 0 4.1M12 9.8c1.3.5 2 1.6 2.2 3.2";
pub const PLUS: &str = "M8 3v10M3 8h10";
pub const MORE: &str = "M3.5 8h.01M8 8h.01M12.5 8h.01";
pub const SETTINGS: &str = "M2.5 5h6M12.5 5h1M10.5 3v4M2.5 11h1M7.5 11h6M5.5 9v4";
pub const SEARCH: &str = "M7 3a4 4 0 1 0 0 8 4 4 0 0 0 0-8M10 10l3.5 3.5";
pub const UP: &str = "M8 13V3.5M3.8 7.5 8 3.2l4.2 4.3";
pub const CLOSE: &str = "M4 4l8 8M12 4l-8 8";
pub const SEND: &str = "M8 13V3.5M3.8 7.5 8 3.2l4.2 4.3";
pub const DOWN: &str = "M8 3v9.5M3.8 8.5 8 12.8l4.2-4.3";
pub const ARRIVED: &str = "M2.5 8h8M7.5 5l3 3-3 3M13.5 3v10";
pub const LEFT: &str = "M13.5 8h-8M8.5 5l-3 3 3 3M2.5 3v10";
pub const SIGN_OUT: &str = "M9.5 3h-6v10h6M7 8h6.5M11 5.5 13.5 8 11 10.5";

/// An icon. It is hidden from screen readers: the words beside it, or the label of its button, say what it means.
#[component]
pub fn Icon(path: &'static str) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=path></path>
        </svg>
    }
}

/// The icon of a room's kind; a public room's until the kind is known.
#[component]
pub fn RoomIcon(#[prop(into)] kind: Signal<Option<RoomKind>>) -> impl IntoView {
    let path = move || match kind.get() {
        Some(RoomKind::Public) | None => HASH,
        Some(RoomKind::Private) => LOCK,
        Some(RoomKind::Direct) => BUBBLE,
    };
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=move || path()></path>
        </svg>
    }
}
