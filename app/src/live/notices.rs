//! Notices in a timeline: changes of the room and its members, which are events of its log, and users who came and went
//! while this page was open, which is not stored anywhere.

use parlor_protocol::{Event, EventKind, Millis, Seq, User, UserId};

use crate::i18n::Key;

/// The most notices of a room.
const MAX_NOTICES: usize = 400;
/// The kinds of notices that the browser stores, as indexes in this list. Append new ones.
pub const STORED_WORDS: [Key; 11] = [
    Key::MemberJoined,
    Key::MemberAdded,
    Key::MemberLeft,
    Key::MemberRemoved,
    Key::ModeratorAdded,
    Key::ModeratorRemoved,
    Key::RoomRenamed,
    Key::TopicChanged,
    Key::TopicRemoved,
    Key::RoomArchivedBy,
    Key::RoomUnarchivedBy,
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its kind, as the text that shows it.
    pub word: Key,
    /// Who came or went; none for an event.
    pub user: Option<UserId>,
    /// The user it is about, or the room's new name or topic.
    pub name: String,
    /// Who did it; empty for presence.
    pub by: String,
    pub at: Millis,
    /// The event itself, or the newest event when a user came or went.
    pub after: Seq,
}

impl Notice {
    /// Whether a user came or went.
    #[must_use]
    pub const fn is_presence(&self) -> bool {
        self.user.is_some()
    }

    /// The notice of an event; none for events of messages.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let by = &event.by;
        let (word, name) = match &event.event {
            EventKind::MemberAdded { user } if user.id == by.id => (Key::MemberJoined, &user.name),
            EventKind::MemberAdded { user } => (Key::MemberAdded, &user.name),
            EventKind::MemberRemoved { user } if user.id == by.id => (Key::MemberLeft, &user.name),
            EventKind::MemberRemoved { user } => (Key::MemberRemoved, &user.name),
            EventKind::Appointed { user, moderator: true } => (Key::ModeratorAdded, &user.name),
            EventKind::Appointed { user, moderator: false } => (Key::ModeratorRemoved, &user.name),
            EventKind::Renamed { name } => (Key::RoomRenamed, name),
            EventKind::TopicSet { topic } if topic.is_empty() => (Key::TopicRemoved, topic),
            EventKind::TopicSet { topic } => (Key::TopicChanged, topic),
            EventKind::Archived { on: true } => (Key::RoomArchivedBy, &String::new()),
            EventKind::Archived { on: false } => (Key::RoomUnarchivedBy, &String::new()),
            EventKind::Message { .. }
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reacted { .. }
            | EventKind::Unknown => return None,
        };
        Some(Self { word, user: None, name: name.clone(), by: by.name.clone(), at: event.at, after: event.seq })
    }
}

/// A room's notices in the order of its log, each event once.
#[derive(Clone, Debug, Default)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Oldest first.
    #[must_use]
    pub fn all(&self) -> &[Notice] {
        &self.0
    }

    /// Inserts the notice of an event, unless it is there.
    pub fn insert(&mut self, notice: Notice) {
        let at = self.0.partition_point(|other| other.after < notice.after);
        // An event comes before the presence changes after it.
        if self.0.get(at).is_none_or(|other| other.after > notice.after || other.is_presence()) {
            self.0.insert(at, notice);
        }
    }

    /// Inserts the notices of events.
    pub fn insert_events(&mut self, events: &[Event]) {
        events.iter().filter_map(Notice::of).for_each(|notice| self.insert(notice));
    }

    /// A user came or went, after an event.
    pub fn presence(&mut self, user: &User, word: Key, at: Millis, after: Seq) {
        // Between two events only a user's last change is shown.
        self.0.retain(|notice| notice.after != after || notice.user != Some(user.id));
        if self.0.len() >= MAX_NOTICES {
            self.0.remove(0);
        }
        let (user, name) = (Some(user.id), user.name.clone());
        self.0.push(Notice { word, user, name, by: String::new(), at, after });
    }

    /// Drops those before an event.
    pub fn drop_before(&mut self, first: Seq) {
        self.0.retain(|notice| notice.after >= first);
    }
}
