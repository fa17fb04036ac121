//! Users and their roles.

use serde::{Deserialize, Serialize};

use crate::UserId;

/// A user as others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct User {
    /// Id of the user. Never changes.
    pub id: UserId,
    /// Display name, validated by [`crate::validate::name`].
    pub name: String,
    /// Whether the user has an account.
    pub kind: UserKind,
    /// Colour chosen by the user, less than [`crate::limits::COLOUR_COUNT`]. Without it, clients derive one from the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}

/// Whether a user has an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// Signed in with a name only.
    Guest,
    /// Has an account with a password.
    Account,
}

/// Role of a user on the server, from fewest to most permissions. Each includes the permissions of the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    /// Signed in with a name only.
    Guest,
    /// Has an account.
    Member,
    /// Moderates rooms and users.
    Moderator,
    /// Creates invitations, assigns roles and reads the audit log.
    Admin,
    /// Has all permissions. The first account is an owner.
    Owner,
}

impl ServerRole {
    /// All roles, from fewest to most permissions.
    pub const ALL: [Self; 5] = [Self::Guest, Self::Member, Self::Moderator, Self::Admin, Self::Owner];

    /// The role as a string, as on the wire and in the database.
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
