//! Permissions: who may do what, as pure functions.
//!
//! The server checks every command and request here, and the client uses the same rules to decide what to offer.
//!
//! A room that someone may not see is treated as if it did not exist ([`Decision::Hidden`], HTTP 404). A room that they see
//! but may not act in gives [`Decision::Forbidden`] (403), so the difference never reveals a hidden room.

use crate::{RoomId, RoomKind, RoomRole, RoomSummary, ServerRole};

mod moderation;
#[cfg(test)]
mod tests;

pub use moderation::{
    ModerationCase, Party, can_assign_role, can_change_owner, can_dismiss, can_invite_as, can_moderate,
};

/// The person who acts, reduced to what permissions depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Their role on the server.
    pub role: ServerRole,
    /// The server keeps guests in the lobby (`--guests lobby-only`).
    pub lobby_only: bool,
    /// They are muted: on the server or, for an action in a room, in that room. Muted people may do only what does not reach
    /// others.
    pub muted: bool,
}

/// A room in relation to the actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomContext {
    /// Public, private or direct.
    pub kind: RoomKind,
    /// It is the lobby, whose members are everyone.
    pub lobby: bool,
    /// It is closed for new messages.
    pub archived: bool,
    /// The actor's role in the room; none for someone who is not a member.
    pub membership: Option<RoomRole>,
}

impl From<&RoomSummary> for RoomContext {
    /// The room for the person whose list has this summary.
    fn from(room: &RoomSummary) -> Self {
        Self {
            kind: room.kind,
            lobby: room.id.as_str() == RoomId::LOBBY,
            archived: room.archived,
            membership: room.joined.then(|| room.role()),
        }
    }
}

/// An action in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoomAction {
    /// See that the room exists, in lists and by its address.
    See,
    /// Read its history and receive its events.
    Read,
    /// Become a member.
    Join,
    /// End one's own membership.
    Leave,
    /// Send messages, edit one's own, react.
    Write,
    /// Delete one's own messages. Muted members may: it adds nothing.
    DeleteOwn,
    /// Show that one is typing.
    Type,
    /// Set one's read position and notification level.
    Mark,
    /// Add a member.
    Invite,
    /// Remove a member.
    Remove,
    /// Change the name or topic.
    Rename,
    /// Archive the room or reopen it.
    Archive,
    /// Delete messages of others.
    DeleteOthers,
    /// Mute a member in this room.
    Mute,
    /// Make a member a moderator of this room, or end that.
    Appoint,
    /// Make another member the owner of this room.
    ChangeOwner,
}

impl RoomAction {
    /// All actions.
    pub const ALL: [Self; 16] = [
        Self::See,
        Self::Read,
        Self::Join,
        Self::Leave,
        Self::Write,
        Self::DeleteOwn,
        Self::Type,
        Self::Mark,
        Self::Invite,
        Self::Remove,
        Self::Rename,
        Self::Archive,
        Self::DeleteOthers,
        Self::Mute,
        Self::Appoint,
        Self::ChangeOwner,
    ];

    /// Whether others notice it. Muted people may not do such things.
    #[must_use]
    pub const fn reaches_others(self) -> bool {
        match self {
            Self::See | Self::Read | Self::Join | Self::Leave | Self::DeleteOwn | Self::Mark => false,
            Self::Write
            | Self::Type
            | Self::Invite
            | Self::Remove
            | Self::Rename
            | Self::Archive
            | Self::DeleteOthers
            | Self::Mute
            | Self::Appoint
            | Self::ChangeOwner => true,
        }
    }
}

/// An action on the server as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerAction {
    /// Create a public room.
    CreatePublicRoom,
    /// Create a private room.
    CreatePrivateRoom,
    /// Start a direct room.
    CreateDirect,
    /// Change one's own name and colour.
    ChangeProfile,
    /// List the people who have accounts.
    ListPeople,
    /// Create and revoke invitations.
    Invite,
    /// Mute and ban people.
    Moderate,
    /// Lift restrictions that others imposed, and read the audit log.
    Audit,
    /// Change the role of someone below oneself to another role below one's own.
    Appoint,
    /// End the sessions of someone below oneself.
    EndSessions,
    /// Create a password reset link for someone below oneself.
    ResetPassword,
    /// Change the server's name, its picture, and who can come in.
    ManageServer,
}

impl ServerAction {
    /// All actions.
    pub const ALL: [Self; 12] = [
        Self::CreatePublicRoom,
        Self::CreatePrivateRoom,
        Self::CreateDirect,
        Self::ChangeProfile,
        Self::ListPeople,
        Self::Invite,
        Self::Moderate,
        Self::Audit,
        Self::Appoint,
        Self::EndSessions,
        Self::ResetPassword,
        Self::ManageServer,
    ];

    /// Whether others notice it. Muted people may not do such things.
    #[must_use]
    pub const fn reaches_others(self) -> bool {
        match self {
            Self::ListPeople | Self::Audit => false,
            Self::CreatePublicRoom
            | Self::CreatePrivateRoom
            | Self::CreateDirect
            | Self::ChangeProfile
            | Self::Invite
            | Self::Moderate
            | Self::Appoint
            | Self::EndSessions
            | Self::ResetPassword
            | Self::ManageServer => true,
        }
    }
}

/// The result of a permission check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The actor may do it.
    Allowed,
    /// The actor could do it if they were not muted.
    Muted,
    /// The actor sees the room and may not do it.
    Forbidden,
    /// The room does not exist as far as the actor may know.
    Hidden,
}

impl Decision {
    /// Whether the action is allowed.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }

    const fn of(allowed: bool, muted: bool) -> Self {
        match (allowed, muted) {
            (true, false) => Self::Allowed,
            (true, true) => Self::Muted,
            (false, _) => Self::Forbidden,
        }
    }
}

impl Actor {
    /// Someone with this role who is not muted, on a server that keeps nobody in the lobby.
    #[must_use]
    pub const fn with_role(role: ServerRole) -> Self {
        Self { role, lobby_only: false, muted: false }
    }

    /// Whether they may do this in that room.
    #[must_use]
    pub fn check(self, action: RoomAction, room: RoomContext) -> Decision {
        if !self.sees(room) {
            return Decision::Hidden;
        }
        let member = room.membership.is_some();
        let group = room.kind != RoomKind::Direct;
        let allowed = match action {
            RoomAction::See | RoomAction::Read => true,
            // Everyone is in the lobby, and the people of a direct room are fixed from the start.
            RoomAction::Join => room.kind == RoomKind::Public,
            RoomAction::Leave => member && group && !room.lobby,
            // Membership is not required: writing to a public room joins it.
            RoomAction::Write => !room.archived,
            RoomAction::DeleteOwn | RoomAction::Type => member && !room.archived,
            RoomAction::Mark => member,
            RoomAction::Invite => member && group && !room.lobby && !room.archived,
            RoomAction::Remove | RoomAction::Archive | RoomAction::Appoint => {
                group && !room.lobby && self.moderates(room)
            }
            RoomAction::Rename | RoomAction::DeleteOthers | RoomAction::Mute => group && self.moderates(room),
            RoomAction::ChangeOwner => {
                let owns = room.membership == Some(RoomRole::Owner);
                group && !room.lobby && (owns || self.role >= ServerRole::Admin)
            }
        };
        Decision::of(allowed, self.muted && action.reaches_others())
    }

    /// Whether they may do this on the server. Never [`Decision::Hidden`].
    #[must_use]
    pub const fn check_server(self, action: ServerAction) -> Decision {
        let required = match action {
            ServerAction::CreatePublicRoom
            | ServerAction::CreatePrivateRoom
            | ServerAction::CreateDirect
            | ServerAction::ListPeople
                if self.lobby_only =>
            {
                ServerRole::Member
            }
            ServerAction::CreatePublicRoom
            | ServerAction::CreatePrivateRoom
            | ServerAction::CreateDirect
            | ServerAction::ListPeople => ServerRole::Guest,
            ServerAction::ChangeProfile => ServerRole::Member,
            ServerAction::Moderate => ServerRole::Moderator,
            ServerAction::Invite | ServerAction::Audit | ServerAction::Appoint | ServerAction::EndSessions => {
                ServerRole::Admin
            }
            ServerAction::ResetPassword | ServerAction::ManageServer => ServerRole::Owner,
        };
        Decision::of(self.role as u8 >= required as u8, self.muted && action.reaches_others())
    }

    /// Whether they may do this on the server.
    #[must_use]
    pub const fn can(self, action: ServerAction) -> bool {
        self.check_server(action).is_allowed()
    }

    /// Whether their role is above the other one. Equals cannot restrict each other, and nobody restricts an owner.
    #[must_use]
    pub const fn outranks(self, other: ServerRole) -> bool {
        self.role as u8 > other as u8
    }

    /// Private and direct rooms are visible to their members alone, whatever the role.
    fn sees(self, room: RoomContext) -> bool {
        if self.lobby_only && self.role == ServerRole::Guest && !room.lobby {
            return false;
        }
        room.kind == RoomKind::Public || room.membership.is_some()
    }

    fn moderates(self, room: RoomContext) -> bool {
        self.role >= ServerRole::Moderator || room.membership.is_some_and(RoomRole::moderates)
    }
}
