//! The messages of one room that this page has: pages of history and live events, in the order of the log, each once.
//!
//! It guarantees that nothing is missing between its first and its last message. An event that would leave a hole is not
//! taken; the caller joins the room again instead.
//!
//! Edits, reactions and deletions change messages. A page shows its messages as they were at its head, which may be before or
//! after the newest live event. So each message knows up to which event it is current: no change is applied twice, and none
//! is missing.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{CommandId, Cursor, Event, EventKind, Message, Millis, RoomId, Seq, Tail, User, UserId};

use super::notices::{Notice, NoticeKind, Notices};

mod changes;
mod pages;

use changes::{RecentChanges, change, changed_message};

/// Messages that are left when a long timeline is trimmed.
const TRIM_TO: usize = 200;
/// A timeline longer than this is trimmed. Trimming more rows at once would be noticed.
const TRIM_ABOVE: usize = 300;

/// What happened with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    New,
    /// It had been taken before.
    Duplicate,
    /// It was not taken, because one before it is missing.
    Hole,
    /// It was not taken, because the timeline is detached. It is loaded when the user scrolls down.
    Beyond,
}

#[derive(Clone, Debug)]
struct Entry {
    message: Arc<Message>,
    /// It has all changes up to this event. Unless the timeline is detached, also those up to its head.
    current: Seq,
    /// It has a later change as well, and lacks events in between.
    ahead: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Timeline {
    entries: VecDeque<Entry>,
    notices: Notices,
    changes: RecentChanges,
    /// The reader, once they are known.
    me: Option<UserId>,
    head: Seq,
    tail: Option<Tail>,
    complete: bool,
    /// It ends before the room does. What follows is loaded when the user scrolls down.
    detached: bool,
    unread_after: Option<Seq>,
}

impl Timeline {
    /// A timeline from the browser's storage. It may be old, but has no holes.
    pub fn from_storage(
        messages: Vec<Arc<Message>>,
        notices: impl IntoIterator<Item = Notice>,
        head: Seq,
        tail: Option<Tail>,
        complete: bool,
    ) -> Self {
        let entries = messages.into_iter().map(|message| Entry { message, current: head, ahead: false }).collect();
        let mut timeline = Self { entries, head, tail, complete, ..Self::default() };
        timeline.changes.restart(head);
        notices.into_iter().for_each(|notice| timeline.notices.insert(notice));
        timeline
    }

    /// Oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.message)
    }

    /// A message, by its id.
    pub fn message(&self, id: CommandId) -> Option<&Arc<Message>> {
        self.position(id).and_then(|at| self.entries.get(at)).map(|entry| &entry.message)
    }

    /// Whether all messages are as they were at the head. After a page they may be further.
    pub fn is_at_head(&self) -> bool {
        self.entries.iter().all(|entry| entry.current <= self.head)
    }

    /// Whether a message was deleted by one of the newest events.
    pub fn deletes(&self, id: CommandId) -> bool {
        self.changes.deletes(id)
    }

    /// Oldest first.
    pub fn notices(&self) -> &[Notice] {
        self.notices.all()
    }

    /// The newest event that was taken.
    pub const fn head(&self) -> Seq {
        self.head
    }
    pub fn first_id(&self) -> Option<CommandId> {
        self.entries.front().map(|entry| entry.message.id)
    }

    pub fn first(&self) -> Option<Seq> {
        self.entries.front().map(|entry| entry.message.seq)
    }

    pub fn last(&self) -> Option<Seq> {
        self.entries.back().map(|entry| entry.message.seq)
    }

    /// Whether it ends before the room does.
    pub const fn is_detached(&self) -> bool {
        self.detached
    }

    /// Takes no new messages from now on.
    pub fn detach(&mut self) {
        self.settle();
        self.detached = true;
    }

    /// The server has another history: pages of it must not get the changes of this one.
    pub fn forget_changes(&mut self) {
        self.changes = RecentChanges::default();
    }

    pub fn has(&self, id: CommandId) -> bool {
        self.position(id).is_some()
    }
    pub fn seq_of(&self, id: CommandId) -> Option<Seq> {
        self.message(id).map(|message| message.seq)
    }

    /// The tail of the newest event, if it is known.
    pub const fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// Whether it begins where the room does.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The unread marker is after this event.
    pub const fn unread_after(&self) -> Option<Seq> {
        self.unread_after
    }

    /// Sets or removes the unread marker.
    pub const fn mark_unread(&mut self, after: Option<Seq>) {
        self.unread_after = after;
    }

    /// Where a live subscription continues.
    pub fn cursor(&self, room: &RoomId) -> Cursor {
        Cursor { room: room.clone(), after: Some(self.head), tail: self.tail.clone() }
    }

    /// The same; a detached timeline subscribes to new events only.
    pub fn live_cursor(&self, room: &RoomId) -> Cursor {
        if self.detached { Cursor { room: room.clone(), after: None, tail: None } } else { self.cursor(room) }
    }

    /// Takes a live event, if it is the next one. `me` is the reader.
    pub fn apply(&mut self, event: Event, me: Option<UserId>) -> Applied {
        self.me = me;
        if self.detached {
            let received = self.changes.receive(&event);
            if received {
                self.change(&event);
            }
            let changes = received && changed_message(&event.event).is_some();
            return if changes || event.seq > self.head { Applied::Beyond } else { Applied::Duplicate };
        }
        if event.seq <= self.head {
            return Applied::Duplicate;
        }
        if event.seq > self.head + 1 {
            return Applied::Hole;
        }
        self.changes.receive(&event);
        self.change(&event);
        self.head = event.seq;
        self.tail = Some(event.id.tail());
        self.reduce(event);
        Applied::New
    }

    /// Applies an event to the message that it changes, and counts it for all messages that lack nothing before it.
    fn change(&mut self, event: &Event) {
        let (seq, detached) = (event.seq, self.detached);
        if let Some(at) = changed_message(&event.event).and_then(|message| self.position(message))
            && let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.current < seq)
        {
            entry.ahead |= detached && entry.current + 1 < seq;
            if !change(&mut entry.message, event, self.me) {
                self.entries.remove(at);
            }
        }
        if detached {
            let next = self.entries.iter_mut().filter(|entry| entry.current + 1 == seq);
            next.for_each(|entry| entry.current = seq);
        }
    }

    /// What the other kinds of events add to the messages and notices.
    fn reduce(&mut self, event: Event) {
        match event.event {
            EventKind::Message { id, body, html, reply_to, mentions } => {
                // A message that was deleted since has no text. One that is here before its event is never shown twice.
                if !body.is_empty() && !self.has(id) {
                    let Event { seq, at, by, .. } = event;
                    let (edited_at, reactions) = (None, Vec::new());
                    let message = Message { id, seq, at, by, body, html, reply_to, mentions, edited_at, reactions };
                    self.entries.push_back(Entry { message: Arc::new(message), current: seq, ahead: false });
                }
            }
            EventKind::MemberAdded { .. }
            | EventKind::MemberRemoved { .. }
            | EventKind::Appointed { .. }
            | EventKind::OwnerChanged { .. }
            | EventKind::Renamed { .. }
            | EventKind::TopicSet { .. }
            | EventKind::Archived { .. } => self.notices.insert_events(std::slice::from_ref(&event)),
            // An event of a newer server only takes its place in the log.
            EventKind::Edited { .. } | EventKind::Deleted { .. } | EventKind::Reacted { .. } | EventKind::Unknown => {}
        }
    }

    /// A user came or went.
    pub fn add_presence(&mut self, user: &User, kind: NoticeKind, at: Millis) {
        self.notices.presence(user, kind, at, self.head);
    }

    /// Whether it has all messages after one event up to another.
    pub fn covers(&self, after: Seq, head: Seq) -> bool {
        !self.detached && self.head >= head && self.reaches(after)
    }

    /// Whether it goes back to the first message after an event.
    pub fn reaches(&self, after: Seq) -> bool {
        self.complete || self.first().is_some_and(|first| first <= after + 1)
    }

    /// How many messages of others follow an event, and how many of them mention the user.
    pub fn unread(&self, after: Seq, me: UserId) -> (u64, u64) {
        let newest = self.messages().rev().take_while(|message| message.seq > after);
        let (mut unread, mut mentions) = (0, 0);
        for message in newest.filter(|message| message.by.id != me) {
            unread += 1;
            mentions += u64::from(message.mentions.contains(&me));
        }
        (unread, mentions)
    }

    /// Drops old messages of a long timeline, which can be loaded again. Only while the user is at the end.
    pub fn trim(&mut self) -> bool {
        let long = self.entries.len() > TRIM_ABOVE;
        if long {
            self.shorten(TRIM_TO);
        }
        long
    }

    /// Keeps at most this many of the newest messages.
    pub fn shorten(&mut self, most: usize) {
        if self.entries.len() > most {
            self.entries.drain(..self.entries.len() - most);
            self.complete = false;
            let first = self.first().unwrap_or(0);
            self.notices.drop_before(first);
        }
    }

    fn position(&self, id: CommandId) -> Option<usize> {
        // It is nearly always a recent one.
        self.entries.iter().rposition(|entry| entry.message.id == id)
    }

    /// Up to which event a message is current. None if it is as it was at no event.
    fn current(&self, at: usize) -> Option<Seq> {
        let head = if self.detached { 0 } else { self.head };
        self.entries.get(at).filter(|entry| !entry.ahead).map(|entry| entry.current.max(head))
    }

    /// Notes up to which event each message is current, before the head moves without events.
    fn settle(&mut self) {
        if !self.detached {
            let head = self.head;
            self.entries.iter_mut().for_each(|entry| entry.current = entry.current.max(head));
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "timeline_change_tests.rs"]
mod change_tests;
