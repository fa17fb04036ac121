//! What all sessions share, and what someone may do and see by it.

use std::{sync::Arc, time::Duration};

use parlor_protocol::{Millis, RoomId, RoomSummary, ServerInfo, ServerRole, UserId};

use crate::{
    cache::CachedStore,
    config::Guests,
    connection::{Connection, HeartbeatWheel},
    domain::{AuthenticatedUser, Membership, RoomMembership, StoreError},
    keyed_mutex::KeyedMutex,
    policy::{Actor, RoomAct, Standing, Verdict},
    room::{Hub, Room},
};

/// What all sessions share.
pub struct Live {
    /// Everything durable.
    pub store: Arc<CachedStore>,
    /// Everything live.
    pub hub: Arc<Hub>,
    /// Heartbeats of all connections.
    pub wheel: HeartbeatWheel,
    /// Who we are.
    pub server: ServerInfo,
    /// Time within which `hello` must have come.
    pub hello_timeout: Duration,
    /// How far people without an account may go.
    pub guests: Guests,
    /// Whether someone who sends too fast is slowed down.
    pub rate_limits: bool,
    /// What a person says of their own rooms is done in one order, whichever device says it.
    pub marking: KeyedMutex<UserId>,
    /// What is unread in a room is read by one at a time: the next one finds it there.
    pub counting: KeyedMutex<RoomId>,
}

impl Live {
    /// The room, if its connected visitor may do this there.
    ///
    /// # Errors
    /// They may not, or there is no such room for them.
    pub fn may(&self, visitor: &Connection, act: RoomAct, room: &RoomId) -> Result<Arc<Room>, Denied> {
        let (role, standing) = self.hub.role_and_standing(visitor.user.id, room);
        self.decide(visitor.user.id, role, act, room, standing)
    }

    /// The same for someone who is not connected, with their place in the room.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn may_from_outside(
        &self,
        who: &AuthenticatedUser,
        act: RoomAct,
        room: &RoomId,
    ) -> Result<Result<(Arc<Room>, Option<Membership>), Denied>, StoreError> {
        let memberships = self.store.memberships(who.user.id).await?;
        let mine = memberships.iter().find(|membership| membership.room == *room).cloned();
        let standing = mine.as_ref().map(|known| Standing { moderator: known.state.moderator, muted: false });
        Ok(self.decide(who.user.id, who.role, act, room, standing).map(|room| (room, mine)))
    }

    fn decide(
        &self,
        user: UserId,
        role: ServerRole,
        act: RoomAct,
        room: &RoomId,
        membership: Option<Standing>,
    ) -> Result<Arc<Room>, Denied> {
        let room = self.hub.room(room).ok_or(Denied::Unseen)?;
        let (actor, mutes) = (self.actor(role), self.store.mutes_of(user, &room.id));
        let usual = actor.check(act, room.place(membership));
        let here = mutes.room.is_some();
        let actor = Actor { muted: mutes.server.is_some() || (membership.is_none() && here), ..actor };
        let standing = membership.map(|standing| Standing { muted: here, ..standing });
        match (actor.check(act, room.place(standing)), mutes.until()) {
            (Verdict::Allowed, _) => Ok(room),
            (Verdict::Forbidden, Some(until)) if usual.is_allowed() => Err(Denied::Muted { until }),
            (Verdict::Forbidden, _) => Err(Denied::Forbidden),
            (Verdict::Hidden, _) => Err(Denied::Unseen),
        }
    }

    /// Someone with this role, as far as rights go.
    pub fn actor(&self, role: ServerRole) -> Actor {
        Actor { role, lobby_only: self.guests == Guests::LobbyOnly, muted: false }
    }

    /// The rooms that this person may see: the lobby first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn rooms_for(&self, who: &AuthenticatedUser) -> Result<Vec<RoomSummary>, StoreError> {
        let mut rooms: Vec<_> = self.joined_rooms(who).await?.into_iter().map(|(_, room)| room).collect();
        rooms.retain(|room| self.is_begun(who.user.id, room));
        let others = self.hub.public_rooms();
        let others = others.iter().filter(|room| !rooms.iter().any(|mine| mine.id == room.id));
        let seen = others.filter(|room| self.actor(who.role).check(RoomAct::See, room.place(None)).is_allowed());
        let others: Vec<_> = seen.map(|room| room.summary_for_others()).collect();
        rooms.extend(others);
        rooms.sort_by_cached_key(order);
        Ok(rooms)
    }

    /// The rooms that this person is a member of, and how they stand to them: the lobby first, then by name.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) async fn joined_rooms(
        &self,
        who: &AuthenticatedUser,
    ) -> Result<Vec<(RoomMembership, RoomSummary)>, StoreError> {
        let memberships = self.store.memberships(who.user.id).await?;
        let mut rooms = Vec::with_capacity(memberships.len());
        for Membership { room, state: mine } in &*memberships {
            let standing = Standing { moderator: mine.moderator, muted: false };
            if let Ok(room) = self.decide(who.user.id, who.role, RoomAct::See, room, Some(standing)) {
                self.count_back(&room, *mine).await?;
                rooms.push((*mine, room.summary(who.user.id, *mine)));
            }
        }
        rooms.sort_by_cached_key(|(_, room)| order(room));
        Ok(rooms)
    }

    /// Sees to it that what is unread to someone can be counted. Once in a while that has to be read, for everyone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_back(&self, room: &Room, mine: RoomMembership) -> Result<(), StoreError> {
        if room.missing_range(mine.read_to()).is_none() {
            return Ok(());
        }
        let _turn = self.counting.lock(&room.id).await;
        while let Some(missing) = room.missing_range(mine.read_to()) {
            room.fill_unread(missing, &self.store.author_range(&room.id, missing.after, missing.before).await?);
        }
        Ok(())
    }

    /// Whether a room is to be listed: a direct one that another has made, only once something was said in it.
    pub(super) fn is_begun(&self, viewer: UserId, room: &RoomSummary) -> bool {
        room.head > 0 || self.hub.room(&room.id).is_none_or(|room| room.is_begun(viewer))
    }
}

/// The lobby first, then by name.
fn order(room: &RoomSummary) -> (bool, String) {
    (room.id.as_str() != RoomId::LOBBY, room.name.to_lowercase())
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// As if there were no such room.
    Unseen,
    /// It is there for them to see, but this is not theirs to do.
    Forbidden,
    /// It would be theirs to do, were they not muted.
    Muted {
        /// Until when.
        until: Millis,
    },
}
