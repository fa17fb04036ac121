//! Why a write was refused.

use parlor_protocol::Millis;

/// Why a write was refused by what its transaction found. The rights of who acts are checked there, because they may have
/// changed since the request was accepted. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such room as far as the user may know.
    #[error("no such room")]
    RoomNotFound,
    /// There is no such user, or they are not a member of the room.
    #[error("no such user")]
    PersonNotFound,
    /// There is no such account.
    #[error("no such account")]
    AccountNotFound,
    /// There is no such valid invite.
    #[error("no such invite")]
    InviteNotFound,
    #[error("the user is not banned")]
    NotBanned,
    #[error("the user is not muted")]
    NotMuted,
    /// The role of who acts does not allow it.
    #[error("not allowed")]
    Forbidden,
    /// The role of the other user is not below that of who acts, or someone else imposed what they want to change.
    #[error("the other user is not below")]
    TargetNotBelow,
    /// The role is not one that they may give to that user.
    #[error("the role cannot be given")]
    RoleNotAssignable,
    /// The role is not one that they may invite to.
    #[error("the role cannot be invited to")]
    InviteRoleTooHigh,
    #[error("muted")]
    Muted { until: Millis },
    #[error("banned")]
    Banned { until: Option<Millis> },
    /// Another public room has the name.
    #[error("the name of the room is taken")]
    RoomNameTaken,
}
