//! Drafts, for each room and user.

use parlor_protocol::{RoomId, UserId};

use crate::browser;

const DRAFT: &str = "parlor.draft.";
/// Stands for the room in the key of a private message. No room has such an id.
const IN_FLIGHT: &str = "*";

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

/// Notes a private message while its direct room is being opened: until then nothing else stores it.
pub fn set_in_flight(author: Option<UserId>, room: &RoomId, text: &str) {
    let text = [room.as_str(), "\n", text].concat();
    set(author, &IN_FLIGHT.into(), &text);
}

/// Takes the note of [`set_in_flight`], which an earlier page may have left.
pub fn take_in_flight(author: Option<UserId>) -> Option<(RoomId, String)> {
    let key = key(author, &IN_FLIGHT.into());
    let note = browser::local_get(&key)?;
    browser::local_remove(&key);
    let (room, text) = note.split_once('\n')?;
    Some((room.into(), text.to_owned()))
}

/// Removes the drafts of one author, or of all known ones. What was written while nobody was signed in stays.
pub fn remove(author: Option<UserId>) {
    let [theirs, unknown] = [author, None].map(|author| key(author, &"".into()));
    for (key, _) in browser::local_entries(DRAFT) {
        if if author.is_some() { key.starts_with(&theirs) } else { !key.starts_with(&unknown) } {
            browser::local_remove(&key);
        }
    }
}

/// Joins two texts, each on lines of its own.
pub fn join(first: &str, second: &str) -> String {
    match (first, second) {
        ("", text) | (text, "") => text.to_owned(),
        _ => format!("{first}\n{second}"),
    }
}
