//! Which room the page's address names, and the way to another one without loading the page anew.
//!
//! There is one page with rooms and one without; between those two the browser loads the page. That is too little to need
//! a router.

use leptos::{ev::MouseEvent, prelude::*};
use parlor_protocol::RoomId;

use crate::{browser, reactive::Look as _};

/// The page's address: path and query. The server provides it by context; a browser has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address(pub String);

impl Address {
    /// The room that it names.
    #[must_use]
    pub fn room(&self) -> Option<RoomId> {
        let path = self.0.split(['?', '#']).next().unwrap_or_default();
        let room = path.strip_prefix("/r/").filter(|room| !room.is_empty() && !room.contains('/'))?;
        Some(RoomId::from(browser::decode(room)))
    }

    /// Where a visitor wants to go after coming in, as the query says.
    #[must_use]
    pub fn next(&self) -> String {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        let next = query.split('&').find_map(|pair| pair.strip_prefix("next="));
        browser::decode(next.unwrap_or_default())
    }
}

/// Where the reader is. A handle: copies are the same.
#[derive(Clone, Copy)]
pub struct Route {
    room: RwSignal<Option<RoomId>>,
}

impl Route {
    /// Begins at an address, and in a browser follows its buttons for back and forth.
    #[must_use]
    pub fn new(address: &Address) -> Self {
        let room = RwSignal::new(address.room());
        crate::reactive::effect(move || {
            browser::on_moved(move || match Address(browser::address()).room() {
                Some(moved) => room.set(Some(moved)),
                None => browser::reload(),
            });
        });
        Self { room }
    }

    /// The room on the screen; none on the page without rooms.
    #[must_use]
    pub fn room(&self) -> Signal<Option<RoomId>> {
        self.room.into()
    }

    /// Goes to a room.
    pub fn go(&self, room: &RoomId) {
        if self.room.peek(|here| here.as_ref() != Some(room)) {
            browser::move_to(&format!("/r/{}", browser::encode(room.as_str())));
            self.room.set(Some(room.clone()));
        }
    }

    /// Follows a link to a room, unless it is to be opened in another tab.
    pub fn follow(&self, event: &MouseEvent, room: &RoomId) {
        if event.button() == 0 && !(event.meta_key() || event.ctrl_key() || event.shift_key() || event.alt_key()) {
            event.prevent_default();
            self.go(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_room_or_none() {
        let room = |address: &str| Address(address.into()).room().map(|room| room.to_string());
        assert_eq!(room("/r/lobby"), Some("lobby".into()));
        assert_eq!(room("/r/lobby?x=1#y"), Some("lobby".into()));
        for other in ["/", "", "/r/", "/r", "/r/a/b", "/shell"] {
            assert_eq!(room(other), None, "{other}");
        }
    }
}
