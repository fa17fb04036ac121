//! Bodies of the endpoints for accounts, sessions, invitations and people.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Millis, ServerRole, UserId, UserKind};

/// A password or token in a request or response. [`fmt::Debug`] does not reveal it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Body of `POST /api/accounts`: create an account. With a guest's session, the guest becomes the account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateAccountRequest {
    /// Name to sign in with and to display, validated by [`crate::validate::name`].
    pub name: String,
    /// Password of at least [`crate::limits::MIN_PASSWORD_CHARS`] characters.
    pub password: Secret,
    /// Token of an invitation, or of the set-up link that the server prints at its first start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
}

/// Body of `POST /api/sign-in`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInRequest {
    /// Name of the account. Compared without regard to case, width or normalisation.
    pub name: String,
    /// Password of the account.
    pub password: Secret,
}

/// Body of `POST /api/password`: change the user's own password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePasswordRequest {
    /// Current password.
    pub current: Secret,
    /// New password.
    pub new: Secret,
}

/// Body of `POST /api/reset`: set a new password with a reset link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetPasswordRequest {
    /// Token of the link, the part after `/reset/`.
    pub secret: Secret,
    /// New password.
    pub password: Secret,
}

/// Response of `POST /api/people/{user}/reset`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedResetLink {
    /// Path of the link, starting at the server's root. Never returned again.
    pub link: String,
    /// When it expires.
    pub expires_at: Millis,
}

/// Response of `GET /api/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionList {
    /// Sessions, most recently used first.
    pub sessions: Vec<SessionInfo>,
}

/// A session of the current user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Id of the session; not a credential.
    pub id: Uuid,
    /// Browser and operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// IP address that signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When the session was created.
    pub created_at: Millis,
    /// When it was last used, accurate to an hour.
    pub seen_at: Millis,
    /// Whether it is the session of this request.
    pub current: bool,
}

/// Body of `POST /api/invites`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateInviteRequest {
    /// Validity in hours: [`crate::limits::DEFAULT_INVITE_HOURS`] by default, at most [`crate::limits::MAX_INVITE_HOURS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_hours: Option<u32>,
    /// Maximum number of uses, at most [`crate::limits::MAX_INVITE_USES`]. Omitted for unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<u32>,
    /// Role of the new accounts: member by default, always below the inviting user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ServerRole>,
}

/// Response of `POST /api/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedInvite {
    /// The invitation.
    pub invite: InviteInfo,
    /// Path of the link, starting at the server's root. Never returned again.
    pub link: String,
}

/// Response of `GET /api/invites`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteList {
    /// Invitations that can still be used, newest first.
    pub invites: Vec<InviteInfo>,
}

/// An invitation, without its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteInfo {
    /// Id of the invitation; not its token.
    pub id: Uuid,
    /// User who created it.
    pub made_by: Option<UserId>,
    /// When it was created.
    pub made_at: Millis,
    /// When it expires.
    pub expires_at: Millis,
    /// Remaining uses. `null` for unlimited.
    pub uses_left: Option<u32>,
    /// Role of accounts created with it.
    pub role: ServerRole,
}

/// Body of `PATCH /api/me`. Omitted fields do not change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateProfileRequest {
    /// New display name, validated by [`crate::validate::name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// New colour, less than [`crate::limits::COLOUR_COUNT`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
}

/// Body of `DELETE /api/me`: delete the user's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteAccountRequest {
    /// Password of the account.
    pub password: Secret,
}

/// Response of `GET /api/people`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// Users with an account, by name.
    pub people: Vec<Person>,
    /// Value of `after` for the next page. Omitted on the last page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A user in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id of the user. Never changes.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// Whether the user has an account.
    pub kind: UserKind,
    /// Role of the user on the server.
    pub role: ServerRole,
    /// Colour chosen by the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<u8>,
    /// When the user was last connected. Omitted if connected now or never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Millis>,
    /// Whether the user is connected. Omitted when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub online: bool,
}

/// Body of `POST /api/people/{user}/role`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRoleRequest {
    /// New role; must not be guest.
    pub role: ServerRole,
}
