//! The cache above the store: sessions, memberships, the active bans and mutes, and the server's settings. It works with any database.
//!
//! The store publishes each commit to [`Cache::before`] before it answers the writes of that commit, so what is cached is
//! never older than what anyone was told.

use std::{collections::HashSet, net::IpAddr, ops::Deref, sync::Arc};

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use parlor_protocol::{Millis, RoomId, Seq, UserId};

use crate::{
    clock,
    domain::{
        AuthenticatedUser, Ban, Commit, CommitSink, ConnectionId, ControlEvent, Membership, MembershipChange, Mutes,
        RoomMembership, SEEN_INTERVAL, SESSION_IDLE_TIMEOUT, ServerSettings, StoreError, StoredSession, TokenHash,
    },
    store::Store,
};
use restrictions::Restrictions;
use versioned::VersionedCache;

mod restrictions;
mod versioned;

/// What is cached. It follows the commits of the store that publishes to it.
#[derive(Default)]
pub struct Cache {
    /// `seen_at` is when it was last stored that the session is used.
    sessions: VersionedCache<TokenHash, StoredSession>,
    memberships: VersionedCache<UserId, Arc<[Membership]>>,
    restrictions: RwLock<Restrictions>,
    settings: RwLock<Arc<ServerSettings>>,
    /// Each room id once, shared by all memberships.
    room_ids: Mutex<HashSet<RoomId>>,
}

impl Cache {
    /// A sink that applies each commit to the cache and then passes it on.
    pub fn before(self: &Arc<Self>, next: Arc<dyn CommitSink>) -> Arc<dyn CommitSink> {
        Arc::new(CacheSink { cache: self.clone(), next })
    }

    fn apply(&self, event: &ControlEvent, now: Millis) {
        match event {
            ControlEvent::SessionsEnded { sessions, .. } => {
                sessions.iter().for_each(|token| self.sessions.change(token, |_| None));
            }
            ControlEvent::ProfileChanged { user } => {
                let user = Arc::new(user.clone());
                self.change_user(user.id, |known| AuthenticatedUser { user: user.clone(), ..known.clone() });
            }
            ControlEvent::RoleChanged { user, role } => {
                self.change_user(*user, |known| AuthenticatedUser { role: *role, ..known.clone() });
            }
            // The rooms themselves are held by the hub.
            ControlEvent::RoomCreated { .. } => {}
            ControlEvent::MembershipChanged { room, user, change } => self.change_membership(*user, room, *change),
            ControlEvent::UserBanned { user, until, address, .. } => {
                self.sessions.change_all(
                    |session| session.user.user.id == *user,
                    |session| Some(StoredSession { ended_by_ban: true, ..session.clone() }),
                );
                self.restrictions.write().ban(*user, *until, *address, now);
            }
            ControlEvent::BanLifted { user } => self.restrictions.write().lift(*user),
            ControlEvent::UserMuted { user, room, until } => {
                self.restrictions.write().mute(*user, room.clone(), *until, now);
            }
            ControlEvent::MuteLifted { user, room } => self.restrictions.write().unmute(*user, room.as_ref()),
            ControlEvent::SettingsChanged { settings } => *self.settings.write() = Arc::new(settings.clone()),
            ControlEvent::PresenceChanged { .. } => {}
        }
    }

    /// Applies a mark that was made on another node. Here the cache is ahead of the disk: see [`CachedStore::set_read`].
    fn apply_foreign_mark(&self, event: &ControlEvent) {
        let ControlEvent::MembershipChanged { room, user, change } = event else { return };
        match *change {
            MembershipChange::Read { seq, .. } => self.change_state(*user, room, |state| {
                state.read = state.read.max(seq);
                state.unread_from = None;
            }),
            MembershipChange::UnreadFrom { seq, .. } => {
                self.change_state(*user, room, |state| state.unread_from = Some(seq));
            }
            _ => {}
        }
    }

    /// Changes a user in all their sessions.
    fn change_user(&self, user: UserId, change: impl Fn(&AuthenticatedUser) -> AuthenticatedUser) {
        self.sessions.change_all(
            |session| session.user.user.id == user,
            |session| Some(StoredSession { user: change(&session.user), ..session.clone() }),
        );
    }

    fn change_membership(&self, user: UserId, room: &RoomId, change: MembershipChange) {
        match change {
            MembershipChange::Added(state) | MembershipChange::Joined { membership: state, .. } => {
                self.memberships.change(&user, |memberships| {
                    if memberships.iter().any(|membership| membership.room == *room) {
                        return Some(memberships.clone());
                    }
                    let new = Membership { room: self.shared(room), state };
                    Some(memberships.iter().cloned().chain([new]).collect())
                });
            }
            MembershipChange::Removed { .. } | MembershipChange::Left { .. } => {
                self.memberships.change(&user, |memberships| {
                    Some(memberships.iter().filter(|membership| membership.room != *room).cloned().collect())
                });
            }
            MembershipChange::Level(level) => self.change_state(user, room, |state| state.level = level),
            MembershipChange::Role(role) => self.change_state(user, room, |state| state.role = role),
            // Those of this process are in the cache before they are on disk; see `CachedStore::set_read`.
            MembershipChange::Read { .. } | MembershipChange::UnreadFrom { .. } => {}
        }
    }

    fn change_state(&self, user: UserId, room: &RoomId, change: impl FnOnce(&mut RoomMembership)) {
        self.memberships.change(&user, |memberships| {
            let mut all = memberships.to_vec();
            if let Some(membership) = all.iter_mut().find(|membership| membership.room == *room) {
                change(&mut membership.state);
            }
            Some(all.into())
        });
    }

    /// The same id, sharing the memory of an equal one.
    fn shared(&self, room: &RoomId) -> RoomId {
        let mut rooms = self.room_ids.lock();
        if let Some(known) = rooms.get(room) {
            return known.clone();
        }
        rooms.insert(room.clone());
        room.clone()
    }
}

/// Applies commits to the cache before others receive them.
struct CacheSink {
    cache: Arc<Cache>,
    next: Arc<dyn CommitSink>,
}

#[async_trait]
impl CommitSink for CacheSink {
    async fn publish(&self, commit: Commit) {
        let now = clock::now();
        commit.control.iter().for_each(|event| self.cache.apply(event, now));
        if commit.is_foreign {
            commit.control.iter().for_each(|event| self.cache.apply_foreign_mark(event));
        }
        self.next.publish(commit).await;
    }

    fn is_idle(&self) -> bool {
        self.next.is_idle()
    }

    async fn idle(&self) {
        self.next.idle().await;
    }

    async fn applied(&self) {
        self.next.applied().await;
    }
}

/// A store with its cache. It dereferences to the store, for everything that is not cached.
pub struct CachedStore {
    store: Arc<dyn Store>,
    cache: Arc<Cache>,
    session_lifetime: Millis,
}

impl Deref for CachedStore {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl CachedStore {
    /// Puts a cache above the store that publishes to it, before anything is written. Reads the active bans and mutes and the settings.
    /// Sessions end after `session_lifetime`, even if they are in use.
    pub async fn new(store: Arc<dyn Store>, cache: Arc<Cache>, session_lifetime: Millis) -> Result<Self, StoreError> {
        let now = clock::now();
        store.active_restrictions().await?.iter().for_each(|event| cache.apply(event, now));
        *cache.settings.write() = Arc::new(store.load_settings().await?);
        Ok(Self { store, cache, session_lifetime })
    }

    /// The user that a session authenticates, and notes that the session is used. None when it was ended or has expired.
    pub async fn session(&self, token: TokenHash) -> Result<Option<AuthenticatedUser>, StoreError> {
        let session = match self.cache.sessions.get(&token) {
            Ok(session) => session,
            Err(version) => {
                let Some(session) = self.store.load_session(token).await? else { return Ok(None) };
                self.cache.sessions.fill(version, token, session.clone());
                session
            }
        };
        let now = clock::now();
        let unused = now.saturating_sub(session.seen_at);
        let is_over = session.ended_by_ban && self.ban_of(session.user.user.id).is_none();
        if is_over || unused > SESSION_IDLE_TIMEOUT || session.created_at < self.oldest_session() {
            return Ok(None);
        }
        if unused > SEEN_INTERVAL {
            self.cache.sessions.change(&token, |session| Some(StoredSession { seen_at: now, ..session.clone() }));
            self.store.touch_session(token);
        }
        Ok(Some(session.user))
    }

    /// Sessions that began before this time have reached the end of their lifetime.
    pub fn oldest_session(&self) -> Millis {
        clock::now().saturating_sub(self.session_lifetime)
    }

    /// The rooms that a user is a member of.
    pub async fn memberships(&self, user: UserId) -> Result<Arc<[Membership]>, StoreError> {
        let version = match self.cache.memberships.get(&user) {
            Ok(memberships) => return Ok(memberships),
            Err(version) => version,
        };
        let mut memberships = self.store.load_memberships(user).await?;
        for membership in &mut memberships {
            membership.room = self.cache.shared(&membership.room);
        }
        let memberships: Arc<[Membership]> = memberships.into();
        self.cache.memberships.fill(version, user, memberships.clone());
        Ok(memberships)
    }

    /// Moves a member's read position forward, never back, and removes their unread mark. Does not wait for the disk:
    /// [`CachedStore::memberships`] has it at once, in the order of the calls, and losing one costs nothing.
    pub async fn set_read(
        &self,
        room: &RoomId,
        user: UserId,
        seq: Seq,
        origin: ConnectionId,
    ) -> Result<(), StoreError> {
        // The cache is ahead of the disk for a moment, so the memberships have to be in it.
        self.memberships(user).await?;
        self.cache.change_state(user, room, |state| {
            state.read = state.read.max(seq);
            state.unread_from = None;
        });
        self.store.save_read(room, user, seq, origin).await
    }

    /// Marks a member's messages from a seq on as unread, in the same way.
    pub async fn set_unread_from(
        &self,
        room: &RoomId,
        user: UserId,
        seq: Seq,
        origin: ConnectionId,
    ) -> Result<(), StoreError> {
        self.memberships(user).await?;
        self.cache.change_state(user, room, |state| state.unread_from = Some(seq));
        self.store.save_unread_from(room, user, seq, origin).await
    }

    pub fn settings(&self) -> Arc<ServerSettings> {
        self.cache.settings.read().clone()
    }

    pub fn ban_of(&self, user: UserId) -> Option<Ban> {
        self.cache.restrictions.read().ban_of(user, clock::now())
    }

    /// The active ban of an address or, with IPv6, of its /64.
    pub fn address_ban(&self, address: IpAddr) -> Option<Ban> {
        self.cache.restrictions.read().address_ban(address, clock::now())
    }

    /// The active mutes of a user, on the server and in this room.
    pub fn mutes_of(&self, user: UserId, room: &RoomId) -> Mutes {
        self.cache.restrictions.read().mutes_of(user, room, clock::now())
    }
}
