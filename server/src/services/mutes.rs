//! Mutes: on the whole server by its moderators, in a room by the moderators of the room.

use parlor_protocol::{
    Millis, RoomId, UserId,
    http::MuteRequest,
    limits,
    policy::{RoomAction, ServerAction},
};

use super::{Caller, Field, Result, Services, invites::require_within};
use crate::{clock, domain::NewMute};

const MINUTE: Millis = 60_000;

impl Services {
    /// Mutes someone in a room or on the whole server.
    ///
    /// # Errors
    /// The caller may not, the number of minutes is out of range, or the person does not exist.
    pub async fn mute(&self, caller: &Caller, user: UserId, request: MuteRequest) -> Result<()> {
        self.require_muting(caller, request.room.as_ref()).await?;
        require_within(Field::Minutes, request.minutes, limits::MAX_MUTE_MINUTES)?;
        self.require_someone_else(caller, user)?;
        let until = clock::now().saturating_add(Millis::from(request.minutes) * MINUTE);
        let mute = NewMute { user, by: caller.user.id, room: request.room, until };
        Ok(self.store.mute(mute).await?)
    }

    /// Ends a mute.
    ///
    /// # Errors
    /// The caller may not, or the person is not muted there.
    pub async fn unmute(&self, caller: &Caller, user: UserId, room: Option<RoomId>) -> Result<()> {
        self.require_muting(caller, room.as_ref()).await?;
        self.require_someone_else(caller, user)?;
        Ok(self.store.unmute(user, room, caller.user.id).await?)
    }

    /// Rejects callers who may mute nobody there. Whether they may mute this person is decided in the transaction.
    async fn require_muting(&self, caller: &Caller, room: Option<&RoomId>) -> Result<()> {
        match room {
            Some(room) => self.authorize(caller, RoomAction::Mute, room).await.map(drop),
            None => self.require(caller, ServerAction::Moderate),
        }
    }
}
