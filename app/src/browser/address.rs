//! The page's address, and how to leave it.

use super::window::window;

/// The page's host and port.
pub fn host() -> String {
    window().and_then(|window| window.location().host().ok()).unwrap_or_default()
}

/// The URL of a WebSocket on the page's server.
pub fn socket_url(path: &str) -> String {
    let secure = window().and_then(|window| window.location().protocol().ok()).is_some_and(|scheme| scheme == "https:");
    format!("{}://{}{path}", if secure { "wss" } else { "ws" }, host())
}

/// Percent-encodes a text for use in an address.
pub fn encode(text: &str) -> String {
    if cfg!(not(feature = "browser")) {
        return text.to_owned();
    }
    js_sys::encode_uri_component(text).into()
}

#[cfg(feature = "csr")]
pub fn path() -> String {
    window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
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
