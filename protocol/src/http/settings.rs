//! Bodies of the endpoints for the server's settings.

use serde::{Deserialize, Serialize};

/// Who can come in without being let in by someone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryPolicy {
    /// Anyone, as a guest with just a name or with an account.
    #[default]
    Guests,
    /// Anyone who creates an account.
    Accounts,
    /// People with an invitation.
    Invitation,
}

impl EntryPolicy {
    /// All policies, the most open first.
    pub const ALL: [Self; 3] = [Self::Guests, Self::Accounts, Self::Invitation];

    /// Its name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guests => "guests",
            Self::Accounts => "accounts",
            Self::Invitation => "invitation",
        }
    }
}

/// A setting that a flag of the server can fix. It can then not be changed over the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixedSetting {
    /// The name, by `--name`.
    Name,
    /// The entry policy, by `--guests` or `--registration`.
    Entry,
}

/// Response of `GET /api/settings`, and of every request that changes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSettings {
    /// Name of the server.
    pub name: String,
    /// Who can come in.
    pub entry: EntryPolicy,
    /// Path of the server's picture, a square PNG. Omitted when it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Settings that flags of the server fix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<FixedSetting>,
}

/// Body of `PATCH /api/settings`. Omitted fields do not change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateSettingsRequest {
    /// New name, validated by [`crate::validate::server_name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New entry policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryPolicy>,
}
