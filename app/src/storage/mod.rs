//! What the browser keeps for the next page: messages that have not reached the server, drafts, and enough of the rooms
//! to read them without a server.
//!
//! Messages, rooms and history are in IndexedDB, where a write is on disk before it is answered for; drafts are in the
//! local storage, which can be read at once.

use std::sync::Arc;

use parlor_protocol::{CommandId, Message, Millis, RoomId, RoomSummary, Seq, Tail, User, UserId, http::MessagePage};
use serde::Serialize;

use crate::{
    browser,
    live::{
        notices::{KINDS, Notice},
        outbox::Kept,
        timeline::Timeline,
    },
    small,
    wire::{self, Object, Read},
};

pub mod database;
pub mod drafts;
pub mod lock;

pub use database::StorageUnavailable;
use database::{Ask, Store, ask};

/// Messages of a room that are kept to be read without a server.
const KEPT_MESSAGES: usize = 100;

/// Where a message is until the database has it, or where there is none: in the local storage, which is written at once.
/// A page may be closed in the very moment in which Enter is pressed.
const NOTES: &str = "parlor.outbox.";

#[derive(Serialize)]
struct Entry<'a> {
    user: UserId,
    message: &'a Kept,
}

/// A kept message, and whose it is.
fn read_entry(text: &str) -> Option<(UserId, Kept)> {
    let mut entry = wire::read::<Object>(text)?;
    let mut message = entry.take::<Object>("message")?;
    let kept = Kept {
        id: message.take("id")?,
        room: message.take("room")?,
        body: message.take("body")?,
        at: message.take("at")?,
        // Not there in what an older page has kept: then nobody knows.
        tried: message.take_or("tried", true)?,
        failed: message.take_option::<String>("failed")?.map(Arc::from),
    };
    Some((entry.take("user")?, kept))
}

/// Notes a message at once, until [`put`] has kept it.
pub fn note(user: UserId, message: &Kept) {
    if let Ok(text) = serde_json::to_string(&Entry { user, message }) {
        browser::keep(&format!("{NOTES}{}", message.id), &text);
    }
}

/// Keeps a message, in place of what was kept of it before.
///
/// # Errors
/// [`StorageUnavailable`]: it would not outlive this page.
pub async fn put(user: UserId, message: &Kept) -> Result<(), StorageUnavailable> {
    let text = serde_json::to_string(&Entry { user, message }).map_err(|_| StorageUnavailable)?;
    ask(Store::Outbox, Ask::Put(message.id.to_string(), text)).await?;
    browser::forget(&format!("{NOTES}{}", message.id));
    Ok(())
}

/// The server has it, or it was taken back.
pub async fn remove(id: CommandId) {
    browser::forget(&format!("{NOTES}{id}"));
    // What cannot be removed is sent again by the next page, and answered as what it is: known.
    let _ = ask(Store::Outbox, Ask::Delete(id.to_string())).await;
}

/// This person's messages in the order in which they were typed; of all rooms or of one.
///
/// # Errors
/// [`StorageUnavailable`]: this browser keeps nothing.
pub async fn all(user: UserId, room: Option<&RoomId>) -> Result<Vec<Kept>, StorageUnavailable> {
    let texts = ask(Store::Outbox, Ask::All).await?;
    let entries = texts.iter().filter_map(|text| read_entry(text));
    let mut messages: Vec<_> = entries.filter(|(by, _)| *by == user).map(|(_, message)| message).collect();
    messages.retain(|message| room.is_none_or(|room| message.room == *room));
    small::sort_by_key(&mut messages, |message| message.id);
    Ok(messages)
}

/// Takes over what pages have noted that were closed before it was kept.
pub async fn rescue() {
    for text in browser::kept(NOTES) {
        if let Some((by, message)) = read_entry(&text) {
            // Where nothing can be kept, the note stays.
            let _ = put(by, &message).await;
        }
    }
}

/// Messages of a guest who is signed out can no longer be sent in their name. When someone comes in by the same name,
/// what they wrote is returned, to be the draft of its room.
pub async fn adopt(user: &User) -> Vec<(RoomId, String)> {
    let texts = ask(Store::Outbox, Ask::All).await.unwrap_or_default();
    let entries = texts.iter().filter_map(|text| read_entry(text));
    let mut others: Vec<_> = entries.filter(|(by, _)| *by != user.id).collect();
    small::sort_by_key(&mut others, |(_, message)| message.id);
    let mut texts: Vec<(RoomId, String)> = Vec::new();
    for (_, Kept { id, room, body, .. }) in others {
        match texts.iter_mut().find(|(other, _)| *other == room) {
            Some((_, text)) => *text = drafts::joined(text, &body),
            None => texts.push((room, body)),
        }
        remove(id).await;
    }
    texts
}

#[derive(Serialize)]
struct LastSession<'a> {
    user: &'a User,
    rooms: &'a [RoomSummary],
}

/// Keeps who reads, and their rooms.
pub async fn put_scene(user: &User, rooms: &[RoomSummary]) {
    if let Ok(text) = serde_json::to_string(&LastSession { user, rooms }) {
        let _ = ask(Store::LastSession, Ask::Put("last".into(), text)).await;
    }
}

/// Who read last in this browser, and their rooms.
pub async fn scene() -> Option<(User, Vec<RoomSummary>)> {
    let texts = ask(Store::LastSession, Ask::Get("last".into())).await.ok()?;
    let mut scene = wire::read::<Object>(texts.first()?)?;
    Some((scene.take("user")?, scene.take("rooms")?))
}

#[derive(Serialize)]
struct History<'a> {
    messages: Vec<&'a Message>,
    notices: Vec<KeptNotice<'a>>,
    head: Seq,
    tail: Option<&'a Tail>,
    complete: bool,
}

#[derive(Serialize)]
struct KeptNotice<'a> {
    /// Its place in [`KINDS`].
    kind: u64,
    name: &'a str,
    by: &'a str,
    at: Millis,
    seq: Seq,
}

fn keep_notice(Notice { word, name, by, at, after, .. }: &Notice) -> Option<KeptNotice<'_>> {
    let kind = KINDS.iter().position(|kind| kind == word)? as u64;
    Some(KeptNotice { kind, name, by, at: *at, seq: *after })
}

/// The newest messages of a room, as they are kept.
#[must_use]
pub fn history_of(timeline: &Timeline) -> Option<String> {
    if timeline.is_detached() || timeline.messages().len() == 0 {
        return None;
    }
    let skip = timeline.messages().len().saturating_sub(KEPT_MESSAGES);
    let messages = timeline.messages().skip(skip).map(|message| &**message).collect();
    let complete = skip == 0 && timeline.is_complete();
    // Who came and went is of no interest to a later page.
    let first = if complete { 0 } else { timeline.messages().nth(skip).map_or(0, |message| message.seq) };
    let notices = timeline.notices().iter().filter(|notice| notice.after >= first).filter_map(keep_notice).collect();
    serde_json::to_string(&History { messages, notices, head: timeline.head(), tail: timeline.tail(), complete }).ok()
}

/// Reads what [`history_of`] has written.
fn read_history(text: &str) -> Option<Timeline> {
    let mut history = wire::read::<Object>(text)?;
    let page =
        MessagePage { messages: history.take("messages")?, head: history.take("head")?, ..MessagePage::default() };
    // Older pages have kept none.
    let notices = history.take_or("notices", Vec::new())?;
    let tail = history.take_option::<String>("tail")?.map(Tail);
    Some(Timeline::from_kept(page, notices, tail, history.take("complete")?))
}

impl Read for Notice {
    fn read(value: serde_json::Value) -> Option<Self> {
        let mut object = Object::read(value)?;
        Some(Self {
            word: *KINDS.get(usize::try_from(object.take::<u64>("kind")?).ok()?)?,
            user: None,
            name: object.take("name")?,
            by: object.take("by")?,
            at: object.take("at")?,
            after: object.take("seq")?,
        })
    }
}

/// Keeps what [`history_of`] gave.
pub async fn put_history(user: UserId, room: &RoomId, text: String) {
    let _ = ask(Store::History, Ask::Put(format!("{user}/{room}"), text)).await;
}

/// What is kept of a room, and where its events go on.
pub async fn history(user: UserId, room: &RoomId) -> Option<Timeline> {
    let texts = ask(Store::History, Ask::Get(format!("{user}/{room}"))).await.ok()?;
    read_history(texts.first()?)
}

/// A room is no longer theirs to read.
pub async fn forget_history(user: UserId, room: &RoomId) {
    let _ = ask(Store::History, Ask::Delete(format!("{user}/{room}"))).await;
}

/// Someone goes: the next one at this browser is not to read what they could read.
pub async fn forget_rooms() {
    let _ = ask(Store::History, Ask::Clear).await;
    let _ = ask(Store::LastSession, Ask::Clear).await;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use parlor_protocol::{Event, EventKind, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::i18n::Key;

    fn kept(failed: Option<&str>) -> Kept {
        let failed = failed.map(Arc::from);
        let id = CommandId(Uuid::from_u128(9));
        Kept { id, room: "dev".into(), body: "hi \"ann\"".into(), at: 7, tried: false, failed }
    }

    #[test]
    fn what_was_put_can_be_read() {
        for message in [kept(None), kept(Some("too \"long\""))] {
            let user = UserId(Uuid::from_u128(1));
            let text = serde_json::to_string(&Entry { user, message: &message }).unwrap();
            assert_eq!(read_entry(&text), Some((user, message)));
        }
    }

    #[test]
    fn what_an_older_page_has_kept_may_have_been_sent() {
        let text = r#"{"user":"00000000-0000-0000-0000-000000000001",
            "message":{"id":"00000000-0000-0000-0000-000000000009","room":"dev","body":"hi","at":7}}"#;
        let (_, message) = read_entry(text).unwrap();
        assert!(message.tried && message.failed.is_none());
        assert_eq!(read_entry("{}"), None);
        assert_eq!(read_entry(r#"{"user":1,"message":{}}"#), None);
    }

    #[test]
    fn history_comes_back_as_it_was() {
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
        };
        let page = MessagePage { messages: (1..=150).map(message).collect(), head: 150, ..MessagePage::default() };
        let mut timeline = Timeline::from_page(page.clone(), 50);
        let topic = EventKind::TopicSet { topic: "今天".into() };
        let id = CommandId(Uuid::from_u128(151));
        timeline.apply(Event { room: "dev".into(), seq: 151, id, at: 6, by: by.clone(), event: topic });
        timeline.notice(&by, Key::UsersJoined, 7);
        let read = read_history(&history_of(&timeline).unwrap()).unwrap();
        assert!(read.messages().map(|message| &**message).eq(&page.messages[50..]));
        assert_eq!((read.head(), read.tail(), read.is_complete()), (151, timeline.tail(), false));
        assert_eq!(read.notices(), &timeline.notices()[..1], "who came is not kept");
        let whole = MessagePage { messages: page.messages[..9].to_vec(), head: 9, ..MessagePage::default() };
        let read = read_history(&history_of(&Timeline::from_page(whole, 50)).unwrap()).unwrap();
        assert!(read.is_complete() && read.messages().len() == 9);
        assert!(history_of(&Timeline::default()).is_none());
        assert!(read_history("[]").is_none());
    }
}
