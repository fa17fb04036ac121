//! The names of connected users, by the key under which names are compared.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::UserId;

use crate::{connection::Connection, domain::names};

#[derive(Default)]
pub(super) struct NameIndex(Mutex<HashMap<Box<str>, Vec<Arc<Connection>>>>);

impl NameIndex {
    pub(super) fn add(&self, connection: &Arc<Connection>) {
        let key = names::key(&connection.user.name).into();
        self.0.lock().entry(key).or_insert_with(|| Vec::with_capacity(1)).push(connection.clone());
    }

    pub(super) fn remove(&self, connection: &Connection) {
        let key = names::key(&connection.user.name);
        let mut names = self.0.lock();
        let Some(connections) = names.get_mut(&*key) else { return };
        connections.retain(|other| other.id != connection.id);
        if connections.is_empty() {
            names.remove(&*key);
        }
    }

    /// The connected users with a name of this key.
    pub(super) fn users(&self, key: &str) -> Vec<UserId> {
        let names = self.0.lock();
        names
            .get(key)
            .map(|connections| connections.iter().map(|connection| connection.user.id).collect())
            .unwrap_or_default()
    }

    /// Whether a user other than `except` has a name with this key. A connection that is about to end does not count, so that
    /// whoever signs out can join by the same name again.
    pub(super) fn is_used(&self, key: &str, except: Option<UserId>) -> bool {
        let uses = |connection: &Arc<Connection>| Some(connection.user.id) != except && !connection.queue.is_ending();
        self.0.lock().get(key).is_some_and(|connections| connections.iter().any(uses))
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
        assert!(!names.is_used("ann", None) && names.0.lock().is_empty());
    }
}
