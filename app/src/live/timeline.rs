//! The messages of one room that this page has: pages of history and live events, in the order of the log, each once.
//!
//! It guarantees that nothing is missing between its first and its last message. An event that would leave a hole is not
//! taken; the caller joins the room again instead.
//!
//! Edits, reactions and deletions change messages. A page shows its messages as they were at its head, which may be before or
//! after the newest live event. So each message knows up to which event it is current: no change is applied twice, and none
//! is missing.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{
    CommandId, Cursor, Event, EventKind, Message, Millis, RoomId, Seq, Tail, User, UserId, http::MessagePage,
};

use super::{
    changes::{RecentChanges, change, changed_message},
    notices::{Notice, NoticeKind, Notices},
};

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
    /// A timeline of the newest page.
    pub fn from_page(page: MessagePage, limit: usize) -> Self {
        let mut timeline = Self::default();
        timeline.reload(page, limit, false);
        timeline
    }

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

    /// Whether the page can be brought up to date. One that was overtaken by too many live events has to be loaded again.
    pub const fn accepts(&self, page: &MessagePage) -> bool {
        self.changes.reach(page.head)
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

    /// Takes the newest page, at the start and after a gap. Older messages stay only if the page connects to them and is of
    /// the same history.
    pub fn reload(&mut self, page: MessagePage, limit: usize, history_changed: bool) {
        // A message that both have shows that everything before it is the same too. If they only touch, the page may be of
        // another history.
        let first = page.messages.iter().map(|message| message.seq).min().unwrap_or(0);
        let shared = |message: &Message| self.seq_of(message.id) == Some(first) && message.seq == first;
        let reaches_back = page.messages.iter().any(shared);
        if !history_changed && reaches_back {
            self.settle();
            self.entries.retain(|entry| entry.message.seq < first);
        } else {
            self.entries.clear();
            self.notices = Notices::default();
            self.complete = false;
        }
        if history_changed {
            self.unread_after = None;
        }
        // A page that is not full begins where the room does.
        let begins_room = page.messages.len() < limit;
        self.detached = false;
        self.head = page.head;
        self.tail = page.messages.last().filter(|last| last.seq == page.head).map(|last| last.id.tail());
        // The server continues from this page.
        self.changes.restart(page.head);
        self.notices.insert_events(&page.notices);
        self.add(page.messages, page.head);
        self.drop_outdated(page.head);
        self.complete |= begins_room;
    }

    /// Takes the page before the first message. False if it has to be loaded again.
    pub fn prepend(&mut self, page: MessagePage, limit: usize) -> bool {
        if !self.accepts(&page) {
            return false;
        }
        let Some(first) = self.first() else { return true };
        self.complete = page.messages.len() < limit;
        self.notices.insert_events(&page.notices);
        self.add(page.messages.into_iter().filter(|message| message.seq < first).collect(), page.head);
        true
    }

    /// Replaces everything by a page from the middle of the room.
    pub fn replace(&mut self, page: MessagePage) {
        self.entries.clear();
        self.notices = Notices::default();
        self.unread_after = None;
        self.complete = false;
        self.detached = true;
        self.tail = None;
        self.head = page.messages.iter().map(|message| message.seq).max().unwrap_or(0);
        self.notices.insert_events(&page.notices);
        self.add(page.messages, page.head);
    }

    /// Takes the page from the last message on. If that message is not in the page, the page is of another history and
    /// nothing is taken. True if the page reaches the end of the room, so that live events can follow.
    pub fn append(&mut self, page: MessagePage, limit: usize) -> Option<bool> {
        let back = self.entries.back().filter(|_| self.detached).map(|entry| &entry.message);
        let (last, id) = back.map(|message| (message.seq, message.id))?;
        if !page.messages.iter().any(|message| (message.seq, message.id) == (last, id)) {
            return None;
        }
        let full = page.messages.len() >= limit;
        self.notices.insert_events(&page.notices);
        self.add(page.messages.into_iter().filter(|message| message.seq >= last).collect(), page.head);
        self.detached = full;
        if !full {
            self.drop_outdated(page.head);
        }
        if let Some(last) = self.entries.back().map(|entry| entry.message.clone()) {
            // There may be events that are no messages between the last message and the head.
            let at_head = !full && last.seq == page.head;
            self.head = if full { last.seq } else { page.head };
            self.tail = (full || at_head).then(|| last.id.tail());
        }
        Some(!full)
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

    /// Adds the messages of a page where they belong, in whatever order they come and each once. They are as they were at
    /// the page's head, so the changes since are applied.
    fn add(&mut self, messages: Vec<Message>, head: Seq) {
        for message in messages {
            let known = self.position(message.id);
            if let Some(at) = known {
                if self.current(at).is_some_and(|current| current >= head) {
                    continue;
                }
                self.entries.remove(at);
            }
            let mut message = Arc::new(message);
            let current = head.max(self.changes.newest());
            if self.changes.catch_up(&mut message, head, self.me) {
                let at = self.entries.partition_point(|other| other.message.seq <= message.seq);
                self.entries.insert(at, Entry { message, current, ahead: false });
            }
        }
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

    /// After a page up to `head`, drops the older messages that may lack a change. They are loaded again when the user
    /// scrolls up. If all events that they did not get are known to be no changes, they stay.
    fn drop_outdated(&mut self, head: Seq) {
        let known = |after: Seq| {
            let messages = self.messages().filter(|message| (after + 1..=head).contains(&message.seq)).count();
            let is_event = |notice: &&Notice| !notice.is_presence() && (after + 1..=head).contains(&notice.after);
            (messages + self.notices.all().iter().filter(is_event).count()) as Seq == head - after
        };
        // Neighbours are nearly always current up to the same event.
        let mut checked: Option<(Seq, bool)> = None;
        let is_outdated = |entry: &Entry| {
            if entry.ahead || entry.current >= head {
                return entry.ahead;
            }
            match checked {
                Some((after, known)) if after == entry.current => !known,
                _ => {
                    let known = known(entry.current);
                    checked = Some((entry.current, known));
                    !known
                }
            }
        };
        if let Some(last) = self.entries.iter().rposition(is_outdated) {
            self.entries.drain(..=last);
            self.complete = false;
            self.notices.drop_before(self.first().unwrap_or(0));
        }
        let current = head.max(self.changes.newest());
        let updated = self.entries.iter_mut().filter(|entry| entry.current < head);
        updated.for_each(|entry| entry.current = current);
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "timeline_change_tests.rs"]
mod change_tests;
