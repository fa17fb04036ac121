//! Bodies of the endpoints for bans, mutes and the audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Millis, RoomId, User};

/// Body of `POST /api/people/{user}/ban`: ban a user. Replaces a ban that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanRequest {
    /// Duration in hours, at most [`crate::limits::MAX_BAN_HOURS`]. Omitted for a permanent ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    /// Reason, shown to moderators only; validated by [`crate::validate::reason`].
    pub reason: String,
    /// Whether to also ban the user's last address: nobody can sign in as a guest or create an account from it.
    #[serde(default)]
    pub address: bool,
}

/// Response of `GET /api/bans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanList {
    /// Bans in force, newest first, at most [`crate::limits::MAX_BANS_LISTED`].
    pub bans: Vec<BanInfo>,
}

/// A ban in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanInfo {
    /// Banned user.
    pub user: User,
    /// Reason, shown to moderators only.
    pub reason: String,
    /// Whether the user's address is banned as well.
    pub address: bool,
    /// Moderator who created the ban.
    pub made_by: User,
    /// When the ban was created.
    pub made_at: Millis,
    /// When the ban expires. Omitted for a permanent ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// Body of `POST /api/people/{user}/mute`: mute a user, who can then read but not write. Replaces a mute in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MuteRequest {
    /// Duration in minutes, at most [`crate::limits::MAX_MUTE_MINUTES`].
    pub minutes: u32,
    /// Room to mute in. Omitted for the whole server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
}

/// Response of `GET /api/audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditPage {
    /// Entries, newest first. Pass the id of the last one as `before` to get the next page.
    pub entries: Vec<AuditEntry>,
}

/// An entry of the audit log: a moderator's or administrator's action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Id of the entry; increases with each entry.
    pub id: i64,
    /// When it happened.
    pub at: Millis,
    /// User who acted. Omitted if the server acted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<User>,
    /// Action, for example `banned`, `muted` or `role_changed`. Newer servers may send others.
    pub act: String,
    /// User affected by the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<User>,
    /// Room affected by the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// Details as a JSON object; its fields depend on `act`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}
