//! Bodies of the endpoints for accounts, sessions, invitations and people.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Millis, ServerRole, UserId, UserKind};

/// Something that opens a door, as it travels. Not shown when it is printed for debugging.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `POST /api/accounts`: make an account. With a guest's session the guest becomes the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    /// To sign in with, and to show; [`crate::validate::name`] holds for it.
    pub name: String,
    /// At least [`crate::limits::MIN_PASSWORD_CHARS`] characters.
    pub password: Secret,
    /// The secret of an invitation, or of the link that the server prints at its first start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
}

/// `POST /api/sign-in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The account's name, in any spelling that counts as the same.
    pub name: String,
    /// Its password.
    pub password: Secret,
}

/// `POST /api/password`: change one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPassword {
    /// The one until now.
    pub current: Secret,
    /// The one from now on.
    pub new: Secret,
}

/// `POST /api/reset`: set a password by a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reset {
    /// What stands behind `/reset/` in the link.
    pub secret: Secret,
    /// The password from now on.
    pub password: Secret,
}

/// Answers `POST /api/people/{user}/reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetMade {
    /// The path of the link, from the server's root. It is shown this once.
    pub link: String,
    /// Until when it works.
    pub expires_at: Millis,
}

/// Answers `GET /api/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    /// The most recently used first.
    pub sessions: Vec<SessionInfo>,
}

/// A session, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Names it in this list; it opens nothing.
    pub id: Uuid,
    /// Browser and system, in a few words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Where it came in from: an IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it began.
    pub created_at: Millis,
    /// When it was last used, give or take an hour.
    pub seen_at: Millis,
    /// It is the one that asks.
    pub current: bool,
}

/// `POST /api/invites`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInvite {
    /// [`crate::limits::INVITE_HOURS`] unless said otherwise, at most [`crate::limits::MAX_INVITE_HOURS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_hours: Option<u32>,
    /// How many can come in by it, at most [`crate::limits::MAX_INVITE_USES`]; without a number, as many as like to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// What they become: a member unless said otherwise, never more than the one who invites, and never an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ServerRole>,
}

/// Answers `POST /api/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteMade {
    /// The invitation.
    pub invite: InviteInfo,
    /// The path of the link, from the server's root. It is shown this once.
    pub link: String,
}

/// Answers `GET /api/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invites {
    /// Those that can still be used, the newest first.
    pub invites: Vec<InviteInfo>,
}

/// An invitation, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteInfo {
    /// Names it.
    pub id: Uuid,
    /// Who made it.
    pub made_by: Option<UserId>,
    /// When.
    pub made_at: Millis,
    /// Until when it works.
    pub expires_at: Millis,
    /// How many can still come in by it; none for as many as like to.
    pub uses_left: Option<u32>,
    /// What they become.
    pub role: ServerRole,
}

/// `PATCH /api/me`: what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewProfile {
    /// The name that others see; [`crate::validate::name`] holds for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Below [`crate::limits::COLOURS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}

/// `DELETE /api/me`: one's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteMe {
    /// The account's password.
    pub password: Secret,
}

/// Answers `GET /api/people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// Those with an account, by name.
    pub people: Vec<Person>,
    /// What to give as `after` for the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Someone in the list of people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Never changes.
    pub id: UserId,
    /// The name to show.
    pub name: String,
    /// Guest or account.
    pub kind: UserKind,
    /// What they may do on the whole server.
    pub role: ServerRole,
    /// The colour that they chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
    /// When they were last connected; none while they are, or when they never were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Millis>,
    /// They are connected. Left out on the wire when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

/// `POST /api/people/{user}/role`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRole {
    /// The role from now on. An account is no guest.
    pub role: ServerRole,
}
