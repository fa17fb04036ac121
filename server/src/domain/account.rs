//! Accounts and names.

use std::sync::Arc;

use parlor_protocol::{ServerRole, User, UserId};

use super::{NewSession, TokenHash, names};

/// A name with its key. Two names with the same key count as the same name; see [`super::names::key`].
#[derive(Clone, Debug)]
pub struct Name {
    pub text: String,
    pub key: String,
    /// See [`names::skeleton`].
    pub skeleton: String,
}

impl Name {
    pub fn new(text: String) -> Self {
        Self { key: names::key(&text), skeleton: names::skeleton(&text), text }
    }

    /// Whether another name is the same, or looks the same although a letter is of another script.
    pub fn conflicts_with(&self, other: &str) -> bool {
        let looks_alike = || !(self.text.is_ascii() && other.is_ascii()) && self.skeleton == names::skeleton(other);
        self.key == names::key(other) || looks_alike()
    }
}

/// Whether a connected user other than the given one uses the name with this key.
pub type IsNameInUse = Arc<dyn Fn(&str, Option<UserId>) -> bool + Send + Sync>;

#[derive(Clone)]
pub struct NewAccount {
    /// The sign-in name, and at first the display name.
    pub name: Name,
    /// A PHC string.
    pub password: String,
    /// The guest who becomes the account's user.
    pub guest: Option<UserId>,
    pub invite: Option<TokenHash>,
    pub requires_invite: bool,
    pub session: NewSession,
}

/// Why an account, a guest or a display name could not be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateError {
    NameTaken,
    /// An invite is required, or the given one is not valid (any more).
    Invite,
    /// The user is no longer a guest, or has no account.
    NoSuchUser,
}

#[derive(Clone)]
pub struct Account {
    pub user: Arc<User>,
    pub role: ServerRole,
    pub name: String,
    /// The key of the sign-in name.
    pub key: String,
    /// A PHC string.
    pub password: String,
    /// The colour that the user chose.
    pub colour: Option<u8>,
}
