//! What was being written, for each room.

use parlor_protocol::RoomId;

use crate::browser;

const DRAFT: &str = "parlor.draft.";

/// The text that was being written in a room.
#[must_use]
pub fn get(room: &RoomId) -> String {
    browser::kept_one(&format!("{DRAFT}{room}")).unwrap_or_default()
}

/// Keeps it; nothing is kept of an empty one.
pub fn put(room: &RoomId, text: &str) {
    let key = format!("{DRAFT}{room}");
    if text.is_empty() {
        browser::forget(&key);
    } else {
        browser::keep(&key, text);
    }
}

/// Puts a text below what is there.
pub fn add(room: &RoomId, text: &str) {
    put(room, &joined(&get(room), text));
}

/// Two texts as one, each on lines of its own.
#[must_use]
pub fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n{second}"),
    }
}
