//! What was being written, for each room and writer.
//!
//! By the writer's name: a guest who has to come in again is another guest by the same name.

use parlor_protocol::RoomId;

use crate::browser;

const DRAFT: &str = "parlor.draft.";

fn key(writer: &str, room: &RoomId) -> String {
    [DRAFT, writer, "/", room.as_str()].concat()
}

/// The text that was being written in a room. What was written before it was known by whom is taken over by the first who
/// comes in.
#[must_use]
pub fn get(writer: &str, room: &RoomId) -> String {
    if let Some(own) = browser::kept_one(&key(writer, room)) {
        return own;
    }
    let nobodys = browser::kept_one(&key("", room)).unwrap_or_default();
    if !nobodys.is_empty() && !writer.is_empty() {
        put("", room, "");
        put(writer, room, &nobodys);
    }
    nobodys
}

/// Keeps it; nothing is kept of an empty one.
pub fn put(writer: &str, room: &RoomId, text: &str) {
    let key = key(writer, room);
    if text.is_empty() {
        browser::forget(&key);
    } else {
        browser::keep(&key, text);
    }
}

/// Puts a text below what is there.
pub fn add(writer: &str, room: &RoomId, text: &str) {
    put(writer, room, &joined(&get(writer, room), text));
}

/// The writer goes: nobody else is to find what they have not said.
pub fn forget_all() {
    browser::forget_all(DRAFT);
}

/// Two texts as one, each on lines of its own.
#[must_use]
pub fn joined(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n{second}"),
    }
}
