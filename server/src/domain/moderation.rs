//! Bans and mutes.

use parlor_protocol::{Millis, RoomId, UserId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// When it expires; none for never.
    pub until: Option<Millis>,
}

/// When a user's active mutes expire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutes {
    /// The mute on the whole server.
    pub server: Option<Millis>,
    /// The mute in the room that was asked for.
    pub room: Option<Millis>,
}

impl Mutes {
    /// When the user may write in the room again; none if they may now.
    pub fn until(self) -> Option<Millis> {
        self.server.max(self.room)
    }
}

#[derive(Clone, Debug)]
pub struct NewBan {
    pub user: UserId,
    pub by: UserId,
    pub reason: String,
    /// When it expires; none for never.
    pub until: Option<Millis>,
    /// Whether to ban the address of the user's last session too.
    pub address: bool,
}

#[derive(Clone, Debug)]
pub struct NewMute {
    pub user: UserId,
    pub by: UserId,
    /// The room; none for the whole server.
    pub room: Option<RoomId>,
    pub until: Millis,
}
