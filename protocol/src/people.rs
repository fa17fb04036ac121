//! People, and what they are on a server and in a room.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// A person as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// The name to show; [`crate::validate::name`] holds for it.
    pub name: String,
    /// Guest or account.
    pub kind: UserKind,
    /// The colour that they chose, below [`crate::limits::COLOURS`]; without one it follows from the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}

/// How a person came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// By a name alone.
    Guest,
    /// With a name and a password.
    Account,
}

/// What someone may do on a whole server, the least first. Each may do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    /// Came in by a name alone.
    Guest,
    /// Has an account.
    Member,
    /// Looks after rooms and people.
    Moderator,
    /// Invites people and gives them roles; reads the audit log.
    Admin,
    /// Everything. The first account is one.
    Owner,
}

impl ServerRole {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Guest, Self::Member, Self::Moderator, Self::Admin, Self::Owner];

    /// As it is written on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::Member => "member",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}
