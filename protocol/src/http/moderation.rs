//! Bodies of the endpoints for bans, mutes and the audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Millis, RoomId, User};

/// `POST /api/people/{user}/ban`: they may not come in. It takes the place of a ban that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewBan {
    /// At most [`crate::limits::MAX_BAN_HOURS`]; without a number, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<u32>,
    /// For those who moderate; [`crate::validate::reason`] holds for it.
    pub reason: String,
    /// Also from where they were last seen nobody comes in as a guest or makes an account.
    #[serde(default)]
    pub address: bool,
}

/// Answers `GET /api/bans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bans {
    /// Those in force, the newest first, at most [`crate::limits::MAX_BANS_LISTED`].
    pub bans: Vec<BanInfo>,
}

/// A ban in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BanInfo {
    /// Who may not come in.
    pub user: User,
    /// Why.
    pub reason: String,
    /// Whether an address is banned with them.
    pub address: bool,
    /// Who did it.
    pub made_by: User,
    /// When.
    pub made_at: Millis,
    /// When it ends by itself; none for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
}

/// `POST /api/people/{user}/mute`: they may read and not write. It takes the place of one that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMute {
    /// From now on, at most [`crate::limits::MAX_MUTE_MINUTES`].
    pub minutes: u32,
    /// Where; on the whole server when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
}

/// Answers `GET /api/audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The newest first. The id of the last one goes into `before` for more.
    pub entries: Vec<AuditEntry>,
}

/// An act of power.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Grows with each entry.
    pub id: i64,
    /// When.
    pub at: Millis,
    /// Who did it; nobody for what the server did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<User>,
    /// What, as one word: `banned`, `muted`, `role_changed`. There may be more of them in newer versions.
    pub act: String,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<User>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<RoomId>,
    /// More about it, by act: a JSON object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
}
