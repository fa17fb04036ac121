//! What the browser stores for the next page: unsent messages, drafts, and enough of the rooms to read them offline.
//!
//! Messages, rooms and history are in IndexedDB, where a write is on disk when it is answered. Drafts and notes of new
//! messages are in the local storage, which is synchronous.

use std::sync::Arc;

use parlor_protocol::{CommandId, Message, Millis, RoomId, RoomSummary, Seq, Tail, User, UserId};
use serde::{Deserialize, Serialize};

use crate::{
    browser, json,
    live::{
        notices::{Notice, NoticeKind},
        outbox::StoredMessage,
        timeline::Timeline,
    },
};

pub mod database;
pub mod drafts;
pub mod lock;

pub use database::StorageUnavailable;
use database::Store;

/// Messages of a room that are stored to be read offline.
const MAX_STORED_MESSAGES: usize = 100;

/// Prefix of the local-storage keys of notes. A note holds a message until the database has it, because a page may be closed
/// right after Enter is pressed; where there is no database, it stays.
const NOTES: &str = "parlor.outbox.";
/// The same for edits. Earlier builds, which would send them as new messages, do not look there.
const EDIT_NOTES: &str = "parlor.edits.";

/// The key of the only entry in [`Store::LastSession`].
const LAST_SESSION: &str = "last";

/// A message and its author.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct OutboxEntry<'a> {
    user: UserId,
    message: std::borrow::Cow<'a, StoredMessage>,
}

fn encode_entry(user: UserId, message: &StoredMessage) -> Result<String, StorageUnavailable> {
    let message = std::borrow::Cow::Borrowed(message);
    serde_json::to_string(&OutboxEntry { user, message }).map_err(|_| StorageUnavailable)
}

fn decode_entry(text: &str) -> Option<(UserId, StoredMessage)> {
    let OutboxEntry { user, message } = json::decode(text)?;
    Some((user, message.into_owned()))
}

fn note_key(id: CommandId) -> String {
    format!("{NOTES}{id}")
}

fn edit_note_key(id: CommandId) -> String {
    format!("{EDIT_NOTES}{id}")
}

fn remove_note(id: CommandId) {
    browser::local_remove(&note_key(id));
    browser::local_remove(&edit_note_key(id));
}

/// All notes: their keys and texts.
fn notes() -> impl Iterator<Item = (String, String)> {
    [NOTES, EDIT_NOTES].into_iter().flat_map(browser::local_entries)
}

/// Notes a message at once, until [`save_message`] has stored it.
pub fn write_note(user: UserId, message: &StoredMessage) {
    if let Ok(text) = encode_entry(user, message) {
        let key = if message.edits.is_some() { edit_note_key(message.id) } else { note_key(message.id) };
        browser::local_set(&key, &text);
    }
}

/// Stores a message, replacing what was stored of it before.
///
/// # Errors
/// [`StorageUnavailable`]: the message is lost when the page is closed.
pub async fn save_message(user: UserId, message: &StoredMessage) -> Result<(), StorageUnavailable> {
    let text = encode_entry(user, message)?;
    database::put(Store::Outbox, &message.id.to_string(), &text).await?;
    remove_note(message.id);
    Ok(())
}

/// Removes a message: the server has it, or it was withdrawn.
pub async fn remove_message(id: CommandId) {
    remove_note(id);
    // If removing fails, the next page sends the message again, and the server recognises its id.
    let _ = database::delete(Store::Outbox, &id.to_string()).await;
}

async fn all_messages() -> Result<Vec<(UserId, StoredMessage)>, StorageUnavailable> {
    // In the order of their keys, which are the ids.
    let texts = database::get_all(Store::Outbox).await?;
    Ok(texts.iter().filter_map(|text| decode_entry(text)).collect())
}

/// A user's unsent messages in the order in which they were typed, of one room or of all.
pub async fn messages(user: UserId, room: Option<&RoomId>) -> Result<Vec<StoredMessage>, StorageUnavailable> {
    let wanted = |(by, message): &(UserId, StoredMessage)| *by == user && room.is_none_or(|room| message.room == *room);
    Ok(all_messages().await?.into_iter().filter(wanted).map(|(_, message)| message).collect())
}

/// Stores the messages of notes that pages left when they were closed.
pub async fn recover_notes() {
    for (_, text) in notes() {
        if let Some((by, message)) = decode_entry(&text) {
            // If this fails, the note stays.
            let _ = save_message(by, &message).await;
        }
    }
}

/// The user and their rooms, to be shown while the server cannot be reached.
#[derive(Serialize, Deserialize)]
struct LastSession {
    user: User,
    rooms: Vec<RoomSummary>,
}

pub async fn save_last_session(user: User, rooms: Vec<RoomSummary>) {
    if let Ok(text) = serde_json::to_string(&LastSession { user, rooms }) {
        let _ = database::put(Store::LastSession, LAST_SESSION, &text).await;
    }
}

pub async fn last_session() -> Option<(User, Vec<RoomSummary>)> {
    let text = database::get(Store::LastSession, LAST_SESSION).await.ok()??;
    let LastSession { user, rooms } = json::decode(&text)?;
    Some((user, rooms))
}

#[derive(Serialize, Deserialize)]
struct StoredHistory {
    messages: Vec<Arc<Message>>,
    /// Older builds did not store notices.
    #[serde(default)]
    notices: Vec<StoredNotice>,
    head: Seq,
    tail: Option<Tail>,
    complete: bool,
}

#[derive(Serialize, Deserialize)]
struct StoredNotice {
    /// Index in [`NoticeKind::STORED`].
    kind: usize,
    name: String,
    by: String,
    at: Millis,
    seq: Seq,
}

impl StoredNotice {
    /// None for presence, which means nothing to a later page.
    fn of(notice: &Notice) -> Option<Self> {
        let Notice { kind, name, by, at, after, .. } = notice.clone();
        let kind = NoticeKind::STORED.iter().position(|stored| *stored == kind)?;
        Some(Self { kind, name, by, at, seq: after })
    }

    fn into_notice(self) -> Option<Notice> {
        let Self { kind, name, by, at, seq } = self;
        Some(Notice { kind: *NoticeKind::STORED.get(kind)?, user: None, name, by, at, after: seq })
    }
}

/// The newest messages of a room as they are stored; none if the timeline does not reach the room's end, or if it has
/// messages as they will be after the next events.
pub fn encode_history(timeline: &Timeline) -> Option<String> {
    if timeline.is_detached() || timeline.messages().len() == 0 || !timeline.is_at_head() {
        return None;
    }
    let skip = timeline.messages().len().saturating_sub(MAX_STORED_MESSAGES);
    let messages: Vec<_> = timeline.messages().skip(skip).cloned().collect();
    let complete = skip == 0 && timeline.is_complete();
    let first = if complete { 0 } else { messages.first().map_or(0, |message| message.seq) };
    let notices =
        timeline.notices().iter().filter(|notice| notice.after >= first).filter_map(StoredNotice::of).collect();
    let (head, tail) = (timeline.head(), timeline.tail().cloned());
    serde_json::to_string(&StoredHistory { messages, notices, head, tail, complete }).ok()
}

fn decode_history(text: &str) -> Option<Timeline> {
    let StoredHistory { messages, notices, head, tail, complete } = json::decode(text)?;
    let notices = notices.into_iter().filter_map(StoredNotice::into_notice);
    Some(Timeline::from_storage(messages, notices, head, tail, complete))
}

fn history_key(user: UserId, room: &RoomId) -> String {
    format!("{user}/{room}")
}

/// Stores what [`encode_history`] returned.
pub async fn save_history(user: UserId, room: &RoomId, text: String) {
    let _ = database::put(Store::History, &history_key(user, room), &text).await;
}

pub async fn history(user: UserId, room: &RoomId) -> Option<Timeline> {
    let text = database::get(Store::History, &history_key(user, room)).await.ok()??;
    decode_history(&text)
}

/// Deletes a room's history, which the user may not read any more.
pub async fn delete_history(user: UserId, room: &RoomId) {
    let _ = database::delete(Store::History, &history_key(user, room)).await;
}

/// Removes what is stored of a user whose session has ended, or of all users: unsent messages, drafts, rooms and their
/// history.
pub async fn remove_user_data(user: Option<UserId>) {
    let is_theirs = |owner: UserId| user.is_none_or(|user| user == owner);
    drafts::remove(user);
    for (key, text) in notes() {
        if decode_entry(&text).is_none_or(|(by, _)| is_theirs(by)) {
            browser::local_remove(&key);
        }
    }
    // If the database does not answer, a later page removes them.
    for (by, message) in all_messages().await.unwrap_or_default() {
        if is_theirs(by) {
            remove_message(message.id).await;
        }
    }
    let history = user.map(|user| format!("{user}/")).unwrap_or_default();
    let _ = database::delete_prefix(Store::History, &history).await;
    if last_session().await.is_none_or(|(last, _)| is_theirs(last.id)) {
        let _ = database::delete(Store::LastSession, LAST_SESSION).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use parlor_protocol::{Event, EventKind, UserKind, http::MessagePage};
    use uuid::Uuid;

    use super::*;

    fn stored(failed: Option<&str>) -> StoredMessage {
        let failed = failed.map(Arc::from);
        let id = CommandId(Uuid::from_u128(9));
        StoredMessage {
            id,
            room: "dev".into(),
            body: "hi \"ann\"".into(),
            edits: None,
            at: 7,
            attempted: false,
            failed,
        }
    }

    #[test]
    fn outbox_entries_round_trip() {
        let edit = StoredMessage { edits: Some(CommandId(Uuid::from_u128(4))), ..stored(None) };
        for message in [stored(None), stored(Some("too \"long\"")), edit] {
            let user = UserId(Uuid::from_u128(1));
            let text = encode_entry(user, &message).unwrap();
            assert_eq!(decode_entry(&text), Some((user, message)));
        }
    }

    #[test]
    fn entries_of_older_builds_count_as_attempted() {
        let text = r#"{"user":"00000000-0000-0000-0000-000000000001",
            "message":{"id":"00000000-0000-0000-0000-000000000009","room":"dev","body":"hi","at":7}}"#;
        let (_, message) = decode_entry(text).unwrap();
        assert!(message.attempted && message.failed.is_none());
        assert_eq!(decode_entry("{}"), None);
        assert_eq!(decode_entry(r#"{"user":1,"message":{}}"#), None);
    }

    #[test]
    fn entries_are_stored_as_the_previous_build_stored_them() {
        let text = encode_entry(UserId(Uuid::from_u128(1)), &stored(None)).unwrap();
        assert_eq!(
            text,
            r#"{"user":"00000000-0000-0000-0000-000000000001","message":{"id":"00000000-0000-0000-0000-000000000009","room":"dev","body":"hi \"ann\"","at":7,"tried":false,"failed":null}}"#
        );
    }

    #[test]
    fn history_round_trips() {
        let by = User { id: UserId(Uuid::from_u128(1)), name: "ann".into(), kind: UserKind::Guest, colour: None };
        let message = |seq: Seq| Message {
            id: CommandId(Uuid::from_u128(u128::from(seq))),
            seq,
            at: 5,
            by: by.clone(),
            body: "你好 👋".into(),
            html: "<p>你好 👋</p>".into(),
            reply_to: None,
            mentions: Vec::new(),
            edited_at: None,
            reactions: Vec::new(),
        };
        let page = MessagePage { messages: (1..=150).map(message).collect(), head: 150, ..MessagePage::default() };
        let mut timeline = Timeline::from_page(page.clone(), 50);
        let topic = EventKind::TopicSet { topic: "今天".into() };
        let id = CommandId(Uuid::from_u128(151));
        timeline.apply(Event { room: "dev".into(), seq: 151, id, at: 6, by: by.clone(), event: topic }, None);
        timeline.add_presence(&by, NoticeKind::UserOnline, 7);
        let read = decode_history(&encode_history(&timeline).unwrap()).unwrap();
        assert!(read.messages().map(|message| &**message).eq(&page.messages[50..]));
        assert_eq!((read.head(), read.tail(), read.is_complete()), (151, timeline.tail(), false));
        assert_eq!(read.notices(), &timeline.notices()[..1], "presence is not stored");
        let whole = MessagePage { messages: page.messages[..9].to_vec(), head: 9, ..MessagePage::default() };
        let read = decode_history(&encode_history(&Timeline::from_page(whole, 50)).unwrap()).unwrap();
        assert!(read.is_complete() && read.messages().len() == 9);
        assert!(encode_history(&Timeline::default()).is_none());
        assert!(decode_history("[]").is_none());
    }
}
