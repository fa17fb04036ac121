//! What the page shows of a room, line by line: messages with their day separators, notices and the "New" line.
//!
//! Pure. Each row has a key that never repeats within the builder and never changes for what it shows, so that the page can
//! change one row and leave the others alone.

use std::sync::Arc;

use parlor_protocol::{CommandId, Message, Millis, RoomId, Seq, UserId};

use super::{
    notices::{Notice, NoticeKind},
    outbox::{Delivery, Outbox, OutgoingMessage},
    timeline::Timeline,
};
use crate::{
    i18n::{I18n, Key},
    time::{Day, Zone},
};

/// Messages of one user within this time of each other share a header.
const GROUP_WINDOW: Millis = 5 * 60_000;
/// Days begin at a multiple of this in every time zone of today. The browser takes some time to say which day it is.
const QUARTER_HOUR: Millis = 15 * 60_000;
/// A notice lists at most this many names.
const MAX_NAMES: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    Day(Day),
    UnreadMarker,
    /// A message, from when it was typed.
    Message(CommandId),
    /// Users who came (true) or went after this event.
    Notice(Seq, bool),
    Event(Seq),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    Day(Day),
    /// The line above the first unread message.
    UnreadMarker,
    Message(MessageRow),
    /// A change of the room, its members, or who is online.
    Notice {
        kind: NoticeKind,
        /// The users' names, or the room's new name or topic.
        names: String,
        /// Who did it; empty for presence.
        by: String,
        /// The time; of several changes, the last.
        at: Millis,
    },
}

impl Row {
    pub const fn message(&self) -> Option<&MessageRow> {
        match self {
            Self::Message(message) => Some(message),
            Self::Day(_) | Self::UnreadMarker | Self::Notice { .. } => None,
        }
    }
}

/// A message and how to show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    pub message: Arc<Message>,
    /// Whether it shows its author.
    pub starts_group: bool,
    /// Whether the user wrote it.
    pub own: bool,
    /// Whether it mentions the user.
    pub mentions_me: bool,
    /// How far it has come, or its newest edit that is not stored yet.
    pub delivery: Delivery,
    /// The command in the outbox that has come so far.
    pub command: CommandId,
    /// That command is an edit.
    pub is_edit: bool,
    /// It was never sent, so it can be withdrawn.
    pub can_withdraw: bool,
}

/// All rows of a room, oldest first.
pub fn rows(
    room: &RoomId,
    timeline: &Timeline,
    outbox: &Outbox,
    me: Option<UserId>,
    zone: Zone,
    i18n: I18n,
) -> Vec<(RowKey, Row)> {
    let capacity = timeline.messages().len() + 8;
    let rows = Vec::with_capacity(capacity);
    let mut builder = RowBuilder { rows, me, zone, i18n, quarter_hour: None, day: None, group: None };
    let mut notices = timeline.notices().iter().peekable();
    let mut line = timeline.unread_after();
    for message in timeline.messages() {
        builder.notices(&mut notices, message.seq);
        // The marker is above the first unread message of another user.
        if line.is_some_and(|after| message.seq > after) && Some(message.by.id) != me {
            builder.day(message.at);
            builder.push(RowKey::UnreadMarker, Row::UnreadMarker);
            line = None;
        }
        match outbox.edit_of(message.id) {
            Some(edit) => builder.edited(message, edit),
            None => builder.message(message, None),
        }
    }
    builder.notices(&mut notices, Seq::MAX);
    for item in outbox.of(room) {
        let shown = match item.edits {
            // Another tab may have sent it, and its event may have arrived.
            None => timeline.has(item.message.id),
            // An edit is shown in the place of its message. If that is gone, a failed edit still has the text.
            Some(edited) => timeline.has(edited) || !matches!(item.delivery, Delivery::Failed(_)),
        };
        if item.is_visible() && !shown {
            builder.message(&item.message, Some(item));
        }
    }
    builder.rows
}

struct RowBuilder {
    rows: Vec<(RowKey, Row)>,
    me: Option<UserId>,
    zone: Zone,
    i18n: I18n,
    /// The quarter of an hour whose day was added last.
    quarter_hour: Option<Millis>,
    day: Option<Day>,
    group: Option<(UserId, Millis)>,
}

impl RowBuilder {
    fn push(&mut self, key: RowKey, row: Row) {
        self.rows.push((key, row));
        self.group = None;
    }

    fn day(&mut self, at: Millis) {
        if self.quarter_hour.replace(at.div_euclid(QUARTER_HOUR)) == Some(at.div_euclid(QUARTER_HOUR)) {
            return;
        }
        let day = self.zone.day(at);
        // A server's clock can go back; a day is never shown twice.
        if self.day.is_none_or(|last| day > last) {
            self.day = Some(day);
            self.push(RowKey::Day(day), Row::Day(day));
        }
    }

    /// A message with the text of an edit that is not stored yet.
    fn edited(&mut self, message: &Arc<Message>, edit: &OutgoingMessage) {
        let mut message = Message::clone(message);
        // The server has not rendered this text, as that of a message without a seq.
        message.seq = 0;
        message.body.clone_from(&edit.message.body);
        self.message(&Arc::new(message), Some(edit));
    }

    /// A message. `outgoing` is what the outbox has of it.
    fn message(&mut self, message: &Arc<Message>, outgoing: Option<&OutgoingMessage>) {
        self.day(message.at);
        let starts_group =
            self.group.is_none_or(|(by, at)| by != message.by.id || (message.at - at).abs() > GROUP_WINDOW);
        let own = self.me == Some(message.by.id);
        let mentions_me = !own && self.me.is_some_and(|me| message.mentions.contains(&me));
        let row = MessageRow {
            message: message.clone(),
            starts_group,
            own,
            mentions_me,
            delivery: outgoing.map_or(Delivery::Stored, |item| item.delivery.clone()),
            command: outgoing.map_or(message.id, |item| item.message.id),
            is_edit: outgoing.is_some_and(|item| item.edits.is_some()),
            can_withdraw: outgoing.is_some_and(|item| !item.attempted),
        };
        self.push(RowKey::Message(message.id), Row::Message(row));
        self.group = Some((message.by.id, message.at));
    }

    /// Adds the notices before an event: one row for all who came, one for all who went.
    fn notices<'a>(&mut self, notices: &mut std::iter::Peekable<impl Iterator<Item = &'a Notice>>, before: Seq) {
        while let Some(after) = notices.peek().map(|notice| notice.after).filter(|after| *after < before) {
            let mut groups: [Vec<&str>; 2] = [Vec::new(), Vec::new()];
            let mut joined_first = None;
            let mut last = [0; 2];
            while let Some(notice) = notices.next_if(|notice| notice.after == after) {
                if !notice.is_presence() {
                    let Notice { kind, name, by, at, .. } = notice.clone();
                    self.day(at);
                    self.push(RowKey::Event(after), Row::Notice { kind, names: name, by, at });
                    continue;
                }
                let joined = notice.kind == NoticeKind::UserOnline;
                joined_first.get_or_insert(joined);
                groups[usize::from(!joined)].push(&notice.name);
                last[usize::from(!joined)] = notice.at;
            }
            let joined_first = joined_first.unwrap_or(true);
            for joined in [joined_first, !joined_first] {
                let names = &groups[usize::from(!joined)];
                if !names.is_empty() {
                    let kind = if joined { NoticeKind::UserOnline } else { NoticeKind::UserOffline };
                    let (names, at) = (join_names(names, self.zone, self.i18n), last[usize::from(!joined)]);
                    self.push(RowKey::Notice(after, joined), Row::Notice { kind, names, by: String::new(), at });
                }
            }
        }
    }
}

/// `Ann`, `Ann and Bob`, `Ann, Bob and 3 others`
pub fn join_names(names: &[&str], zone: Zone, i18n: I18n) -> String {
    if names.len() <= MAX_NAMES {
        return zone.list(names);
    }
    let (named, others) = names.split_at(MAX_NAMES - 1);
    let others = i18n.plural(Key::OtherCount, others.len() as u64);
    zone.list(&[named, &[&*others]].concat())
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
