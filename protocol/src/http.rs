//! Bodies of the HTTP endpoints beside the live protocol.

use serde::{Deserialize, Serialize};

use crate::{Event, Level, Message, Millis, RoomKind, RoomSummary, Seq, ServerRole, User, UserId};

mod moderation;
mod people;

pub use moderation::*;
pub use people::*;

/// `POST /api/session`: come in as a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSession {
    /// The name to show. Left out or empty: the server gives a numbered one.
    #[serde(default)]
    pub name: String,
}

/// Answers `POST /api/session`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionMade {
    /// The secret for `Authorization: Bearer`. The same stands in the cookie.
    pub token: String,
    /// Who it belongs to.
    pub user: User,
}

/// Answers `GET /api/me` and `PATCH /api/me`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// Who the session belongs to.
    pub user: User,
    /// What they may do on the whole server.
    #[serde(default = "guest")]
    pub role: ServerRole,
    /// The name that they sign in with; none for a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The colour that they chose, below [`crate::limits::COLOURS`]; without one it follows from the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}

/// Answers `GET /api/rooms`: mine, and public ones with `"joined":false`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rooms {
    /// The lobby first, then by name.
    pub rooms: Vec<RoomSummary>,
}

/// `POST /api/rooms`: make a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRoom {
    /// [`crate::validate::room_name`] holds for it.
    pub name: String,
    /// Public unless said otherwise.
    #[serde(default = "public")]
    pub kind: RoomKind,
}

/// Answers `POST /api/rooms`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMade {
    /// The room, with its maker as a member.
    pub room: RoomSummary,
}

/// `PATCH /api/rooms/{room}`: what is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomChange {
    /// [`crate::validate::room_name`] holds for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// [`crate::validate::topic`] holds for it; empty to say nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Whether nothing may be written there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// Someone's place in a room, as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub user: User,
    /// Whether they look after the room. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moderator: bool,
    /// When they were last connected; none while they are, or when they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Millis>,
    /// They are connected, here or elsewhere on the server. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

/// Answers `GET /api/rooms/{room}/members`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// By name; at most [`crate::limits::MAX_MEMBERS_LISTED`] of them.
    pub members: Vec<Member>,
    /// How many there are.
    pub count: u64,
}

/// `POST /api/rooms/{room}/members`: bring someone in, or oneself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMember {
    /// Who.
    pub user: UserId,
}

/// `PATCH /api/rooms/{room}/members/{user}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberChange {
    /// Whether they look after the room.
    pub moderator: bool,
}

/// `PUT /api/rooms/{room}/level`: what I want to hear of it. Answered with 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLevel {
    /// From now on.
    pub level: Level,
}

/// `POST /api/direct`: the room of these people and oneself, the same one each time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewDirect {
    /// The others: 1 to [`crate::limits::MAX_DIRECT_PEOPLE`].
    pub users: Vec<UserId>,
}

/// Answers `GET /api/rooms/{room}/messages`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    /// Oldest first.
    pub messages: Vec<Message>,
    /// What happened to the room and its members among these messages, by seq: from the first of them, or from the room's
    /// beginning where the page reaches it, to where the next page begins; the newest [`crate::limits::MAX_PAGE`]. Left out
    /// on the wire when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Event>,
    /// The room's newest event when the page was read.
    pub head: Seq,
}

/// Answers `GET /api/rooms/{room}/events`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// By seq, without a hole.
    pub events: Vec<Event>,
    /// The room's newest event when the page was read.
    pub head: Seq,
}

/// Every HTTP error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorAnswer {
    /// The error.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// One of [`crate::refusal`]'s, for programs.
    pub code: String,
    /// For people.
    pub message: String,
}

const fn public() -> RoomKind {
    RoomKind::Public
}

const fn guest() -> ServerRole {
    ServerRole::Guest
}
