//! Pages of history: how they are joined to a timeline, and brought up to date if live events have overtaken them.

use std::sync::Arc;

use parlor_protocol::{Message, Seq, http::MessagePage};

use super::{Entry, Timeline};
use crate::live::notices::{Notice, Notices};

impl Timeline {
    /// A timeline of the newest page.
    pub fn from_page(page: MessagePage, limit: usize) -> Self {
        let mut timeline = Self::default();
        timeline.reload(page, limit, false);
        timeline
    }

    /// Whether the page can be brought up to date. One that was overtaken by too many live events has to be loaded again.
    pub const fn accepts(&self, page: &MessagePage) -> bool {
        self.changes.reach(page.head)
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
            // Of the events up to its head, the page has the effect alone.
            if page.head > self.changes.newest() {
                self.changes.restart(page.head);
            }
        }
        if let Some(last) = self.entries.back().map(|entry| entry.message.clone()) {
            // There may be events that are no messages between the last message and the head.
            let at_head = !full && last.seq == page.head;
            self.head = if full { last.seq } else { page.head };
            self.tail = (full || at_head).then(|| last.id.tail());
        }
        Some(!full)
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
