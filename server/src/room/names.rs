//! Which names are in use: those of people who are connected.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use parlor_protocol::UserId;

use crate::{accounts::names, connection::Connection};

/// See the module. By the form in which names are compared.
#[derive(Default)]
pub(super) struct Names(Mutex<HashMap<Box<str>, Vec<Arc<Connection>>>>);

impl Names {
    /// One more connection.
    pub(super) fn came(&self, connection: &Arc<Connection>) {
        let key = names::key(&connection.user.name).into();
        self.0.lock().entry(key).or_insert_with(|| Vec::with_capacity(1)).push(connection.clone());
    }

    /// One connection less.
    pub(super) fn went(&self, connection: &Connection) {
        let key = names::key(&connection.user.name);
        let mut names = self.0.lock();
        let Some(connections) = names.get_mut(&*key) else { return };
        connections.retain(|other| other.id != connection.id);
        if connections.is_empty() {
            names.remove(&*key);
        }
    }

    /// Who uses the name with this key.
    pub(super) fn users(&self, key: &str) -> Vec<UserId> {
        let names = self.0.lock();
        names
            .get(key)
            .map(|connections| connections.iter().map(|connection| connection.user.id).collect())
            .unwrap_or_default()
    }

    /// Whether someone other than this person uses the name with this key. A connection that is about to end, say because
    /// its session has, does not count: whoever signs out may come in again by the same name.
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
        connection::Bye,
        domain::{AuthenticatedUser, TokenHash},
    };

    fn connection(n: u128, name: &str) -> Arc<Connection> {
        let user = User { id: UserId(Uuid::from_u128(n)), name: name.into(), kind: UserKind::Guest, colour: None };
        Connection::new(AuthenticatedUser { user: Arc::new(user), role: ServerRole::Guest }, TokenHash([0; 32]))
    }

    #[test]
    fn a_name_is_free_when_the_last_connection_has_gone() {
        let (names, ann, tab, other) =
            (Names::default(), connection(1, "Ann"), connection(1, "Ann"), connection(2, "ann"));
        names.came(&ann);
        names.came(&tab);
        assert!(names.is_used("ann", None) && names.is_used("ann", Some(other.user.id)));
        assert!(!names.is_used("ann", Some(ann.user.id)) && !names.is_used("bob", None));
        names.went(&ann);
        assert!(names.is_used("ann", None), "the other tab");
        names.came(&other);
        assert!(names.is_used("ann", Some(ann.user.id)));
        other.queue.close(Bye { code: CloseCode::SessionRevoked, after: None });
        assert!(!names.is_used("ann", Some(ann.user.id)), "about to go");
        for gone in [&other, &tab, &tab] {
            names.went(gone);
        }
        assert!(!names.is_used("ann", None) && names.0.lock().is_empty());
    }
}
