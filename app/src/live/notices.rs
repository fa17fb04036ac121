//! Notices in a timeline: changes of the room and its members, which are events of its log, and users who came and went
//! while this page was open, which is not stored anywhere.

use parlor_protocol::{Event, EventKind, Millis, Seq, User, UserId};

use crate::i18n::Key;

/// The most notices of a room.
const MAX_NOTICES: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    UserOnline,
    UserOffline,
    MemberJoined,
    MemberAdded,
    MemberLeft,
    MemberRemoved,
    ModeratorAdded,
    ModeratorRemoved,
    RoomRenamed,
    TopicChanged,
    TopicRemoved,
    RoomArchived,
    RoomUnarchived,
    OwnerChanged,
}

impl NoticeKind {
    /// The kinds that the browser stores, as indexes in this list. Append new ones.
    pub const STORED: [Self; 12] = [
        Self::MemberJoined,
        Self::MemberAdded,
        Self::MemberLeft,
        Self::MemberRemoved,
        Self::ModeratorAdded,
        Self::ModeratorRemoved,
        Self::RoomRenamed,
        Self::TopicChanged,
        Self::TopicRemoved,
        Self::RoomArchived,
        Self::RoomUnarchived,
        Self::OwnerChanged,
    ];
    pub const fn text(self) -> Key {
        match self {
            Self::UserOnline => Key::UsersJoined,
            Self::UserOffline => Key::UsersLeft,
            Self::MemberJoined => Key::MemberJoined,
            Self::MemberAdded => Key::MemberAdded,
            Self::MemberLeft => Key::MemberLeft,
            Self::MemberRemoved => Key::MemberRemoved,
            Self::ModeratorAdded => Key::ModeratorAdded,
            Self::ModeratorRemoved => Key::ModeratorRemoved,
            Self::RoomRenamed => Key::RoomRenamed,
            Self::TopicChanged => Key::TopicChanged,
            Self::TopicRemoved => Key::TopicRemoved,
            Self::RoomArchived => Key::RoomArchivedBy,
            Self::RoomUnarchived => Key::RoomUnarchivedBy,
            Self::OwnerChanged => Key::OwnerChanged,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
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
    pub const fn is_presence(&self) -> bool {
        self.user.is_some()
    }

    /// The notice of an event; none for events of messages.
    pub fn of(event: &Event) -> Option<Self> {
        let by = &event.by;
        let (kind, name) = match &event.event {
            EventKind::MemberAdded { user } if user.id == by.id => (NoticeKind::MemberJoined, &user.name),
            EventKind::MemberAdded { user } => (NoticeKind::MemberAdded, &user.name),
            EventKind::MemberRemoved { user } if user.id == by.id => (NoticeKind::MemberLeft, &user.name),
            EventKind::MemberRemoved { user } => (NoticeKind::MemberRemoved, &user.name),
            EventKind::Appointed { user, moderator: true } => (NoticeKind::ModeratorAdded, &user.name),
            EventKind::Appointed { user, moderator: false } => (NoticeKind::ModeratorRemoved, &user.name),
            EventKind::OwnerChanged { user } => (NoticeKind::OwnerChanged, &user.name),
            EventKind::Renamed { name } => (NoticeKind::RoomRenamed, name),
            EventKind::TopicSet { topic } if topic.is_empty() => (NoticeKind::TopicRemoved, topic),
            EventKind::TopicSet { topic } => (NoticeKind::TopicChanged, topic),
            EventKind::Archived { on: true } => (NoticeKind::RoomArchived, &String::new()),
            EventKind::Archived { on: false } => (NoticeKind::RoomUnarchived, &String::new()),
            EventKind::Message { .. }
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reacted { .. }
            | EventKind::Unknown => return None,
        };
        Some(Self { kind, user: None, name: name.clone(), by: by.name.clone(), at: event.at, after: event.seq })
    }
}

/// A room's notices in the order of its log, each event once.
#[derive(Clone, Debug, Default)]
pub struct Notices(Vec<Notice>);

impl Notices {
    /// Oldest first.
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

    pub fn insert_events(&mut self, events: &[Event]) {
        events.iter().filter_map(Notice::of).for_each(|notice| self.insert(notice));
    }

    /// A user came or went, after an event.
    pub fn presence(&mut self, user: &User, kind: NoticeKind, at: Millis, after: Seq) {
        // Between two events only a user's last change is shown.
        self.0.retain(|notice| notice.after != after || notice.user != Some(user.id));
        if self.0.len() >= MAX_NOTICES {
            self.0.remove(0);
        }
        let (user, name) = (Some(user.id), user.name.clone());
        self.0.push(Notice { kind, user, name, by: String::new(), at, after });
    }

    /// Drops those before an event.
    pub fn drop_before(&mut self, first: Seq) {
        self.0.retain(|notice| notice.after >= first);
    }
}
