//! Which names are in use: those of people who are connected.

use std::collections::HashMap;

use parking_lot::Mutex;
use parlor_protocol::{User, UserId};

use crate::accounts::names;

/// See the module. By the form in which names are compared; a person stands there once for each connection.
#[derive(Default)]
pub(super) struct Names(Mutex<HashMap<Box<str>, Vec<UserId>>>);

impl Names {
    /// One more connection.
    pub(super) fn came(&self, user: &User) {
        self.0.lock().entry(names::key(&user.name).into()).or_default().push(user.id);
    }

    /// One connection less.
    pub(super) fn went(&self, user: &User) {
        let mut names = self.0.lock();
        let key = names::key(&user.name);
        let Some(people) = names.get_mut(&*key) else { return };
        if let Some(at) = people.iter().position(|other| *other == user.id) {
            people.swap_remove(at);
        }
        if people.is_empty() {
            names.remove(&*key);
        }
    }

    /// Whether someone other than this person uses the name with this key.
    pub(super) fn is_used(&self, key: &str, except: Option<UserId>) -> bool {
        self.0.lock().get(key).is_some_and(|people| people.iter().any(|user| Some(*user) != except))
    }
}

#[cfg(test)]
mod tests {
    use parlor_protocol::UserKind;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_name_is_free_when_the_last_connection_has_gone() {
        let user =
            |n: u128, name: &str| User { id: UserId(Uuid::from_u128(n)), name: name.into(), kind: UserKind::Guest };
        let (names, ann, other) = (Names::default(), user(1, "Ann"), user(2, "ann"));
        names.came(&ann);
        names.came(&ann);
        assert!(names.is_used("ann", None) && names.is_used("ann", Some(other.id)));
        assert!(!names.is_used("ann", Some(ann.id)) && !names.is_used("bob", None));
        names.went(&ann);
        assert!(names.is_used("ann", None), "the other tab");
        names.came(&other);
        assert!(names.is_used("ann", Some(ann.id)));
        names.went(&other);
        names.went(&ann);
        names.went(&ann);
        assert!(!names.is_used("ann", None) && names.0.lock().is_empty());
    }
}
