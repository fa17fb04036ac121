//! Why a service did not do what was asked. [`std::fmt::Display`] gives a sentence for people, in English.

use std::time::Duration;

use parlor_protocol::{Millis, error_code, limits, validate::ValidationError};

use super::{password_hash::HashError, password_policy::WeakPassword};
use crate::{
    clock,
    domain::{Ban, Refusal, StoreError},
    picture::PictureError,
};

pub type Result<T> = std::result::Result<T, ServiceError>;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    #[error("This room does not exist, or you do not have access to it.")]
    RoomNotFound,
    #[error("This person does not exist.")]
    PersonNotFound,
    #[error("This account does not exist.")]
    AccountNotFound,
    #[error("This message does not exist in this room or was deleted.")]
    MessageNotFound,
    #[error("The message that you reply to is not in this room.")]
    ReplyTargetNotFound,
    #[error("You have no session with this id.")]
    SessionNotFound,
    #[error("This invitation does not exist or has expired.")]
    InviteNotFound,
    #[error("This person is not banned.")]
    NotBanned,
    #[error("This person is not muted.")]
    NotMuted,

    #[error("You do not have permission to do this.")]
    Forbidden,
    #[error(
        "You can only do this to people whose role is below yours. Restrictions that someone else imposed can only be \
         changed by an admin."
    )]
    TargetNotBelow,
    #[error("You can only assign roles below your own, to people whose role is below yours.")]
    RoleNotAssignable,
    #[error("You can only invite people to roles below your own.")]
    InviteRoleTooHigh,
    #[error("You cannot do this to yourself.")]
    OwnRestriction,
    #[error("Guests have no password. Create an account first.")]
    NoPassword,
    #[error("Guests cannot change their name or colour. Create an account first.")]
    NoProfile,
    #[error("This server does not accept guests. Sign in or create an account.")]
    GuestsDisabled,
    #[error("On this server, guests can only use the lobby.")]
    GuestsLobbyOnly,
    #[error("You are muted and can only read.")]
    Muted { until: Millis },
    /// The reason of a ban is shown to moderators only.
    #[error("You are banned from this server.")]
    Banned { until: Option<Millis> },

    #[error("Your session is not valid. Sign in, or create a guest session with POST /api/session.")]
    Unauthenticated,
    /// Does not tell which of the two is wrong.
    #[error("Incorrect name or password.")]
    WrongCredentials,
    #[error("Incorrect password.")]
    WrongPassword,
    #[error("You need a valid invitation to create an account.")]
    InviteRequired,
    #[error("This link has expired or was already used. Ask for a new one.")]
    InvalidLink,
    #[error("You already have an account. Sign out to create another one.")]
    AlreadyRegistered,

    #[error("{}", name_taken(suggestion.as_deref()))]
    NameTaken { suggestion: Option<String> },
    #[error("A room with this name already exists.")]
    RoomNameTaken,
    #[error("You are the only owner of this server. Make someone else an owner first.")]
    LastOwner,
    #[error("The name is set by the flag --name. Start the server without it to change the name here.")]
    NameFixed,
    #[error(
        "Who can come in is set by the flags --guests and --registration. Start the server without them to change it here."
    )]
    EntryFixed,

    #[error("{} is not valid. {reason}", field.label())]
    Invalid { field: Field, reason: ValidationError },
    #[error("{} must be between {min} and {max}.", field.label())]
    OutOfRange { field: Field, min: u32, max: u32 },
    #[error("Role must be member, moderator or admin.")]
    InvalidInviteRole,
    #[error("An account cannot have the role guest.")]
    InvalidRole,
    #[error("Choose between 1 and {} people.", limits::MAX_DIRECT_PEOPLE)]
    InvalidDirectPeople,
    #[error("Direct rooms are created with POST /api/direct.")]
    InvalidRoomKind,
    #[error("{0}")]
    WeakPassword(WeakPassword),
    #[error("{0}")]
    Picture(#[from] PictureError),

    #[error("A reaction is a single emoji.")]
    NotAnEmoji,
    #[error("This message has reactions with {} different emojis. It cannot have more.", limits::MAX_REACTIONS)]
    TooManyReactions,
    #[error("The id must not be nil.")]
    NilId,
    #[error("This id was used for another command.")]
    IdReused,
    #[error("You are sending messages too quickly. Try again {}.", in_seconds(*retry_after))]
    SendingTooFast { retry_after: Duration },
    #[error("You are doing this too quickly. Try again {}.", in_seconds(*retry_after))]
    RateLimited { retry_after: Duration },
    /// Does not tell which limit was reached, nor whether the last attempt was right.
    #[error("Too many attempts. Try again {}.", in_seconds(*retry_after))]
    TooManyAttempts { retry_after: Duration },
    #[error("Your address has too many connections to this server.")]
    TooManyConnections,
    #[error("You have created too many rooms.")]
    TooManyRooms,
    #[error("The server is busy. Try again in a moment.")]
    Busy,
    #[error("The server's disk is full. Try again later.")]
    StorageFull,
    #[error("The server cannot do this right now. Try again in a moment.")]
    Unavailable,
    /// The server was started with `--read-only`.
    #[error("The server is being moved and stores nothing right now. Try again in a few minutes.")]
    ReadOnly,
}

/// An input field that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Name,
    Message,
    Password,
    CurrentPassword,
    Colour,
    RoomName,
    ServerName,
    Entry,
    Picture,
    Topic,
    Reason,
    Hours,
    Minutes,
    Uses,
    Role,
    People,
}

impl Field {
    const fn label(self) -> &'static str {
        match self {
            Self::Name => "The name",
            Self::Message => "The message",
            Self::Password => "The password",
            Self::CurrentPassword => "The current password",
            Self::Colour => "The colour",
            Self::RoomName => "The room name",
            Self::ServerName => "The server name",
            Self::Entry => "The entry policy",
            Self::Picture => "The picture",
            Self::Topic => "The topic",
            Self::Reason => "The reason",
            Self::Hours => "The number of hours",
            Self::Minutes => "The number of minutes",
            Self::Uses => "The number of uses",
            Self::Role => "The role",
            Self::People => "The list of people",
        }
    }
}

/// The class of an error; HTTP has a status for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    BadRequest,
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    RateLimited,
    StorageFull,
    Unavailable,
}

impl ServiceError {
    /// The class of the error and its code for programs, one of [`error_code`].
    pub const fn classify(&self) -> (ErrorKind, &'static str) {
        match self {
            Self::RoomNotFound
            | Self::PersonNotFound
            | Self::AccountNotFound
            | Self::MessageNotFound
            | Self::ReplyTargetNotFound
            | Self::SessionNotFound
            | Self::InviteNotFound
            | Self::NotBanned
            | Self::NotMuted => (ErrorKind::NotFound, error_code::NOT_FOUND),
            Self::Forbidden
            | Self::TargetNotBelow
            | Self::RoleNotAssignable
            | Self::InviteRoleTooHigh
            | Self::OwnRestriction
            | Self::NoPassword
            | Self::NoProfile => (ErrorKind::Forbidden, error_code::FORBIDDEN),
            Self::GuestsDisabled | Self::GuestsLobbyOnly => (ErrorKind::Forbidden, error_code::GUESTS_OFF),
            Self::Muted { .. } => (ErrorKind::Forbidden, error_code::MUTED),
            Self::Banned { .. } => (ErrorKind::Forbidden, error_code::BANNED),
            Self::Unauthenticated => (ErrorKind::Unauthenticated, error_code::UNAUTHORIZED),
            Self::WrongCredentials => (ErrorKind::Unauthenticated, error_code::WRONG_CREDENTIALS),
            // Not 401: the session is still good.
            Self::WrongPassword => (ErrorKind::Forbidden, error_code::WRONG_CREDENTIALS),
            Self::InviteRequired => (ErrorKind::Forbidden, error_code::INVITE_NEEDED),
            Self::InvalidLink => (ErrorKind::Forbidden, error_code::INVALID_LINK),
            Self::NameTaken { .. } | Self::RoomNameTaken => (ErrorKind::Conflict, error_code::NAME_TAKEN),
            Self::IdReused => (ErrorKind::Conflict, error_code::ID_REUSED),
            Self::NotAnEmoji => (ErrorKind::Invalid, error_code::BAD_EMOJI),
            Self::TooManyReactions => (ErrorKind::Conflict, error_code::TOO_MANY_REACTIONS),
            Self::NilId => (ErrorKind::BadRequest, error_code::BAD_FRAME),
            Self::LastOwner => (ErrorKind::Conflict, error_code::LAST_OWNER),
            Self::NameFixed | Self::EntryFixed => (ErrorKind::Conflict, error_code::SETTING_FIXED),
            Self::Picture(_) => (ErrorKind::Invalid, error_code::BAD_PICTURE),
            Self::Invalid { reason, .. } => (ErrorKind::Invalid, reason.code()),
            Self::WeakPassword(_) => (ErrorKind::Invalid, error_code::WEAK_PASSWORD),
            Self::InvalidRoomKind => (ErrorKind::Invalid, error_code::BAD_REQUEST),
            Self::OutOfRange { .. }
            | Self::InvalidInviteRole
            | Self::InvalidRole
            | Self::InvalidDirectPeople
            | Self::AlreadyRegistered => (ErrorKind::BadRequest, error_code::BAD_REQUEST),
            Self::RateLimited { .. } | Self::SendingTooFast { .. } | Self::TooManyAttempts { .. } => {
                (ErrorKind::RateLimited, error_code::RATE_LIMITED)
            }
            Self::StorageFull => (ErrorKind::StorageFull, error_code::STORAGE_FULL),
            Self::TooManyRooms => (ErrorKind::Forbidden, error_code::TOO_MANY_ROOMS),
            Self::Busy | Self::TooManyConnections | Self::Unavailable | Self::ReadOnly => {
                (ErrorKind::Unavailable, error_code::UNAVAILABLE)
            }
        }
    }

    pub const fn kind(&self) -> ErrorKind {
        self.classify().0
    }

    pub const fn code(&self) -> &'static str {
        self.classify().1
    }

    /// The input field to show the error at; none when it is about the request as a whole.
    pub const fn field(&self) -> Option<Field> {
        match self {
            Self::Invalid { field, .. } | Self::OutOfRange { field, .. } => Some(*field),
            Self::NameTaken { .. } => Some(Field::Name),
            Self::RoomNameTaken => Some(Field::RoomName),
            Self::NameFixed => Some(Field::ServerName),
            Self::EntryFixed => Some(Field::Entry),
            Self::Picture(_) => Some(Field::Picture),
            Self::WeakPassword(_) | Self::WrongCredentials => Some(Field::Password),
            Self::WrongPassword => Some(Field::CurrentPassword),
            Self::InvalidInviteRole | Self::InvalidRole | Self::InviteRoleTooHigh | Self::RoleNotAssignable => {
                Some(Field::Role)
            }
            Self::InvalidDirectPeople => Some(Field::People),
            _ => None,
        }
    }

    /// When it makes sense to try again, if that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after }
            | Self::SendingTooFast { retry_after }
            | Self::TooManyAttempts { retry_after } => Some(*retry_after),
            Self::Busy => Some(Duration::ZERO),
            Self::TooManyConnections => Some(Duration::from_secs(5)),
            Self::Muted { until } | Self::Banned { until: Some(until) } => Some(time_to(*until)),
            _ => None,
        }
    }

    /// The error for a failure of the store that was logged before.
    pub(super) const fn unlogged(error: &StoreError) -> Self {
        match error {
            StoreError::Full(_) => Self::StorageFull,
            StoreError::ReadOnly => Self::ReadOnly,
            _ => Self::Unavailable,
        }
    }
}

fn time_to(until: Millis) -> Duration {
    Duration::from_millis(until.saturating_sub(clock::now()).try_into().unwrap_or_default())
}

/// Rounded up, as in `Retry-After`.
fn in_seconds(wait: Duration) -> String {
    match wait.as_secs() + 1 {
        1 => "in 1 second".into(),
        seconds => format!("in {seconds} seconds"),
    }
}

fn name_taken(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(name) => format!("This name is already taken. “{name}” is available."),
        None => "This name is already taken. Choose another one.".into(),
    }
}

impl From<StoreError> for ServiceError {
    fn from(error: StoreError) -> Self {
        if let StoreError::Refused(refusal) = error {
            return refusal.into();
        }
        if !matches!(error, StoreError::ReadOnly) {
            tracing::error!(%error, "a request failed");
        }
        Self::unlogged(&error)
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::RoomNotFound => Self::RoomNotFound,
            Refusal::PersonNotFound => Self::PersonNotFound,
            Refusal::AccountNotFound => Self::AccountNotFound,
            Refusal::InviteNotFound => Self::InviteNotFound,
            Refusal::NotBanned => Self::NotBanned,
            Refusal::NotMuted => Self::NotMuted,
            Refusal::Forbidden => Self::Forbidden,
            Refusal::TargetNotBelow => Self::TargetNotBelow,
            Refusal::RoleNotAssignable => Self::RoleNotAssignable,
            Refusal::InviteRoleTooHigh => Self::InviteRoleTooHigh,
            Refusal::Muted { until } => Self::Muted { until },
            Refusal::Banned { until } => Self::Banned { until },
            Refusal::RoomNameTaken => Self::RoomNameTaken,
        }
    }
}

impl From<HashError> for ServiceError {
    fn from(error: HashError) -> Self {
        tracing::warn!(%error, "a password was not checked");
        Self::Busy
    }
}

impl From<WeakPassword> for ServiceError {
    fn from(weak: WeakPassword) -> Self {
        Self::WeakPassword(weak)
    }
}

impl From<Ban> for ServiceError {
    fn from(ban: Ban) -> Self {
        Self::Banned { until: ban.until }
    }
}
