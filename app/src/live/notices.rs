//! What a timeline shows besides messages: what happened to the room and its members, which is in the log and so in pages
//! of history, and who came and went while this page was open, which is nowhere else.

use parlor_protocol::{Event, EventKind, Millis, Seq, User, UserId};

use crate::i18n::Key;

/// Notices that are kept when new ones come.
const MOST: usize = 400;
/// What can happen to a room and its members. The browser keeps them as places in this list: new ones come last.
pub const KINDS: [Key; 11] = [
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

/// Something that happened to the room or its people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What.
    pub word: Key,
    /// Who came or went, which is no event; none for what is in the log.
    pub user: Option<UserId>,
    /// Whom it is about, or the new name or topic of the room.
    pub name: String,
    /// Who did it; empty for those who came or went.
    pub by: String,
    /// When.
    pub at: Millis,
    /// The event itself, or the newest one when someone came or went: where the notice stands.
    pub after: Seq,
}

impl Notice {
    /// Whether it is about who came and went, which is no event.
    #[must_use]
    pub const fn is_presence(&self) -> bool {
        self.user.is_some()
    }

    /// What an event says; none of messages and what becomes of them.
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

    /// Takes one that is in the log, wherever it belongs.
    pub fn insert(&mut self, notice: Notice) {
        let at = self.0.partition_point(|other| other.after < notice.after);
        // The event itself comes before who came and went after it.
        if self.0.get(at).is_none_or(|other| other.after > notice.after || other.is_presence()) {
            self.0.insert(at, notice);
        }
    }

    /// Takes those of a page.
    pub fn insert_all(&mut self, events: &[Event]) {
        events.iter().filter_map(Notice::of).for_each(|notice| self.insert(notice));
    }

    /// Someone came or went, after an event.
    pub fn presence(&mut self, user: &User, word: Key, at: Millis, after: Seq) {
        // Of the same moment in the conversation, only the last word about a person counts.
        self.0.retain(|notice| notice.after != after || notice.user != Some(user.id));
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        let (user, name) = (Some(user.id), user.name.clone());
        self.0.push(Notice { word, user, name, by: String::new(), at, after });
    }

    /// Lets go of those before an event.
    pub fn begin_at(&mut self, first: Seq) {
        self.0.retain(|notice| notice.after >= first);
    }
}
