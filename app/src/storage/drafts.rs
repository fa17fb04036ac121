//! Drafts, for each room and user.
//!
//! Users are identified by name, because a guest who joins again under the same name is a different user.

use parlor_protocol::RoomId;

use crate::browser;

const DRAFT: &str = "parlor.draft.";

fn key(writer: &str, room: &RoomId) -> String {
    [DRAFT, writer, "/", room.as_str()].concat()
}

/// A room's draft. The first user who signs in takes over the draft of an unknown user.
#[must_use]
pub fn get(writer: &str, room: &RoomId) -> String {
    if let Some(own) = browser::local_get(&key(writer, room)) {
        return own;
    }
    let anonymous = browser::local_get(&key("", room)).unwrap_or_default();
    if !anonymous.is_empty() && !writer.is_empty() {
        set("", room, "");
        set(writer, room, &anonymous);
    }
    anonymous
}

/// Saves a draft; an empty one is removed.
pub fn set(writer: &str, room: &RoomId, text: &str) {
    let key = key(writer, room);
    if text.is_empty() {
        browser::local_remove(&key);
    } else {
        browser::local_set(&key, text);
    }
}

/// Appends a text to a draft.
pub fn append(writer: &str, room: &RoomId, text: &str) {
    set(writer, room, &join(&get(writer, room), text));
}

/// Removes all drafts when the user signs out, so that the next one does not see them.
pub fn clear() {
    browser::local_remove_prefix(DRAFT);
}

/// Joins two texts, each on lines of its own.
#[must_use]
pub fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n{second}"),
    }
}
