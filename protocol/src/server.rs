//! Frames from server to client.

use serde::{Deserialize, Serialize};

use crate::{CommandId, Event, Millis, RoomId, RoomSummary, Seq, ServerRole, User, UserId};

/// A frame from server to client: a JSON object with a `type`, one per WebSocket text message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
// The browser's wasm decodes tagged enums without serde's buffer, see `app/src/json/object.rs`.
#[cfg_attr(not(target_family = "wasm"), serde(tag = "type"))]
#[serde(rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answer to `hello`.
    Welcome {
        /// Protocol version of the server.
        protocol: u32,
        /// User of the session.
        you: User,
        /// Role of the user on this server.
        #[serde(default = "guest")]
        role: ServerRole,
        /// Name, version and build of the server.
        server: ServerInfo,
        /// Time by the server's clock.
        now: Millis,
        /// Heartbeat interval of both sides, in milliseconds.
        heartbeat_ms: u64,
        /// Rooms that the user is a member of.
        rooms: Vec<RoomSummary>,
    },
    /// Answer to `join`. Replayed events follow, then new ones, without a gap between them.
    Joined {
        /// Id of the room.
        room: RoomId,
        /// Newest event at the time of the subscription.
        head: Seq,
        /// Users online in the room: all of them up to [`crate::limits::MAX_ONLINE_LISTED`], otherwise the first
        /// [`crate::limits::ONLINE_SAMPLE`].
        online: Vec<User>,
        /// Users in `online` who are away. Omitted when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        away: Vec<UserId>,
        /// Number of users online in the room, listed or not.
        #[serde(default)]
        online_count: u64,
    },
    /// An event of a joined room.
    Event(Event),
    /// The command is stored (guarantee G1).
    Ack {
        /// Id of the command.
        id: CommandId,
        /// Room of the command.
        room: RoomId,
        /// Sequence number of the resulting event.
        seq: Seq,
        /// When the event was stored.
        at: Millis,
    },
    /// The frame was rejected and had no effect.
    Refused {
        /// `id` of the rejected frame as sent, even if it is not a valid id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Room of the rejected frame.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        room: Option<RoomId>,
        /// Machine-readable code from [`crate::error_code`].
        code: String,
        /// Human-readable description.
        message: String,
        /// Milliseconds to wait before trying again, if trying again can succeed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// A room in the user's list was added, changed, removed or read on another device, or has new events while the
    /// connection is not subscribed to it.
    Room {
        /// Summary of the room.
        room: RoomSummary,
    },
    /// Presence of a user in a joined room changed. Not stored; may be dropped.
    Presence {
        /// Id of the room.
        room: RoomId,
        /// The user.
        user: User,
        /// New presence.
        state: PresenceState,
        /// Number of users online in the room.
        #[serde(default)]
        online_count: u64,
    },
    /// A user is typing in a joined room. Not stored; may be dropped.
    Typing {
        /// Id of the room.
        room: RoomId,
        /// The user.
        user: User,
    },
    /// Events are missing and will not be sent, and the room is not joined. Load the history by HTTP, then join with `head`.
    Gap {
        /// Id of the room.
        room: RoomId,
        /// Reason for the gap.
        reason: GapReason,
        /// Newest event that the client has, as far as the server knows.
        after: Seq,
        /// Newest event of the room.
        head: Seq,
    },
    /// Answer to `ping`.
    Pong {
        /// `at` of the `ping`.
        at: Millis,
        /// Time by the server's clock.
        now: Millis,
    },
    /// Last frame before the server closes the connection.
    Bye {
        /// Close code, see [`crate::close`].
        code: u16,
        /// Human-readable reason.
        reason: String,
        /// Whether the client should reconnect.
        reconnect: bool,
        /// Milliseconds to wait before reconnecting.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u64>,
    },
    /// A frame type of a newer server. Ignored.
    #[serde(other)]
    #[cfg_attr(test, schemars(skip))]
    Unknown,
}

/// Name, version and build of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerInfo {
    /// Name of the server, shown to users.
    pub name: String,
    /// Version of the server software.
    pub version: String,
    /// Hash of the site files that it serves; a page of another build is outdated. Empty if it serves none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub build: String,
}

/// Why events will not be replayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The cursor is more than [`crate::limits::MAX_REPLAY_EVENTS`] events behind.
    TooFar,
    /// The cursor belongs to a history that the server does not have, for example after a restore.
    HistoryChanged,
    /// The client read too slowly and its queue was dropped (guarantee G5).
    Overflow,
}

/// Presence of a user in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PresenceState {
    /// Connected and active.
    Online,
    /// Connected, with all devices idle.
    Away,
    /// Not connected.
    Offline,
}

// The browser's wasm has its own way to decode frames, and encodes none.
#[cfg(not(target_family = "wasm"))]
impl ServerFrame {
    /// Decodes a frame from JSON.
    ///
    /// # Errors
    /// The text is not a JSON object with a `type`, or a field of a known type is missing or invalid.
    pub fn decode(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Encodes the frame as JSON.
    #[must_use]
    pub fn encode(&self) -> String {
        to_json(self)
    }
}

const fn guest() -> ServerRole {
    ServerRole::Guest
}

/// Encodes as JSON. Serialising these types cannot fail: keys are strings and no serialiser returns an error. If one ever
/// did, both sides would reject `null` as a frame.
pub(crate) fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".into())
}
