//! Drafts, for each room and user.

use parlor_protocol::{RoomId, UserId};

use crate::browser;

const DRAFT: &str = "parlor.draft.";

/// The author is unknown while the server cannot be reached.
fn key(author: Option<UserId>, room: &RoomId) -> String {
    let author = author.map(|author| author.to_string()).unwrap_or_default();
    [DRAFT, &author, "/", room.as_str()].concat()
}

/// A room's draft. The first user who signs in takes over the draft of an unknown user.
pub fn get(author: Option<UserId>, room: &RoomId) -> String {
    if let Some(own) = browser::local_get(&key(author, room)) {
        return own;
    }
    let anonymous = browser::local_get(&key(None, room)).unwrap_or_default();
    if !anonymous.is_empty() && author.is_some() {
        set(None, room, "");
        set(author, room, &anonymous);
    }
    anonymous
}

/// Saves a draft; an empty one is removed.
pub fn set(author: Option<UserId>, room: &RoomId, text: &str) {
    let key = key(author, room);
    if text.is_empty() {
        browser::local_remove(&key);
    } else {
        browser::local_set(&key, text);
    }
}

/// Appends a text to a draft.
pub fn append(author: Option<UserId>, room: &RoomId, text: &str) {
    set(author, room, &join(&get(author, room), text));
}

/// Takes all drafts that are stored for an author: a user's id, or a display name as in earlier builds.
pub fn take(author: &str) -> Vec<(RoomId, String)> {
    let prefix = [DRAFT, author, "/"].concat();
    let drafts = browser::local_entries(&prefix).into_iter().filter_map(|(key, text)| {
        let room = key.strip_prefix(&prefix).filter(|room| !room.contains('/'))?;
        browser::local_remove(&key);
        Some((room.into(), text))
    });
    drafts.collect()
}

/// Removes all drafts when the user signs out, so that the next one does not see them.
pub fn clear() {
    for (key, _) in browser::local_entries(DRAFT) {
        browser::local_remove(&key);
    }
}

/// Joins two texts, each on lines of its own.
pub fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n{second}"),
    }
}
