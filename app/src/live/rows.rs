//! What the page shows of a room, line by line: messages with their day separators, notices and the "New" line.
//!
//! Pure. Each row has a key that never repeats within the list and never changes for what it shows, so that the page can
//! change one row and leave the others alone.

use std::sync::Arc;

use parlor_protocol::{CommandId, Message, Millis, RoomId, Seq, UserId};

use super::{
    notices::Notice,
    outbox::{Delivery, Outbox},
    timeline::Timeline,
};
use crate::{
    i18n::{I18n, Key},
    time::{Day, Zone},
};

/// Messages of one person within this time of each other share a header.
const RUN: Millis = 5 * 60_000;
/// Names that a folded notice gives before it counts.
const NAMED: usize = 3;

/// Names a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A day separator.
    Day(Day),
    /// The line above what is new.
    New,
    /// A message, from the moment it was typed.
    Message(CommandId),
    /// Who came (true) or went after this event.
    Notice(Seq, bool),
    /// What this event changed of the room or its members.
    Event(Seq),
}

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Messages of another day follow.
    Day(Day),
    /// Unread messages follow.
    New,
    /// A message.
    Message(MessageRow),
    /// Something that is no message: who came or went, or what became of the room or its members.
    Notice {
        /// What.
        word: Key,
        /// `Ann, Bob and 3 others`, or a name or topic of the room.
        names: String,
        /// Who did it; empty for those who came or went.
        by: String,
        /// When; of several, the last one.
        at: Millis,
    },
}

impl Row {
    #[must_use]
    pub const fn message(&self) -> Option<&MessageRow> {
        match self {
            Self::Message(message) => Some(message),
            Self::Day(_) | Self::New | Self::Notice { .. } => None,
        }
    }
}

/// A message and how to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The message.
    pub message: Arc<Message>,
    /// Whether it begins a run, and so shows its author.
    pub starts_run: bool,
    /// Whether the reader wrote it.
    pub own: bool,
    /// Whether it names the reader.
    pub names_me: bool,
    /// How far it has come.
    pub delivery: Delivery,
    /// It was never on the wire: its writer can have it back.
    pub may_be_taken_back: bool,
}

/// All rows of a room, oldest first.
#[must_use]
pub fn rows(
    room: &RoomId,
    timeline: &Timeline,
    outbox: &Outbox,
    me: Option<UserId>,
    zone: Zone,
    i18n: I18n,
) -> Vec<(RowKey, Row)> {
    let capacity = timeline.messages().len() + 8;
    let mut list = List { rows: Vec::with_capacity(capacity), me, zone, i18n, day: None, run: None };
    let mut notices = timeline.notices().iter().peekable();
    let mut line = timeline.unread_after();
    for message in timeline.messages() {
        list.notices(&mut notices, message.seq);
        // The first unread message of another person opens the line.
        if line.is_some_and(|after| message.seq > after) && Some(message.by.id) != me {
            list.day(message.at);
            list.push(RowKey::New, Row::New);
            line = None;
        }
        list.message(message, Delivery::Stored, false);
    }
    list.notices(&mut notices, Seq::MAX);
    for item in outbox.of(room) {
        // Another tab may have sent it, and its event be here already.
        if item.is_shown() && !timeline.has(item.message.id) {
            list.message(&item.message, item.delivery.clone(), !item.tried);
        }
    }
    list.rows
}

struct List {
    rows: Vec<(RowKey, Row)>,
    me: Option<UserId>,
    zone: Zone,
    i18n: I18n,
    day: Option<Day>,
    run: Option<(UserId, Millis)>,
}

impl List {
    fn push(&mut self, key: RowKey, row: Row) {
        self.rows.push((key, row));
        self.run = None;
    }

    fn day(&mut self, at: Millis) {
        let day = self.zone.day(at);
        // A server's clock can go back; a day that was named already is not named again.
        if self.day.is_none_or(|last| day > last) {
            self.day = Some(day);
            self.push(RowKey::Day(day), Row::Day(day));
        }
    }

    fn message(&mut self, message: &Arc<Message>, delivery: Delivery, may_be_taken_back: bool) {
        self.day(message.at);
        let starts_run = self.run.is_none_or(|(by, at)| by != message.by.id || (message.at - at).abs() > RUN);
        let own = self.me == Some(message.by.id);
        let names_me = !own && self.me.is_some_and(|me| message.mentions.contains(&me));
        let row = MessageRow { message: message.clone(), starts_run, own, names_me, delivery, may_be_taken_back };
        self.push(RowKey::Message(message.id), Row::Message(row));
        self.run = Some((message.by.id, message.at));
    }

    /// Those before this event, folded: one row for who came, one for who went.
    fn notices<'a>(&mut self, notices: &mut std::iter::Peekable<impl Iterator<Item = &'a Notice>>, before: Seq) {
        while let Some(after) = notices.peek().map(|notice| notice.after).filter(|after| *after < before) {
            let mut groups: [Vec<&str>; 2] = [Vec::new(), Vec::new()];
            let mut joined_first = None;
            let mut last = [0; 2];
            while let Some(notice) = notices.next_if(|notice| notice.after == after) {
                if !notice.is_presence() {
                    let Notice { word, name, by, at, .. } = notice.clone();
                    self.day(at);
                    self.push(RowKey::Event(after), Row::Notice { word, names: name, by, at });
                    continue;
                }
                let joined = notice.word == Key::UsersJoined;
                joined_first.get_or_insert(joined);
                groups[usize::from(!joined)].push(&notice.name);
                last[usize::from(!joined)] = notice.at;
            }
            let joined_first = joined_first.unwrap_or(true);
            for joined in [joined_first, !joined_first] {
                let names = &groups[usize::from(!joined)];
                if !names.is_empty() {
                    let (word, names) =
                        (if joined { Key::UsersJoined } else { Key::UsersLeft }, fold(names, self.i18n));
                    self.push(
                        RowKey::Notice(after, joined),
                        Row::Notice { word, names, by: String::new(), at: last[usize::from(!joined)] },
                    );
                }
            }
        }
    }
}

/// `Ann`, `Ann and Bob`, `Ann, Bob and 3 others`
#[must_use]
pub fn fold(names: &[&str], i18n: I18n) -> String {
    let comma = i18n.t(Key::ListSeparator);
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] if names.len() <= NAMED => {
            i18n.format(Key::ListLast, &[("names", &first.join(comma)), ("last", last)])
        }
        _ => {
            let (named, others) = names.split_at(NAMED - 1);
            i18n.format(Key::ListOthers, &[("names", &named.join(comma)), ("n", &others.len().to_string())])
        }
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
