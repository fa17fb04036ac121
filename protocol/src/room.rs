//! Rooms, messages and the events of a room's log.

use serde::{Deserialize, Serialize};

use crate::{CommandId, Millis, RoomId, Seq, User, UserId};

/// Who can see and join a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Everyone on the server can see and join it.
    Public,
    /// Members only; moderators add members.
    Private,
    /// Direct messages between two or more users.
    Direct,
}

/// Role of a member in a room, from fewest to most permissions. Each includes the permissions of the ones before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoomRole {
    /// Reads and writes.
    #[default]
    Member,
    /// Manages the room and its members.
    Moderator,
    /// Stands above the moderators. A room has at most one owner, at first the person who created it.
    Owner,
}

impl RoomRole {
    /// All roles, from fewest to most permissions.
    pub const ALL: [Self; 3] = [Self::Member, Self::Moderator, Self::Owner];

    /// Whether this role has the permissions of a moderator.
    #[must_use]
    pub const fn moderates(self) -> bool {
        !matches!(self, Self::Member)
    }

    /// The role as a string, as in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Owner => "owner",
        }
    }

    /// The role of someone with these flags of the wire format.
    #[must_use]
    pub const fn from_flags(moderator: bool, owner: bool) -> Self {
        match (moderator, owner) {
            (_, true) => Self::Owner,
            (true, false) => Self::Moderator,
            (false, false) => Self::Member,
        }
    }
}

/// Which messages of a room notify a user. It changes unread counts and notifications, not access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotificationLevel {
    /// All messages.
    #[default]
    All,
    /// Messages that mention the user.
    Mentions,
    /// No messages.
    Nothing,
}

impl NotificationLevel {
    /// All levels, from most to fewest notifications.
    pub const ALL: [Self; 3] = [Self::All, Self::Mentions, Self::Nothing];

    /// The level as a string, as on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Mentions => "mentions",
            Self::Nothing => "nothing",
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref)]
    const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

/// A room as seen by one user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RoomSummary {
    /// Id of the room. Never changes.
    pub id: RoomId,
    /// Display name.
    pub name: String,
    /// Who can see and join it.
    pub kind: RoomKind,
    /// Topic of the room, one line of plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Sequence number of the newest event; 0 in an empty room.
    pub head: Seq,
    /// Read position of the user across devices. Always before the first event that the user marked as unread.
    pub read: Seq,
    /// Number of messages after `read` by others, without deleted ones. [`crate::limits::MAX_UNREAD_COUNTED`] means that
    /// many or more.
    pub unread: u64,
    /// Number of unread messages that mention the user; in a direct room, all unread messages. Omitted when 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mentions: u64,
    /// Notification level of the user. Omitted when `all`.
    #[serde(default, skip_serializing_if = "NotificationLevel::is_all")]
    pub level: NotificationLevel,
    /// Whether the user marked messages as unread and has not read any since. Omitted when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub marked: bool,
    /// Whether the user is a member. Omitted when true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub joined: bool,
    /// Whether the room was removed from the user's list. Omitted when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
    /// Whether the room is archived, that is read-only. Omitted when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    /// Whether the user moderates the room; also true for its owner. Omitted when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub moderator: bool,
    /// Whether the user owns the room. Omitted when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub owner: bool,
    /// Other members of a direct room, whose names make up its name. Omitted in other rooms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<User>,
}

impl RoomSummary {
    /// An empty public room that the user is a member of.
    #[must_use]
    pub const fn new(id: RoomId, name: String) -> Self {
        Self {
            id,
            name,
            kind: RoomKind::Public,
            topic: None,
            head: 0,
            read: 0,
            unread: 0,
            mentions: 0,
            level: NotificationLevel::All,
            marked: false,
            joined: true,
            gone: false,
            archived: false,
            moderator: false,
            owner: false,
            people: Vec::new(),
        }
    }

    /// The role of the user in the room.
    #[must_use]
    pub const fn role(&self) -> RoomRole {
        RoomRole::from_flags(self.moderator, self.owner)
    }
}

/// A durable change of a room: one entry of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// Id of the room.
    pub room: RoomId,
    /// Position in the room's total order (guarantee G2).
    pub seq: Seq,
    /// Id of the command that caused the event.
    pub id: CommandId,
    /// When the event was stored.
    pub at: Millis,
    /// User who caused the event.
    pub by: User,
    /// Content of the event.
    pub event: EventKind,
}

impl EventKind {
    /// The body and the mentions of a message; none for other events. Only messages count as unread, and simple clients are
    /// told of nothing else.
    #[must_use]
    pub fn as_message(&self) -> Option<(&str, &[UserId])> {
        match self {
            Self::Message { body, mentions, .. } => Some((body, mentions)),
            Self::Edited { .. }
            | Self::Deleted { .. }
            | Self::Reacted { .. }
            | Self::MemberAdded { .. }
            | Self::MemberRemoved { .. }
            | Self::Appointed { .. }
            | Self::OwnerChanged { .. }
            | Self::Renamed { .. }
            | Self::TopicSet { .. }
            | Self::Archived { .. }
            | Self::Unknown => None,
        }
    }
}

// The browser encodes no events.
#[cfg(not(target_family = "wasm"))]
impl Event {
    /// Appends this event as the JSON of a [`crate::ServerFrame::Event`], without cloning it into one.
    pub fn encode(&self, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Frame<'a> {
            Event(&'a Event),
        }
        let before = out.len();
        // Cannot fail, see `server::to_json`.
        if serde_json::to_writer(&mut *out, &Frame::Event(self)).is_err() {
            out.truncate(before);
            out.extend_from_slice(b"null");
        }
    }
}

/// Content of an [`Event`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
// The browser's wasm decodes tagged enums without serde's buffer, see `app/src/json/object.rs`.
#[cfg_attr(not(target_family = "wasm"), serde(tag = "kind"))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A message was sent.
    Message {
        /// Id of the message; equals the id of the event.
        id: CommandId,
        /// Markdown source, trimmed.
        body: String,
        /// Body as sanitised HTML.
        html: String,
        /// Message that this one replies to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<CommandId>,
        /// Members mentioned as `@name`. Omitted when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
    },
    /// A message was edited.
    Edited {
        /// Id of the message.
        message: CommandId,
        /// Sequence number of the message's event.
        #[serde(default)]
        message_seq: Seq,
        /// New Markdown source.
        body: String,
        /// New body as sanitised HTML.
        html: String,
        /// Members mentioned as `@name` in the new body. Omitted when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
    },
    /// A message was deleted. Its own event stays in the log with an empty body.
    Deleted {
        /// Id of the message.
        message: CommandId,
        /// Sequence number of the message's event.
        #[serde(default)]
        message_seq: Seq,
    },
    /// A reaction was added or removed.
    Reacted {
        /// Id of the message.
        message: CommandId,
        /// Sequence number of the message's event.
        #[serde(default)]
        message_seq: Seq,
        /// A single emoji.
        emoji: String,
        /// True if the event's user added it, false if they removed it.
        on: bool,
    },
    /// A user became a member: added by the event's user, or joined by themselves.
    MemberAdded {
        /// The member.
        user: User,
    },
    /// A user is no longer a member: removed by the event's user, or left by themselves.
    MemberRemoved {
        /// The member.
        user: User,
    },
    /// A member became a moderator of the room or is no longer one.
    Appointed {
        /// The member.
        user: User,
        /// Whether the member is a moderator now.
        moderator: bool,
    },
    /// A member became the owner of the room. The owner before them, if any, is a moderator now.
    OwnerChanged {
        /// The new owner.
        user: User,
    },
    /// The room was renamed.
    Renamed {
        /// New name.
        name: String,
    },
    /// The topic was changed.
    TopicSet {
        /// New topic; empty if it was removed.
        topic: String,
    },
    /// The room was archived or unarchived.
    Archived {
        /// True if archived, false if unarchived.
        on: bool,
    },
    /// An event kind of a newer server. It counts in the order and shows nothing.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// A message in a history page, with its current content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// Id of the message, generated by the sender.
    pub id: CommandId,
    /// Sequence number of the message's event.
    pub seq: Seq,
    /// When the event was stored.
    pub at: Millis,
    /// Author.
    pub by: User,
    /// Markdown source, trimmed.
    pub body: String,
    /// Body as sanitised HTML.
    pub html: String,
    /// Message that this one replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<CommandId>,
    /// Members mentioned as `@name`. Omitted when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
    /// When the newest edit was stored. Omitted for a message that was never edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<Millis>,
    /// Reactions, the first emoji that was used first. Omitted when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
}

/// An emoji with which users reacted to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reaction {
    /// A single emoji.
    pub emoji: String,
    /// Number of users who reacted with it.
    pub count: u64,
    /// Whether the reader of the page is one of them. Omitted when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub me: bool,
    /// The first of them, at most [`crate::limits::MAX_REACTION_USERS`].
    pub users: Vec<User>,
}

// serde's `default` and `skip_serializing_if` require functions with these signatures.
const fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_true(value: &bool) -> bool {
    *value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_zero(value: &u64) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}
