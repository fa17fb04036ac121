//! Users who are connected to other nodes, and what other nodes learn of the users here.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use parking_lot::Mutex;
use parlor_protocol::{RoomId, ServerRole, User, UserId};

use serde::{Deserialize, Serialize};

use super::{ConnectedUser, Hub, connected_user::Elsewhere};
use crate::{
    domain::{Membership, NodeId, NodePresence, NodeUser},
    room::Room,
};

/// Users whose connections to this process have changed. Empty while nobody asks for it.
#[derive(Default)]
pub(super) struct LocalChanges {
    is_watched: AtomicBool,
    users: Mutex<HashSet<UserId>>,
}

impl LocalChanges {
    pub(super) fn note(&self, user: UserId) {
        if self.is_watched.load(Ordering::Relaxed) {
            self.users.lock().insert(user);
        }
    }
}

/// How long a user has been without a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// They may be about to come back, and nobody is told yet.
    Short,
    /// They are offline.
    Long,
}

pub(super) type TypingListener = Box<dyn Fn(Typing) + Send + Sync>;

/// A user is typing in a room.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Typing {
    pub room: RoomId,
    pub user: Arc<User>,
}

impl Hub {
    /// Tells the other subscribers of a room here, and the listener, that a user is typing.
    pub fn send_typing(&self, room: &Room, user: &Arc<User>) {
        room.send_typing(user);
        if let Some(listener) = self.typing_listener.get() {
            listener(Typing { room: room.id.clone(), user: user.clone() });
        }
    }

    /// Tells the subscribers of a room here that a user is typing on another node.
    pub fn show_typing(&self, typing: &Typing) {
        if let Some(room) = self.room(&typing.room) {
            room.send_typing(&typing.user);
        }
    }

    /// `listener` is told who types here. It must not wait. There is one.
    pub fn on_typing(&self, listener: impl Fn(Typing) + Send + Sync + 'static) {
        let _ = self.typing_listener.set(Box::new(listener));
    }

    /// From now on [`Hub::take_local_changes`] returns changes.
    pub fn watch_local_changes(&self) {
        self.local_changes.is_watched.store(true, Ordering::Relaxed);
    }

    /// The users who have connected to this process, disconnected, gone away or come back since the last call.
    pub fn take_local_changes(&self) -> HashSet<UserId> {
        std::mem::take(&mut *self.local_changes.users.lock())
    }

    /// A user who is connected to this process.
    pub fn local_user(&self, user: UserId) -> Option<NodeUser> {
        let local = |connected: &mut ConnectedUser| {
            let user = connected.connections.last()?.user.clone();
            let away = connected.connections.iter().all(|connection| connection.is_away());
            let presence = if away { NodePresence::Away } else { NodePresence::Online };
            Some(NodeUser { user: (*user).clone(), presence })
        };
        self.users.with(user, local).flatten()
    }

    /// Notes that a user is connected to another node, and a member of these rooms.
    pub fn connect_elsewhere(&self, node: NodeId, user: &Arc<User>, away: bool, memberships: &[Membership]) {
        // Their role counts with a connection to this process only, which brings it.
        self.users.enter(user.id, ServerRole::Guest, |connected| {
            connected.elsewhere.retain(|other| other.node != node);
            connected.elsewhere.push(Elsewhere { node, user: user.clone(), away });
            self.names.add_elsewhere(node, user);
            for Membership { room, state } in memberships {
                let Some(room) = self.room(room).filter(|room| room.admit(user.id, *state)) else { continue };
                connected.add_room(&room, *state);
                room.connect(user, away);
            }
            connected.update_away(user.id);
        });
    }

    /// Notes that a user is not connected to another node any more.
    pub fn disconnect_elsewhere(&self, node: NodeId, user_id: UserId, absence: Absence) {
        let Some(entry) = self.users.get(user_id) else { return };
        let mut connected = entry.lock();
        if connected.has_gone {
            return;
        }
        connected.elsewhere.retain(|other| other.node != node);
        self.names.remove_elsewhere(node, user_id);
        if connected.leave_if_disconnected(user_id) {
            if absence == Absence::Long {
                connected.rooms.iter().for_each(|member_of| member_of.room.leave(user_id));
            }
            drop(connected);
            self.users.remove(user_id, &entry);
        } else {
            connected.update_away(user_id);
        }
    }

    /// The rooms that a user is known to be a member of, while they are connected to any node.
    pub fn rooms_of(&self, user: UserId) -> HashSet<RoomId> {
        let rooms =
            |connected: &mut ConnectedUser| connected.rooms.iter().map(|member_of| member_of.room.id.clone()).collect();
        self.users.with(user, rooms).unwrap_or_default()
    }

    /// The users who are connected to a node.
    pub fn users_of_node(&self, node: NodeId) -> Vec<UserId> {
        let all = self.users.all().into_iter();
        all.filter(|(_, entry)| entry.lock().elsewhere.iter().any(|other| other.node == node))
            .map(|(user, _)| user)
            .collect()
    }
}
