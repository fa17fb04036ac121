//! Identifiers, each a type of its own, so that a room cannot be passed where a person is meant.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Names a command and is its idempotency key (G3). For `send` it is the message's id, and the id of the event it makes.
///
/// Clients make it, as a UUID version 7 (RFC 9562, section 5.7); any UUID but the nil one is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// A person or guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct UserId(pub Uuid);

/// A room: `lobby`, or a short name made by the server. Cheap to clone.
///
/// Any text can stand here on the wire; one that names no room is answered with `not_found`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RoomId(Arc<str>);

/// The last 8 hexadecimal digits of an event's id: with it, a cursor proves which history it was read from.
///
/// The server keeps what the client sent; a tail of any other form equals no event's and is answered with `gap`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Tail(pub String);

impl CommandId {
    /// The [`Tail`] of the event with this id.
    #[must_use]
    pub fn tail(self) -> Tail {
        let [.., a, b, c, d] = *self.0.as_bytes();
        Tail(format!("{a:02x}{b:02x}{c:02x}{d:02x}"))
    }
}

impl RoomId {
    /// The room that exists from the first start and that everyone is in.
    pub const LOBBY: &'static str = "lobby";

    /// The [`RoomId::LOBBY`].
    #[must_use]
    pub fn lobby() -> Self {
        Self::LOBBY.into()
    }

    /// The id as it stands on the wire and in addresses.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RoomId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for RoomId {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Serialize for RoomId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RoomId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

impl fmt::Display for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RoomId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomId({})", self.0)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
