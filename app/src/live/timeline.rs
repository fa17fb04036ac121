//! The messages of one room that this page has: pages of history and live events, in the order of the log, each once.
//!
//! It guarantees that nothing is missing between its first and its last message. An event that would leave a hole is not
//! taken; the caller joins the room again instead.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{
    CommandId, Cursor, Event, EventKind, Message, Millis, RoomId, Seq, Tail, User, UserId, http::MessagePage,
};

use super::notices::{Notice, NoticeKind, Notices};

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

#[derive(Clone, Debug, Default)]
pub struct Timeline {
    messages: VecDeque<Arc<Message>>,
    notices: Notices,
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
        let mut timeline = Self { messages: messages.into(), head, tail, complete, ..Self::default() };
        notices.into_iter().for_each(|notice| timeline.notices.insert(notice));
        timeline
    }

    /// Oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> + ExactSizeIterator {
        self.messages.iter()
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
        self.messages.front().map(|message| message.id)
    }

    pub fn first(&self) -> Option<Seq> {
        self.messages.front().map(|message| message.seq)
    }

    pub fn last(&self) -> Option<Seq> {
        self.messages.back().map(|message| message.seq)
    }

    /// Whether it ends before the room does.
    pub const fn is_detached(&self) -> bool {
        self.detached
    }

    /// Takes no live events from now on.
    pub const fn detach(&mut self) {
        self.detached = true;
    }
    pub fn has(&self, id: CommandId) -> bool {
        self.position(id).is_some()
    }
    pub fn seq_of(&self, id: CommandId) -> Option<Seq> {
        self.position(id).and_then(|at| self.messages.get(at)).map(|message| message.seq)
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

    /// Takes a live event, if it is the next one.
    pub fn apply(&mut self, event: Event) -> Applied {
        if self.detached {
            return if event.seq > self.head { Applied::Beyond } else { Applied::Duplicate };
        }
        if event.seq <= self.head {
            return Applied::Duplicate;
        }
        if event.seq > self.head + 1 {
            return Applied::Hole;
        }
        self.head = event.seq;
        self.tail = Some(event.id.tail());
        self.reduce(event);
        Applied::New
    }

    /// What each kind of event changes in the messages and notices.
    fn reduce(&mut self, event: Event) {
        match event.event {
            EventKind::Message { id, body, html, reply_to, mentions } => {
                // A message that was deleted since has no text. One that is here before its event is never shown twice.
                if !body.is_empty() && !self.has(id) {
                    let Event { seq, at, by, .. } = event;
                    self.messages.push_back(Arc::new(Message {
                        id,
                        seq,
                        at,
                        by,
                        body,
                        html,
                        reply_to,
                        mentions,
                        edited_at: None,
                        reactions: Vec::new(),
                    }));
                }
            }
            EventKind::Edited { message, body, html, .. } => {
                if let Some(message) = self.position(message).and_then(|at| self.messages.get_mut(at)) {
                    let message = Arc::make_mut(message);
                    (message.body, message.html) = (body, html);
                }
            }
            EventKind::Deleted { message, .. } => {
                if let Some(at) = self.position(message) {
                    self.messages.remove(at);
                }
            }
            EventKind::MemberAdded { .. }
            | EventKind::MemberRemoved { .. }
            | EventKind::Appointed { .. }
            | EventKind::OwnerChanged { .. }
            | EventKind::Renamed { .. }
            | EventKind::TopicSet { .. }
            | EventKind::Archived { .. } => self.notices.insert_events(std::slice::from_ref(&event)),
            // Reactions are not shown yet; an event of a newer server only takes its place in the log.
            EventKind::Reacted { .. } | EventKind::Unknown => {}
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
            self.messages.retain(|message| message.seq < first);
        } else {
            self.messages.clear();
            self.notices = Notices::default();
            self.complete = false;
        }
        // A page that is not full begins where the room does.
        self.complete |= page.messages.len() < limit;
        if history_changed {
            self.unread_after = None;
        }
        self.detached = false;
        self.head = page.head;
        self.tail = page.messages.last().filter(|last| last.seq == page.head).map(|last| last.id.tail());
        self.notices.insert_events(&page.notices);
        self.add(page.messages);
    }

    /// Takes the page before the first message.
    pub fn prepend(&mut self, page: MessagePage, limit: usize) {
        let Some(first) = self.first() else { return };
        self.complete = page.messages.len() < limit;
        self.notices.insert_events(&page.notices);
        self.add(page.messages.into_iter().filter(|message| message.seq < first).collect());
    }

    /// Replaces everything by a page from the middle of the room.
    pub fn replace(&mut self, page: MessagePage) {
        self.messages.clear();
        self.notices = Notices::default();
        self.unread_after = None;
        self.complete = false;
        self.detached = true;
        self.tail = None;
        self.head = page.messages.iter().map(|message| message.seq).max().unwrap_or(0);
        self.notices.insert_events(&page.notices);
        self.add(page.messages);
    }

    /// Takes the page from the last message on. If that message is not in the page, the page is of another history and
    /// nothing is taken. True if the page reaches the end of the room, so that live events can follow.
    pub fn append(&mut self, page: MessagePage, limit: usize) -> Option<bool> {
        let (last, id) = self.messages.back().filter(|_| self.detached).map(|message| (message.seq, message.id))?;
        if !page.messages.iter().any(|message| (message.seq, message.id) == (last, id)) {
            return None;
        }
        let full = page.messages.len() >= limit;
        self.notices.insert_events(&page.notices);
        self.add(page.messages.into_iter().filter(|message| message.seq > last).collect());
        self.detached = full;
        if let Some(last) = self.messages.back().cloned() {
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
        let newest = self.messages.iter().rev().take_while(|message| message.seq > after);
        let (mut unread, mut mentions) = (0, 0);
        for message in newest.filter(|message| message.by.id != me) {
            unread += 1;
            mentions += u64::from(message.mentions.contains(&me));
        }
        (unread, mentions)
    }

    /// Drops old messages of a long timeline, which can be loaded again. Only while the user is at the end.
    pub fn trim(&mut self) -> bool {
        let long = self.messages.len() > TRIM_ABOVE;
        if long {
            self.shorten(TRIM_TO);
        }
        long
    }

    /// Keeps at most this many of the newest messages.
    pub fn shorten(&mut self, most: usize) {
        if self.messages.len() > most {
            self.messages.drain(..self.messages.len() - most);
            self.complete = false;
            let first = self.first().unwrap_or(0);
            self.notices.drop_before(first);
        }
    }

    fn position(&self, id: CommandId) -> Option<usize> {
        // It is nearly always a recent one.
        self.messages.iter().rposition(|message| message.id == id)
    }

    /// Adds the messages of a page where they belong, in whatever order they come and each once.
    fn add(&mut self, messages: Vec<Message>) {
        for message in messages {
            if !self.has(message.id) {
                let at = self.messages.partition_point(|other| other.seq <= message.seq);
                self.messages.insert(at, Arc::new(message));
            }
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
