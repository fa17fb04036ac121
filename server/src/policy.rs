//! Who may do what. Pure, and the only place that decides: sessions and HTTP handlers ask here, on every frame and request.
//!
//! What someone may not see does not exist for them ([`Verdict::Unseen`], 404); what they see but may not do is
//! [`Verdict::Forbidden`] (403). So the difference between the two never tells of a room that is not theirs.

use parlor_protocol::{RoomKind, ServerRole};

/// Someone, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// On the whole server.
    pub role: ServerRole,
    /// Guests stay in the lobby (`--guests lobby-only`).
    pub lobby_only: bool,
    /// May not write for a while, on the whole server; or there, when it is about a room that they are no member of.
    pub muted: bool,
}

/// A room, as someone stands to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Public, private or direct.
    pub kind: RoomKind,
    /// It is the lobby, which everyone is in.
    pub lobby: bool,
    /// Nothing is written there any more.
    pub archived: bool,
    /// None for who is no member.
    pub membership: Option<Standing>,
}

/// A member of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Looks after this room.
    pub moderator: bool,
    /// May not write here for a while.
    pub muted: bool,
}

/// What can be done in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RoomAct {
    /// See that it is there: in lists, by its address.
    See,
    /// Read its history and hear what happens.
    Read,
    /// Become a member.
    Join,
    /// Stop being one.
    Leave,
    /// Say something; edit what is one's own; react.
    Write,
    /// Delete what is one's own. Also for who may not write for a while: it takes away, and adds nothing.
    DeleteOwn,
    /// Show that one is typing.
    Type,
    /// Say how far one has read, and how much one wants to hear of it.
    Mark,
    /// Bring someone in.
    Invite,
    /// Send someone away.
    Remove,
    /// Give it another name or topic.
    Rename,
    /// Close it for writing, or open it again.
    Archive,
    /// Delete what others said.
    DeleteOthers,
    /// Keep someone from writing here for a while.
    Mute,
    /// Make someone a moderator of the room, or not any more.
    Appoint,
}

impl RoomAct {
    /// All of them.
    pub const ALL: [Self; 15] = [
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
    ];
}

/// What can be done on the server as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerAct {
    /// Make a public room.
    CreatePublicRoom,
    /// Make a private room.
    CreatePrivateRoom,
    /// Begin a direct room.
    CreateDirect,
    /// See who has an account.
    ListPeople,
    /// Make and revoke invitations.
    Invite,
    /// Mute and ban.
    Moderate,
    /// Lift what others have imposed, and read the audit log.
    Audit,
    /// Give someone below oneself another role below one's own.
    Appoint,
    /// Make a link by which someone gets a new password.
    ResetPassword,
}

impl ServerAct {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::CreatePublicRoom,
        Self::CreatePrivateRoom,
        Self::CreateDirect,
        Self::ListPeople,
        Self::Invite,
        Self::Moderate,
        Self::Audit,
        Self::Appoint,
        Self::ResetPassword,
    ];
}

/// What comes of wanting to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allowed,
    /// No, and the room is there for them to see.
    Forbidden,
    /// As if there were no such room.
    Unseen,
}

impl Verdict {
    /// Whether it is a yes.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }

    const fn of(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Forbidden }
    }
}

impl Actor {
    /// Whether they may do this in that room.
    #[must_use]
    pub fn may(self, act: RoomAct, place: Place) -> Verdict {
        if !self.sees(place) {
            return Verdict::Unseen;
        }
        let member = place.membership.is_some();
        let group = place.kind != RoomKind::Direct;
        Verdict::of(match act {
            RoomAct::See | RoomAct::Read => true,
            // The lobby has everyone, a direct room has its people from the first message on.
            RoomAct::Join => place.kind == RoomKind::Public,
            RoomAct::Leave => member && group && !place.lobby,
            RoomAct::Write => self.may_write(place),
            RoomAct::DeleteOwn => member && !place.archived,
            RoomAct::Type => member && self.may_write(place),
            RoomAct::Mark => member,
            RoomAct::Invite => member && group && !place.lobby && !place.archived,
            RoomAct::Remove | RoomAct::Archive | RoomAct::Appoint => group && !place.lobby && self.looks_after(place),
            RoomAct::Rename | RoomAct::DeleteOthers | RoomAct::Mute => group && self.looks_after(place),
        })
    }

    /// Whether they may do this on the server.
    #[must_use]
    pub const fn may_on_server(self, act: ServerAct) -> bool {
        let least = match act {
            ServerAct::CreatePublicRoom
            | ServerAct::CreatePrivateRoom
            | ServerAct::CreateDirect
            | ServerAct::ListPeople => {
                return !(self.lobby_only && matches!(self.role, ServerRole::Guest));
            }
            ServerAct::Moderate => ServerRole::Moderator,
            ServerAct::Invite | ServerAct::Audit | ServerAct::Appoint => ServerRole::Admin,
            ServerAct::ResetPassword => ServerRole::Owner,
        };
        self.role as u8 >= least as u8
    }

    /// Whether they may impose something on someone with that role: never on an equal, so that no two can throw each
    /// other out, and the owner stays.
    #[must_use]
    pub const fn is_above(self, other: ServerRole) -> bool {
        self.role as u8 > other as u8
    }

    /// Private and direct rooms are their members' alone, whatever one's role.
    fn sees(self, place: Place) -> bool {
        if self.lobby_only && self.role == ServerRole::Guest && !place.lobby {
            return false;
        }
        place.kind == RoomKind::Public || place.membership.is_some()
    }

    /// Writing to a public room makes one its member.
    fn may_write(self, place: Place) -> bool {
        let muted = self.muted || place.membership.is_some_and(|standing| standing.muted);
        !place.archived && !muted
    }

    fn looks_after(self, place: Place) -> bool {
        self.role >= ServerRole::Moderator || place.membership.is_some_and(|standing| standing.moderator)
    }
}

/// Someone who imposes something, or on whom it is imposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// On the whole server.
    pub role: ServerRole,
    /// Looks after the room that it is about.
    pub moderator: bool,
    /// Has made that room.
    pub maker: bool,
}

/// A ban or mute that someone wants to impose or lift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who wants to.
    pub by: Party,
    /// Whom it concerns.
    pub on: Party,
    /// What is in force was imposed by another one.
    pub by_another: bool,
}

/// Whether a ban, or a mute on the whole server, may be imposed or lifted: on people below oneself, and what another one
/// has imposed is not changed by an equal of theirs.
#[must_use]
pub fn may_moderate(case: Case) -> bool {
    let actor = case.by.actor();
    let over_others = !case.by_another || actor.may_on_server(ServerAct::Audit);
    actor.may_on_server(ServerAct::Moderate) && actor.is_above(case.on.role) && over_others
}

/// The same for a mute in a room, by someone who [may](RoomAct::Mute) do that there. Those who look after a room do not
/// silence each other: who made it does, and who looks after the server, each those below.
#[must_use]
pub fn may_mute_in_room(case: Case) -> bool {
    let actor = case.by.actor();
    if case.on.role >= ServerRole::Moderator {
        return actor.is_above(case.on.role);
    }
    !case.on.moderator || case.by.maker || case.by.role >= ServerRole::Moderator
}

impl Party {
    const fn actor(self) -> Actor {
        Actor { role: self.role, lobby_only: false, muted: false }
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
