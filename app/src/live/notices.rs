//! What a timeline shows besides messages: what happened to the room and its members, which is in the log and so in pages
//! of history, and who came and went while this page was open, which is nowhere else.

use parlor_protocol::{Event, EventKind, Millis, Seq, User, UserId};
use serde::{Serialize, Serializer};

use crate::words::Word;

/// Notices that are kept when new ones come.
const MOST: usize = 400;
/// Names of what can happen to a room and its members, for what the browser keeps.
const KINDS: [(&str, Word); 10] = [
    ("joined", Word::MemberJoined),
    ("added", Word::MemberAdded),
    ("left", Word::MemberLeft),
    ("removed", Word::MemberRemoved),
    ("appointed", Word::Appointed),
    ("dismissed", Word::Dismissed),
    ("renamed", Word::RenamedTo),
    ("topic", Word::TopicSet),
    ("no_topic", Word::TopicCleared),
    ("archived", Word::Archived),
];

/// Something that happened to the room or its people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// What.
    #[serde(serialize_with = "kind")]
    pub word: Word,
    /// To whom.
    pub user: UserId,
    /// Their name, or the new name or topic of the room.
    pub name: String,
    /// Who did it; empty for those who came or went.
    pub by: String,
    /// When.
    pub at: Millis,
    /// The event itself, or the newest one when someone came or went: where the notice stands.
    pub after: Seq,
}

fn kind<S: Serializer>(word: &Word, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(KINDS.iter().find(|(_, other)| other == word).map_or("reopened", |(kind, _)| kind))
}

/// Reads a kind of notice as the browser has kept it.
#[must_use]
pub fn word_of(kind: &str) -> Word {
    KINDS.iter().find(|(other, _)| *other == kind).map_or(Word::Reopened, |(_, word)| *word)
}

impl Notice {
    /// Whether it is about who came and went, which is no event.
    #[must_use]
    pub const fn is_presence(&self) -> bool {
        matches!(self.word, Word::CameIn | Word::WentOut)
    }

    /// What an event says; none of messages and what becomes of them.
    #[must_use]
    pub fn of(event: &Event) -> Option<Self> {
        let by = &event.by;
        let (word, user, name) = match &event.event {
            EventKind::MemberAdded { user } if user.id == by.id => (Word::MemberJoined, user.id, &user.name),
            EventKind::MemberAdded { user } => (Word::MemberAdded, user.id, &user.name),
            EventKind::MemberRemoved { user } if user.id == by.id => (Word::MemberLeft, user.id, &user.name),
            EventKind::MemberRemoved { user } => (Word::MemberRemoved, user.id, &user.name),
            EventKind::Appointed { user, moderator: true } => (Word::Appointed, user.id, &user.name),
            EventKind::Appointed { user, moderator: false } => (Word::Dismissed, user.id, &user.name),
            EventKind::Renamed { name } => (Word::RenamedTo, by.id, name),
            EventKind::TopicSet { topic } if topic.is_empty() => (Word::TopicCleared, by.id, topic),
            EventKind::TopicSet { topic } => (Word::TopicSet, by.id, topic),
            EventKind::Archived { on: true } => (Word::Archived, by.id, &String::new()),
            EventKind::Archived { on: false } => (Word::Reopened, by.id, &String::new()),
            EventKind::Message { .. }
            | EventKind::Edited { .. }
            | EventKind::Deleted { .. }
            | EventKind::Reacted { .. }
            | EventKind::Unknown => return None,
        };
        Some(Self { word, user, name: name.clone(), by: by.name.clone(), at: event.at, after: event.seq })
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
    pub fn presence(&mut self, user: &User, word: Word, at: Millis, after: Seq) {
        // Of the same moment in the conversation, only the last word about a person counts.
        self.0.retain(|notice| notice.after != after || notice.user != user.id || !notice.is_presence());
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        let (user, name) = (user.id, user.name.clone());
        self.0.push(Notice { word, user, name, by: String::new(), at, after });
    }

    /// Lets go of those before an event.
    pub fn begin_at(&mut self, first: Seq) {
        self.0.retain(|notice| notice.after >= first);
    }
}
