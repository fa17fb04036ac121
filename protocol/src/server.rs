//! What the server says.

use serde::{Deserialize, Serialize};

use crate::{CommandId, Event, Millis, RoomId, RoomSummary, Seq, ServerRole, User, UserId};

/// A frame from server to client: one JSON object with a `type`, one per WebSocket text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers `hello`.
    Welcome {
        /// The protocol that the server speaks.
        protocol: u32,
        /// Who the session belongs to.
        you: User,
        /// What they may do on the whole server.
        #[serde(default = "guest")]
        role: ServerRole,
        /// The server.
        server: ServerInfo,
        /// The server's clock.
        now: Millis,
        /// How often each side must say something, in milliseconds.
        heartbeat_ms: u64,
        /// The rooms that this person is a member of.
        rooms: Vec<RoomSummary>,
    },
    /// Answers `join`: live from here. Replayed events follow, then new ones, without a seam.
    Joined {
        /// The room.
        room: RoomId,
        /// The newest event when the subscription began.
        head: Seq,
        /// People in the room now: all up to [`crate::limits::MAX_ONLINE_LISTED`], else [`crate::limits::CROWD_LISTED`].
        online: Vec<User>,
        /// Those of `online` who are away. Left out on the wire when there is nobody.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        away: Vec<UserId>,
        /// How many people are in the room now, listed or not.
        #[serde(default)]
        online_count: u64,
    },
    /// A durable change of a joined room.
    Event(Event),
    /// The command is on disk (G1).
    Ack {
        /// The command.
        id: CommandId,
        /// Its room.
        room: RoomId,
        /// The seq of the event it made.
        seq: Seq,
        /// When it was stored.
        at: Millis,
    },
    /// The frame had no effect.
    Refused {
        /// The command, when the frame named one: as sent, even if it is no valid id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// The room that the frame named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        /// One of [`crate::refusal`]'s, for programs.
        code: String,
        /// For people.
        message: String,
        /// When to try again, if that helps.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// A room of mine is new, renamed, gone, read elsewhere, or has grown while I was not joined to it.
    Room {
        /// The room.
        room: RoomSummary,
    },
    /// Someone came to a joined room or went. Not stored, may be dropped.
    Presence {
        /// The room.
        room: RoomId,
        /// Who.
        user: User,
        /// How they are now.
        state: PresenceState,
        /// How many people are in the room now.
        #[serde(default)]
        online_count: u64,
    },
    /// Someone is typing in a joined room. Not stored, may be dropped.
    Typing {
        /// The room.
        room: RoomId,
        /// Who.
        user: User,
    },
    /// Events are missing and will not be sent: load pages by HTTP, then join with the new `head`. The room is not joined.
    Gap {
        /// The room.
        room: RoomId,
        /// Why.
        reason: GapReason,
        /// The newest event that the client has, as far as the server knows.
        after: Seq,
        /// The newest event there is.
        head: Seq,
    },
    /// Answers `ping`.
    Pong {
        /// The `at` of the ping.
        at: Millis,
        /// The server's clock.
        now: Millis,
    },
    /// The last frame before the server closes the connection.
    Bye {
        /// The close code; see [`crate::close`].
        code: u16,
        /// Why, in words.
        reason: String,
        /// Whether to come back.
        reconnect: bool,
        /// How long to wait before that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u64>,
    },
    /// A frame of a newer server. Ignored.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// Which server this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Names the pages and files that it serves. A page of another build is outdated. Empty when it serves none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build: String,
}

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// More than [`crate::limits::MAX_REPLAY`] events behind.
    TooFar,
    /// The cursor is from a history that this server does not have.
    HistoryChanged,
    /// The client did not read fast enough (G5).
    Overflow,
}

/// How a person is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// In the room.
    Online,
    /// In the room, and at none of their devices.
    Away,
    /// Gone.
    Offline,
}

impl ServerFrame {
    /// Reads a frame.
    ///
    /// # Errors
    /// The text is no JSON object with a `type`, or a known type lacks a field.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The frame as JSON.
    #[must_use]
    pub fn encode(&self) -> String {
        to_json(self)
    }
}

const fn guest() -> ServerRole {
    ServerRole::Guest
}

/// JSON of a frame. The types here have string keys and no failing serialiser, so there is no error to report; should
/// one appear all the same, `null` is no frame and both sides refuse it.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}
