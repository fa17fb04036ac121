//! The browser's local storage, which is synchronous.

use web_sys::Storage;

use super::window::window;

fn storage() -> Option<Storage> {
    // Blocked storage throws.
    window()?.local_storage().ok()?
}

/// Whether this tab sees a key with this value for the first time. Without session storage, never.
pub fn is_first(key: &str, value: &str) -> bool {
    let storage = window().and_then(|window| window.session_storage().ok().flatten());
    storage.is_some_and(|storage| {
        storage.get_item(key).ok().flatten().as_deref() != Some(value) && storage.set_item(key, value).is_ok()
    })
}

/// Sets a key. Errors are ignored: the storage may be full or blocked.
pub fn local_set(key: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, text);
    }
}

pub fn local_remove(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// All keys with a prefix, and their values.
pub fn local_entries(prefix: &str) -> Vec<(String, String)> {
    let Some(storage) = storage() else { return Vec::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten());
    keys.filter(|key| key.starts_with(prefix))
        .filter_map(|key| storage.get_item(&key).ok().flatten().map(|value| (key, value)))
        .collect()
}
pub fn local_get(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}
