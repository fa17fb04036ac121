//! Rooms, and what happens in a room: the events of its log.

use serde::{Deserialize, Serialize};

use crate::{CommandId, Millis, RoomId, Seq, User, UserId};

/// Who may see and join a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RoomKind {
    /// Anyone may see and join it.
    Public,
    /// By invitation.
    Private,
    /// Two or more people, made by the first message.
    Direct,
}

/// What someone wants to hear of a room. It changes what is shown to them, never what they may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Every message counts.
    #[default]
    All,
    /// Messages count that name them.
    Mentions,
    /// Nothing counts.
    Nothing,
}

impl Level {
    /// All of them, the loudest first.
    pub const ALL: [Self; 3] = [Self::All, Self::Mentions, Self::Nothing];

    /// As it is written on the wire and in the database.
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

/// A room as it stands in one person's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RoomSummary {
    /// Never changes.
    pub id: RoomId,
    /// The name to show.
    pub name: String,
    /// Who may see and join it.
    pub kind: RoomKind,
    /// What the room is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// The seq of the newest event; 0 in an empty room.
    pub head: Seq,
    /// How far this person has read: at all their devices, and before what they marked as unread.
    pub read: Seq,
    /// Messages after `read` that others wrote and that are still there. Counted up to
    /// [`crate::limits::MAX_UNREAD_COUNTED`], which means that many or more.
    pub unread: u64,
    /// Those of them that name this person, or that were written in a direct room. Left out on the wire when there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mentions: u64,
    /// What this person wants to hear of the room. Left out on the wire when it is all.
    #[serde(default, skip_serializing_if = "Level::is_all")]
    pub level: Level,
    /// They have marked messages as unread, and not read on since. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub marked: bool,
    /// Whether this person is a member. Left out on the wire when true.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub joined: bool,
    /// The room is no longer this person's. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub gone: bool,
    /// Nothing is written there any more. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub archived: bool,
    /// Whether this person looks after the room. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "is_false")]
    pub moderator: bool,
    /// In a direct room the others who are in it, from whom it has its name; else left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<User>,
}

/// A durable change of a room: one row of its log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Event {
    /// The room that it changed.
    pub room: RoomId,
    /// Its place in the room's one order (G2).
    pub seq: Seq,
    /// The id of the command that made it.
    pub id: CommandId,
    /// When it was stored.
    pub at: Millis,
    /// Who did it.
    pub by: User,
    /// What changed.
    pub event: EventKind,
}

impl Event {
    /// Appends the JSON of the [`crate::ServerFrame::Event`] that carries this event, which need not be made for that.
    pub fn encode(&self, out: &mut Vec<u8>) {
        #[derive(Serialize)]
        #[serde(tag = "type", rename_all = "snake_case")]
        enum Frame<'a> {
            Event(&'a Event),
        }
        let before = out.len();
        // Writing to memory cannot fail, nor can what an event is made of; see `server::to_json`.
        if serde_json::to_writer(&mut *out, &Frame::Event(self)).is_err() {
            out.truncate(before);
            out.extend_from_slice(b"null");
        }
    }
}

/// What an event changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventKind {
    /// A new message.
    Message {
        /// Equal to the event's id.
        id: CommandId,
        /// The source as typed, trimmed.
        body: String,
        /// The body as sanitised HTML.
        html: String,
        /// The message that this one answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<CommandId>,
        /// The members whom it names, as `@name`. Left out on the wire when it names nobody.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        mentions: Vec<UserId>,
    },
    /// A message has another body.
    Edited {
        /// The message.
        message: CommandId,
        /// The new source.
        body: String,
        /// The new source as sanitised HTML.
        html: String,
    },
    /// A message is gone: its own event stays in its place, with an empty body.
    Deleted {
        /// The message.
        message: CommandId,
        /// The seq of the event that made it.
        #[serde(default)]
        message_seq: Seq,
    },
    /// Someone reacted to a message, or took it back.
    Reacted {
        /// The message.
        message: CommandId,
        /// One emoji.
        emoji: String,
        /// True to add, false to take back.
        on: bool,
    },
    /// Someone has become a member: brought in by whose event it is, or by themselves.
    MemberAdded {
        /// Who.
        user: User,
    },
    /// Someone is no longer a member: sent away by whose event it is, or left by themselves.
    MemberRemoved {
        /// Who.
        user: User,
    },
    /// A member looks after the room from now on, or no longer.
    Appointed {
        /// Who.
        user: User,
        /// From now on, or no longer.
        moderator: bool,
    },
    /// The room has another name.
    Renamed {
        /// The new one.
        name: String,
    },
    /// The room is about something else.
    TopicSet {
        /// What; empty when it is no longer said.
        topic: String,
    },
    /// Nothing is written here any more, or it is again.
    Archived {
        /// From now on, or no longer.
        on: bool,
    },
    /// An event of a newer server. It takes its place in the order and shows nothing.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// A message as the history pages give it: the event that made it, with its present content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Message {
    /// Made by the sender.
    pub id: CommandId,
    /// The seq of the event that made it.
    pub seq: Seq,
    /// When it was stored.
    pub at: Millis,
    /// Its author.
    pub by: User,
    /// The source as typed, trimmed.
    pub body: String,
    /// The body as sanitised HTML.
    pub html: String,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<CommandId>,
    /// The members whom it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<UserId>,
}

// serde's `default` and `skip_serializing_if` take functions of exactly these forms.
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
