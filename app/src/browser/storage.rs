//! What the browser keeps for the next page in its local storage, which can be read at once.

use web_sys::Storage;

use super::web::window;

fn storage() -> Option<Storage> {
    // Blocked storage throws; then nothing is kept.
    window()?.local_storage().ok()?
}

/// Whether this tab sees a key with this value for the first time. Without a place to note it, never.
#[must_use]
pub fn is_first(key: &str, value: &str) -> bool {
    let storage = window().and_then(|window| window.session_storage().ok().flatten());
    storage.is_some_and(|storage| {
        storage.get_item(key).ok().flatten().as_deref() != Some(value) && storage.set_item(key, value).is_ok()
    })
}

/// Keeps a text under a key.
pub fn keep(key: &str, text: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, text);
    }
}

/// Forgets a key.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// Forgets all keys that begin so.
pub fn forget_all(prefix: &str) {
    let Some(storage) = storage() else { return };
    let keys: Vec<_> = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten()).collect();
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        let _ = storage.remove_item(key);
    }
}

/// The texts of all keys that begin so.
#[must_use]
pub fn kept(prefix: &str) -> Vec<String> {
    let Some(storage) = storage() else { return Vec::new() };
    let keys = (0..storage.length().unwrap_or(0)).filter_map(|at| storage.key(at).ok().flatten());
    keys.filter(|key| key.starts_with(prefix)).filter_map(|key| storage.get_item(&key).ok().flatten()).collect()
}

/// The text of a key.
#[must_use]
pub fn kept_one(key: &str) -> Option<String> {
    storage()?.get_item(key).ok()?
}
