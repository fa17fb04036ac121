//! The list of rooms that a person sees, with what is unread in each.

use parlor_protocol::{RoomId, RoomSummary, UserId, policy::RoomAction};

use super::{Result, Services};
use crate::{
    domain::{AuthenticatedUser, Membership, RoomMembership},
    room::Room,
};

impl Services {
    /// The rooms that this person may see: the lobby first, then by name.
    pub async fn list_rooms(&self, who: &AuthenticatedUser) -> Result<Vec<RoomSummary>> {
        let mut rooms: Vec<_> = self.joined_rooms(who).await?.into_iter().map(|(_, room)| room).collect();
        rooms.retain(|room| self.is_listed(who.user.id, room));
        let others = self.hub.public_rooms();
        let others = others.iter().filter(|room| !rooms.iter().any(|joined| joined.id == room.id));
        let visible =
            others.filter(|room| self.actor(who.role).check(RoomAction::See, room.policy_context(None)).is_allowed());
        let visible: Vec<_> = visible.map(|room| room.summary_for_others()).collect();
        rooms.extend(visible);
        rooms.sort_by_cached_key(order);
        Ok(rooms)
    }

    /// The rooms that this person is a member of, with their membership: the lobby first, then by name.
    pub async fn joined_rooms(&self, who: &AuthenticatedUser) -> Result<Vec<(RoomMembership, RoomSummary)>> {
        let memberships = self.store.memberships(who.user.id).await?;
        let mut rooms = Vec::with_capacity(memberships.len());
        for membership in &*memberships {
            let Membership { room, state } = membership;
            if let Ok(room) = self.check_access(who.user.id, who.role, RoomAction::See, room, Some(state.role)) {
                self.load_unread(&room, *state).await?;
                rooms.push((*state, room.summary(who.user.id, *state)));
            }
        }
        rooms.sort_by_cached_key(|(_, room)| order(room));
        Ok(rooms)
    }

    /// Loads what is needed to count unread messages since this membership's read position, unless it is in memory. It is
    /// loaded once for all members.
    pub async fn load_unread(&self, room: &Room, mine: RoomMembership) -> Result<()> {
        if room.missing_range(mine.read_to()).is_none() {
            return Ok(());
        }
        let _guard = self.counting.lock(&room.id).await;
        while let Some(missing) = room.missing_range(mine.read_to()) {
            room.fill_unread(missing, &self.store.author_range(&room.id, missing.after, missing.before).await?);
        }
        Ok(())
    }

    /// Whether a room appears in lists: a direct room that someone else opened only after its first message.
    pub fn is_listed(&self, viewer: UserId, room: &RoomSummary) -> bool {
        room.head > 0 || self.hub.room(&room.id).is_none_or(|room| room.is_begun(viewer))
    }
}

/// The lobby first, then by name.
fn order(room: &RoomSummary) -> (bool, String) {
    (room.id.as_str() != RoomId::LOBBY, room.name.to_lowercase())
}
