//! The page's address, and how to leave it.

use wasm_bindgen::JsValue;

use super::window::{listen, window};

/// The page's host and port.
#[must_use]
pub fn host() -> String {
    window().and_then(|window| window.location().host().ok()).unwrap_or_default()
}

/// The URL of a WebSocket on the page's server.
#[must_use]
pub fn socket_url(path: &str) -> String {
    let secure = window().and_then(|window| window.location().protocol().ok()).is_some_and(|scheme| scheme == "https:");
    format!("{}://{}{path}", if secure { "wss" } else { "ws" }, host())
}

/// Percent-encodes a text for use in an address.
#[must_use]
pub fn encode(text: &str) -> String {
    if cfg!(not(feature = "browser")) {
        return text.to_owned();
    }
    js_sys::encode_uri_component(text).into()
}

/// The page's path.
#[cfg(feature = "csr")]
#[must_use]
pub fn path() -> String {
    window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
}

/// Decodes a percent-encoded text.
#[must_use]
pub fn decode(text: &str) -> String {
    if cfg!(not(feature = "browser")) {
        return text.to_owned();
    }
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}

/// The page's path and query.
#[must_use]
pub fn address() -> String {
    let Some(location) = window().map(|window| window.location()) else { return String::new() };
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// Changes the page's address without loading it.
pub fn move_to(address: &str) {
    if let Some(history) = window().and_then(|window| window.history().ok()) {
        let _ = history.push_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// Calls back when the user has gone back or forward.
pub fn on_moved(call: impl Fn() + 'static) {
    if let Some(window) = window() {
        listen(&window, "popstate", call);
    }
}

/// Loads another page.
pub fn go(address: &str) {
    if let Some(window) = window() {
        let _ = window.location().set_href(address);
    }
}

pub fn reload() {
    if let Some(window) = window() {
        let _ = window.location().reload();
    }
}
