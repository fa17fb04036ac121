//! What the browser keeps for the next page: messages that have not reached the server, and drafts.
//!
//! Each message has an entry of its own, so that two tabs do not overwrite each other. If both send it, the server stores
//! it once, for its id is the same.

use parlor_protocol::{CommandId, Millis, RoomId, User, UserId};
use serde::{Deserialize, Serialize};

use crate::browser;

const OUTBOX: &str = "parlor.outbox.";
const DRAFT: &str = "parlor.draft.";

/// A message that has not reached the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its id for ever.
    pub id: CommandId,
    /// Where to.
    pub room: RoomId,
    /// What was typed.
    pub body: String,
    /// When it was typed.
    pub at: Millis,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    user: UserId,
    message: Kept,
}

/// Keeps a message.
pub fn put(user: &User, message: &Kept) {
    let entry = Entry { user: user.id, message: message.clone() };
    if let Ok(text) = serde_json::to_string(&entry) {
        browser::keep(&format!("{OUTBOX}{}", message.id), &text);
    }
}

/// The server has it, or it was taken back.
pub fn remove(id: CommandId) {
    browser::forget(&format!("{OUTBOX}{id}"));
}

/// This person's messages in the order in which they were typed.
#[must_use]
pub fn all(user: &User) -> Vec<Kept> {
    let entries = browser::kept(OUTBOX).into_iter().filter_map(|text| serde_json::from_str::<Entry>(&text).ok());
    let mut messages: Vec<_> = entries.filter(|entry| entry.user == user.id).map(|entry| entry.message).collect();
    messages.sort_by_key(|message| message.id);
    messages
}

/// The text that was being written in a room.
#[must_use]
pub fn draft(room: &RoomId) -> String {
    browser::kept_one(&format!("{DRAFT}{room}")).unwrap_or_default()
}

/// Keeps it; nothing is kept of an empty one.
pub fn put_draft(room: &RoomId, text: &str) {
    let key = format!("{DRAFT}{room}");
    if text.is_empty() {
        browser::forget(&key);
    } else {
        browser::keep(&key, text);
    }
}
