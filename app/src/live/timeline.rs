//! One room's messages as this page knows them: pages of history and live events, in the one order, each once.
//!
//! Pure: it knows neither sockets nor signals. Its promise is that between the first and the last message it holds,
//! nothing is missing. An event that would leave a hole is not taken; the caller asks the server again instead.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{
    CommandId, Cursor, Event, EventKind, Message, Millis, RoomId, Seq, Tail, User, UserId, http::MessagePage,
};

use super::notices::{Notice, Notices};
use crate::{i18n::Key, small};

/// Messages that stay when a long timeline is trimmed.
const KEPT: usize = 200;
/// A timeline is trimmed beyond this. Not far beyond, or so many rows would go at once that it is felt.
const TRIMMED_AT: usize = 300;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is the next one.
    New,
    /// It was there already.
    Duplicate,
    /// One before it is missing: it was not taken.
    Hole,
    /// The timeline ends earlier, at the reader's place: it was not taken, and comes when they go on.
    Beyond,
}

/// One room's messages.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    messages: VecDeque<Arc<Message>>,
    notices: Notices,
    head: Seq,
    tail: Option<Tail>,
    complete: bool,
    /// It ends before the room does: what follows is loaded when the reader gets there.
    detached: bool,
    unread_after: Option<Seq>,
}

impl Timeline {
    /// A timeline that begins with the newest page.
    #[must_use]
    pub fn from_page(page: MessagePage, limit: usize) -> Self {
        let mut timeline = Self::default();
        timeline.reload(page, limit, false);
        timeline
    }

    /// What the browser has kept: it may be old, but has no holes.
    #[must_use]
    pub fn from_kept(page: MessagePage, notices: Vec<Notice>, tail: Option<Tail>, complete: bool) -> Self {
        let mut timeline = Self { head: page.head, tail, complete, ..Self::default() };
        timeline.add(page.messages, false);
        notices.into_iter().for_each(|notice| timeline.notices.insert(notice));
        timeline
    }

    /// Oldest first.
    pub fn messages(&self) -> impl DoubleEndedIterator<Item = &Arc<Message>> + ExactSizeIterator {
        self.messages.iter()
    }

    /// Oldest first.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        self.notices.all()
    }

    /// The newest event that it has taken.
    #[must_use]
    pub const fn head(&self) -> Seq {
        self.head
    }

    /// Its first message.
    #[must_use]
    pub fn first_id(&self) -> Option<CommandId> {
        self.messages.front().map(|message| message.id)
    }

    /// Where its first message stands in the room's log.
    #[must_use]
    pub fn first(&self) -> Option<Seq> {
        self.messages.front().map(|message| message.seq)
    }

    /// Where its last message stands in the room's log.
    #[must_use]
    pub fn last(&self) -> Option<Seq> {
        self.messages.back().map(|message| message.seq)
    }

    /// Whether it ends before the room does.
    #[must_use]
    pub const fn is_detached(&self) -> bool {
        self.detached
    }

    /// From now on it ends where it ends now, whatever comes.
    pub const fn detach(&mut self) {
        self.detached = true;
    }

    /// Whether a message is there.
    #[must_use]
    pub fn has(&self, id: CommandId) -> bool {
        self.position(id).is_some()
    }

    /// Where a message stands.
    #[must_use]
    pub fn seq_of(&self, id: CommandId) -> Option<Seq> {
        self.position(id).and_then(|at| self.messages.get(at)).map(|message| message.seq)
    }

    /// The last 8 hex digits of the id of the newest event, when it is known.
    #[must_use]
    pub const fn tail(&self) -> Option<&Tail> {
        self.tail.as_ref()
    }

    /// Whether it reaches back to the room's beginning.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The line between what was read and what is new stands after this event.
    #[must_use]
    pub const fn unread_after(&self) -> Option<Seq> {
        self.unread_after
    }

    /// Draws the line, or takes it away.
    pub const fn mark_unread(&mut self, after: Option<Seq>) {
        self.unread_after = after;
    }

    /// Where a live subscription goes on.
    #[must_use]
    pub fn cursor(&self, room: &RoomId) -> Cursor {
        Cursor { room: room.clone(), after: Some(self.head), tail: self.tail.clone() }
    }

    /// The same, but for a timeline that ends earlier: only what comes from now on.
    #[must_use]
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
        if let Some(notice) = Notice::of(&event) {
            self.notices.insert(notice);
        }
        match event.event {
            // A message can be there before its event only if the server broke its own order; never show it twice.
            // One that was deleted since has no text any more.
            EventKind::Message { id, body, html, reply_to, mentions }
                if !body.is_empty() && self.position(id).is_none() =>
            {
                let Event { seq, at, by, .. } = event;
                self.messages.push_back(Arc::new(Message { id, seq, at, by, body, html, reply_to, mentions }));
            }
            EventKind::Edited { message, body, html } => {
                if let Some(found) = self.position(message).and_then(|at| self.messages.get_mut(at)) {
                    let found = Arc::make_mut(found);
                    found.body = body;
                    found.html = html;
                }
            }
            EventKind::Deleted { message, .. } => {
                if let Some(at) = self.position(message) {
                    self.messages.remove(at);
                }
            }
            // What is no message has become a notice, or is not known.
            _ => {}
        }
        Applied::New
    }

    /// Takes the newest page: at the start, and after a gap. What is older stays only if the page reaches back to it,
    /// and if it is of the same history.
    pub fn reload(&mut self, page: MessagePage, limit: usize, history_changed: bool) {
        // One message that both have shows that everything before it is the same too. Where they only touch, the page may
        // be of another history already.
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
        // A page that is not full holds all there is, whatever was here before.
        self.complete |= page.messages.len() < limit;
        if history_changed {
            self.unread_after = None;
        }
        self.detached = false;
        self.head = page.head;
        self.tail = page.messages.last().filter(|last| last.seq == page.head).map(|last| last.id.tail());
        self.notices.insert_all(&page.notices);
        self.add(page.messages, false);
    }

    /// Takes the page before the first message.
    pub fn prepend(&mut self, page: MessagePage, limit: usize) {
        let Some(first) = self.first() else { return };
        self.complete = page.messages.len() < limit;
        self.notices.insert_all(&page.notices);
        self.add(page.messages.into_iter().filter(|message| message.seq < first).collect(), true);
    }

    /// Puts another history in the place of this one: a page from somewhere in it.
    pub fn replace(&mut self, page: MessagePage) {
        self.messages.clear();
        self.notices = Notices::default();
        self.unread_after = None;
        self.complete = false;
        self.detached = true;
        self.tail = None;
        self.head = page.messages.iter().map(|message| message.seq).max().unwrap_or(0);
        self.notices.insert_all(&page.notices);
        self.add(page.messages, false);
    }

    /// Takes the page from the last message on. That message shows that the page is of the same history: if it is not
    /// in it, nothing is taken. True when the page goes to the end of the room, so that live events can follow.
    pub fn append(&mut self, page: MessagePage, limit: usize) -> Option<bool> {
        let (last, id) = self.messages.back().filter(|_| self.detached).map(|message| (message.seq, message.id))?;
        if !page.messages.iter().any(|message| (message.seq, message.id) == (last, id)) {
            return None;
        }
        let full = page.messages.len() >= limit;
        self.notices.insert_all(&page.notices);
        self.add(page.messages.into_iter().filter(|message| message.seq > last).collect(), false);
        self.detached = full;
        if let Some(last) = self.messages.back().cloned() {
            // Events that are no messages may stand between the last message and the head.
            let at_head = !full && last.seq == page.head;
            self.head = if full { last.seq } else { page.head };
            self.tail = (full || at_head).then(|| last.id.tail());
        }
        Some(!full)
    }

    /// Someone came or went.
    pub fn notice(&mut self, user: &User, word: Key, at: Millis) {
        self.notices.presence(user, word, at, self.head);
    }

    /// Whether nothing is missing of what came after one event, up to another one.
    #[must_use]
    pub fn covers(&self, after: Seq, head: Seq) -> bool {
        !self.detached && self.head >= head && self.reaches(after)
    }

    /// Whether it goes back to the message that follows an event.
    #[must_use]
    pub fn reaches(&self, after: Seq) -> bool {
        self.complete || self.first().is_some_and(|first| first <= after + 1)
    }

    /// How many messages of others came after an event, and how many of those name the reader.
    #[must_use]
    pub fn unread(&self, after: Seq, me: UserId) -> (u64, u64) {
        let newest = self.messages.iter().rev().take_while(|message| message.seq > after);
        let (mut unread, mut mentions) = (0, 0);
        for message in newest.filter(|message| message.by.id != me) {
            unread += 1;
            mentions += u64::from(message.mentions.contains(&me));
        }
        (unread, mentions)
    }

    /// Lets go of old messages when there are many; they can be loaded again. Only while the reader is at the end.
    pub fn trim(&mut self) -> bool {
        let long = self.messages.len() > TRIMMED_AT;
        if long {
            self.shorten(KEPT);
        }
        long
    }

    /// Keeps so many of the newest messages.
    pub fn shorten(&mut self, most: usize) {
        if self.messages.len() > most {
            self.messages.drain(..self.messages.len() - most);
            self.complete = false;
            let first = self.first().unwrap_or(0);
            self.notices.begin_at(first);
        }
    }

    fn position(&self, id: CommandId) -> Option<usize> {
        // Almost always a recent one.
        self.messages.iter().rposition(|message| message.id == id)
    }

    /// Adds messages of a page, which a faulty server may have put in any order or twice.
    fn add(&mut self, mut messages: Vec<Message>, before: bool) {
        small::sort_by_key(&mut messages, |message| message.seq);
        messages.dedup_by_key(|message| message.id);
        messages.retain(|message| self.position(message.id).is_none());
        let messages = messages.into_iter().map(Arc::new);
        if before {
            messages.rev().for_each(|message| self.messages.push_front(message));
        } else {
            self.messages.extend(messages);
        }
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
