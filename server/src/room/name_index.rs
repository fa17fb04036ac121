//! The names of connected users, by the key under which names are compared.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::{User, UserId};

use crate::{
    connection::Connection,
    domain::{NodeId, names},
};

#[derive(Default)]
pub(super) struct NameIndex {
    connections: Mutex<HashMap<Box<str>, Vec<Arc<Connection>>>>,
    elsewhere: Mutex<Elsewhere>,
}

/// The names of users who are connected to other nodes.
#[derive(Default)]
struct Elsewhere {
    keys: HashMap<(NodeId, UserId), Box<str>>,
    users: HashMap<Box<str>, Vec<(NodeId, UserId)>>,
}

impl NameIndex {
    pub(super) fn add(&self, connection: &Arc<Connection>) {
        let key = names::key(&connection.user.name).into();
        self.connections.lock().entry(key).or_insert_with(|| Vec::with_capacity(1)).push(connection.clone());
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let key = names::key(&connection.user.name);
        let mut names = self.connections.lock();
        let Some(connections) = names.get_mut(&*key) else { return };
        connections.retain(|other| other.id != connection.id);
        if connections.is_empty() {
            names.remove(&*key);
        }
    }

    /// Adds a user of another node, in place of an earlier name.
    pub(super) fn add_elsewhere(&self, node: NodeId, user: &User) {
        let key: Box<str> = names::key(&user.name).into();
        let mut elsewhere = self.elsewhere.lock();
        elsewhere.remove(node, user.id);
        elsewhere.keys.insert((node, user.id), key.clone());
        elsewhere.users.entry(key).or_default().push((node, user.id));
    }

    pub(super) fn remove_elsewhere(&self, node: NodeId, user: UserId) {
        self.elsewhere.lock().remove(node, user);
    }

    /// The connected users with a name of this key.
    pub(super) fn users(&self, key: &str) -> Vec<UserId> {
        let here = self.connections.lock();
        let here = here.get(key).into_iter().flatten().map(|connection| connection.user.id);
        let elsewhere = self.elsewhere.lock();
        here.chain(elsewhere.users.get(key).into_iter().flatten().map(|(_, user)| *user)).collect()
    }

    /// Whether a user other than `except` has a name with this key. A connection that is about to end does not count, so that
    /// whoever signs out can join by the same name again.
    pub(super) fn is_used(&self, key: &str, except: Option<UserId>) -> bool {
        let uses = |connection: &Arc<Connection>| Some(connection.user.id) != except && !connection.queue.is_ending();
        self.connections.lock().get(key).is_some_and(|connections| connections.iter().any(uses))
    }

    /// Whether a user other than `except` who is connected to another node has a name with this key.
    pub(super) fn is_used_elsewhere(&self, key: &str, except: Option<UserId>) -> bool {
        let elsewhere = self.elsewhere.lock();
        elsewhere.users.get(key).is_some_and(|users| users.iter().any(|(_, user)| Some(*user) != except))
    }
}

impl Elsewhere {
    fn remove(&mut self, node: NodeId, user: UserId) {
        let Some(key) = self.keys.remove(&(node, user)) else { return };
        if let Some(users) = self.users.get_mut(&key) {
            users.retain(|other| *other != (node, user));
            if users.is_empty() {
                self.users.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::{CloseCode, ServerRole, User, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::{
        connection::Disconnect,
        domain::{AuthenticatedUser, TokenHash},
    };

    fn connection(n: u128, name: &str) -> Arc<Connection> {
        let user = User { id: UserId(Uuid::from_u128(n)), name: name.into(), kind: UserKind::Guest, colour: None };
        Connection::new(AuthenticatedUser { user: Arc::new(user), role: ServerRole::Guest }, TokenHash([0; 32]))
    }

    #[test]
    fn a_name_is_free_when_its_last_connection_has_ended() {
        let (names, ann, tab, other) =
            (NameIndex::default(), connection(1, "Ann"), connection(1, "Ann"), connection(2, "ann"));
        names.add(&ann);
        names.add(&tab);
        assert!(names.is_used("ann", None) && names.is_used("ann", Some(other.user.id)));
        assert!(!names.is_used("ann", Some(ann.user.id)) && !names.is_used("bob", None));
        names.remove(&ann);
        assert!(names.is_used("ann", None), "the other tab");
        names.add(&other);
        assert!(names.is_used("ann", Some(ann.user.id)));
        other.queue.close(Disconnect { code: CloseCode::SessionRevoked, reconnect_after: None });
        assert!(!names.is_used("ann", Some(ann.user.id)), "about to end");
        for gone in [&other, &tab, &tab] {
            names.remove(gone);
        }
        assert!(!names.is_used("ann", None) && names.connections.lock().is_empty());
    }
}
