//! What the browser keeps for the next page: messages that have not reached the server, and drafts.
//!
//! Each message has an entry of its own, so that two tabs do not overwrite each other. If both send it, the server stores
//! it once, for its id is the same.

use parlor_protocol::{CommandId, Millis, RoomId, User, UserId};
use serde::Serialize;

use crate::{
    browser, small,
    wire::{self, Object},
};

const OUTBOX: &str = "parlor.outbox.";
const DRAFT: &str = "parlor.draft.";

/// A message that has not reached the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

#[derive(Serialize)]
struct Entry<'a> {
    user: UserId,
    message: &'a Kept,
}

/// A kept message, if it is this person's.
fn read(text: &str, user: &User) -> Option<Kept> {
    read_any(text).and_then(|(by, message)| (by == user.id).then_some(message))
}

/// A kept message, and whose it is.
fn read_any(text: &str) -> Option<(UserId, Kept)> {
    let mut entry = wire::read::<Object>(text)?;
    let mut message = entry.take::<Object>("message")?;
    let kept = Kept {
        id: message.take("id")?,
        room: message.take("room")?,
        body: message.take("body")?,
        at: message.take("at")?,
    };
    Some((entry.take("user")?, kept))
}

/// Keeps a message.
pub fn put(user: &User, message: &Kept) {
    let entry = Entry { user: user.id, message };
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
    let mut messages: Vec<_> = browser::kept(OUTBOX).iter().filter_map(|text| read(text, user)).collect();
    small::sort_by_key(&mut messages, |message| message.id);
    messages
}

/// Messages of someone who is signed out can no longer be sent in their name. What they wrote becomes the draft of its
/// room, for whoever is here now to send or to drop.
pub fn adopt(user: &User) {
    let texts = browser::kept(OUTBOX);
    let mut others: Vec<_> = texts.iter().filter_map(|text| read_any(text)).filter(|(by, _)| *by != user.id).collect();
    small::sort_by_key(&mut others, |(_, message)| message.id);
    for (_, message) in others {
        put_draft(&message.room, &joined(&draft(&message.room), &message.body));
        remove(message.id);
    }
}

/// Two texts as one, each on lines of its own.
fn joined(first: &str, second: &str) -> String {
    if first.is_empty() { second.to_owned() } else { format!("{first}\n{second}") }
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

#[cfg(test)]
mod tests {
    use parlor_protocol::UserKind;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_was_put_can_be_read_by_its_writer_alone() {
        let user = |n| User { id: UserId(Uuid::from_u128(n)), name: "ann".into(), kind: UserKind::Guest };
        let message = Kept { id: CommandId(Uuid::from_u128(9)), room: "dev".into(), body: "hi \"ann\"".into(), at: 7 };
        let text = serde_json::to_string(&Entry { user: user(1).id, message: &message }).unwrap_or_default();
        assert_eq!(read(&text, &user(1)), Some(message));
        assert_eq!(read(&text, &user(2)), None);
    }
}
