//! Request and response bodies of the HTTP API.

use serde::{Deserialize, Serialize};

use crate::{
    Event, Message, Millis, NotificationLevel, Reaction, RoomKind, RoomSummary, Seq, ServerRole, User, UserId,
};

mod moderation;
mod people;
mod settings;

pub use moderation::*;
pub use people::*;
pub use settings::*;

/// Body of `POST /api/session`: sign in as a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateSessionRequest {
    /// Display name. If empty or omitted, the server assigns a numbered one.
    #[serde(default)]
    pub name: String,
}

/// Response of `POST /api/session`, `POST /api/accounts` and `POST /api/sign-in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedSession {
    /// Token for `Authorization: Bearer`; the response also sets it as a cookie.
    pub token: String,
    /// User of the session.
    pub user: User,
}

/// Response of `GET /api/me` and `PATCH /api/me`: the current user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// User of the session.
    pub user: User,
    /// Role of the user on the server.
    #[serde(default = "guest")]
    pub role: ServerRole,
    /// Name to sign in with. Omitted for guests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Colour chosen by the user, less than [`crate::limits::COLOUR_COUNT`]. Without it, clients derive one from the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}

/// Response of `GET /api/rooms`: the user's rooms, and other public rooms with `"joined":false`. With `after`: more of those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomList {
    /// The lobby first, the others by name.
    pub rooms: Vec<RoomSummary>,
    /// `after` for more public rooms; none when these are all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Body of `POST /api/rooms`: create a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRoomRequest {
    /// Name, validated by [`crate::validate::room_name`].
    pub name: String,
    /// Public by default.
    #[serde(default = "public")]
    pub kind: RoomKind,
}

/// Response of `POST /api/rooms` and `POST /api/direct`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedRoom {
    /// The room, with the user as a member.
    pub room: RoomSummary,
}

/// Body of `PATCH /api/rooms/{room}`. Omitted fields do not change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateRoomRequest {
    /// New name, validated by [`crate::validate::room_name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New topic, validated by [`crate::validate::topic`]. Empty removes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whether the room is archived, that is read-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The member.
    pub user: User,
    /// Whether the member moderates the room; also true for its owner. Omitted when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moderator: bool,
    /// Whether the member owns the room. Omitted when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub owner: bool,
    /// When the user was last connected. Omitted if connected now or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Millis>,
    /// Whether the user is connected, in any room. Omitted when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

/// Response of `GET /api/rooms/{room}/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberList {
    /// Members by name, at most [`crate::limits::MAX_MEMBERS_LISTED`].
    pub members: Vec<Member>,
    /// Total number of members.
    pub count: u64,
    /// If there are more: the last member here. `after=` with their id lists the next ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<UserId>,
}

/// Body of `POST /api/rooms/{room}/members`: add a member, or join.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMemberRequest {
    /// User to add.
    pub user: UserId,
}

/// Body of `PATCH /api/rooms/{room}/members/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateMemberRequest {
    /// Whether the member moderates the room.
    pub moderator: bool,
}

/// Body of `PUT /api/rooms/{room}/owner`. Answered with 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOwnerRequest {
    /// Member who becomes the owner of the room.
    pub user: UserId,
}

/// Body of `PUT /api/rooms/{room}/level`: set the user's notification level. Answered with 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotificationLevelRequest {
    /// New level.
    pub level: NotificationLevel,
}

/// Body of `POST /api/direct`: open the direct room with these users. The same users always get the same room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenDirectRequest {
    /// The other users: 1 to [`crate::limits::MAX_DIRECT_PEOPLE`].
    pub users: Vec<UserId>,
}

/// Response of `GET /api/rooms/{room}/messages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// Messages, oldest first.
    pub messages: Vec<Message>,
    /// Other events of the room (members, settings) in the range of this page, by seq: from its first message, or from the
    /// start of the log if the page reaches it, to the start of the next page. At most the newest
    /// [`crate::limits::MAX_PAGE_SIZE`]. Omitted when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Event>,
    /// Newest event of the room when the page was read.
    pub head: Seq,
}

/// Response of `GET /api/rooms/{room}/messages/{message}/edits`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEdits {
    /// All versions of the message, oldest first. The first one is the message as it was sent.
    pub edits: Vec<MessageVersion>,
}

/// A version of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageVersion {
    /// When it was stored.
    pub at: Millis,
    /// Markdown source.
    pub body: String,
    /// Body as sanitised HTML.
    pub html: String,
}

/// Response of `GET /api/rooms/{room}/messages/{message}/reactions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageReactions {
    /// Reactions, the first emoji that was used first. Each has all its users.
    pub reactions: Vec<Reaction>,
}

/// Response of `GET /api/rooms/{room}/events`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// Events by seq, without gaps.
    pub events: Vec<Event>,
    /// Newest event of the room when the page was read.
    pub head: Seq,
}

/// Body of every error response of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorResponse {
    /// The error.
    pub error: ErrorBody,
}

/// Description of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Machine-readable code from [`crate::error_code`].
    pub code: String,
    /// Human-readable description.
    pub message: String,
}

const fn public() -> RoomKind {
    RoomKind::Public
}

const fn guest() -> ServerRole {
    ServerRole::Guest
}
