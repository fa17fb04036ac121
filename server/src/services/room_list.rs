//! The list of rooms that a person sees, with what is unread in each.

use parlor_protocol::{RoomId, RoomSummary, UserId, http::RoomList, policy::RoomAction};

use super::{Result, Services};
use crate::{
    domain::{AuthenticatedUser, Membership, RoomMembership},
    room::Room,
};

impl Services {
    /// A page of the rooms that this person may see: first their own and the first public ones, the lobby first, then by
    /// name; then the public ones after a name of [`RoomList::next`].
    pub async fn list_rooms(&self, who: &AuthenticatedUser, after: Option<&str>, limit: usize) -> Result<RoomList> {
        let memberships = self.store.memberships(who.user.id).await?;
        let is_joined = |room: &RoomId| memberships.iter().any(|membership| membership.room == *room);
        let actor = self.actor(who.role);
        let is_visible = |room: &Room| actor.check(RoomAction::See, room.policy_context(None)).is_allowed();
        let is_other = |room: &Room| !is_joined(&room.id) && is_visible(room);
        // One more shows whether there is another page.
        let others = self.hub.public_rooms(after, limit.saturating_add(1), is_other);
        let next = (others.len() > limit).then(|| others[..limit].last().map(|(name, _)| name.clone())).flatten();
        let others = others.iter().take(limit).map(|(_, room)| room.summary_for_others());
        let mut rooms: Vec<_> = match after {
            Some(_) => Vec::new(),
            None => self.joined_rooms(who).await?.into_iter().map(|(_, room)| room).collect(),
        };
        rooms.retain(|room| self.is_listed(who.user.id, room));
        rooms.extend(others);
        rooms.sort_by_cached_key(order);
        Ok(RoomList { rooms, next })
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
