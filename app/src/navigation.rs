//! Addresses of the app's pages, and ways to open them without reloading the page.

use leptos::prelude::*;
use leptos_router::{
    NavigateOptions,
    hooks::{use_location, use_navigate, use_query_map},
};
use parlor_protocol::RoomId;

/// The room on the screen. It stays while another page covers the chat.
#[derive(Clone, Copy)]
pub struct CurrentRoomId(pub Signal<Option<RoomId>>);

impl CurrentRoomId {
    /// Follows the address.
    pub fn from_location() -> Self {
        let path = use_location().pathname;
        let room = Memo::new(move |last: Option<&Option<RoomId>>| {
            path.with(|path| room_in(path)).or_else(|| last.cloned().flatten())
        });
        Self(room.into())
    }
}

fn room_in(path: &str) -> Option<RoomId> {
    let room = path.strip_prefix("/r/").filter(|room| !room.is_empty() && !room.contains('/'))?;
    Some(RoomId::from(room))
}

/// The path of a room's page.
pub fn room_path(room: &RoomId) -> String {
    format!("/r/{room}")
}

/// Whether the server renders this page as a document of its own, which the app shows over the chat.
pub fn is_server_page(path: &str) -> bool {
    matches!(path, "/account" | "/people" | "/audit" | "/sign-in" | "/sign-up")
        || path.starts_with("/people/")
        || path.starts_with("/rooms/")
}

/// Whether this is the address of a page that begins another session.
pub fn is_auth_page(address: &str) -> bool {
    let path = address.split('?').next().unwrap_or_default();
    matches!(path, "/sign-in" | "/sign-up") || path.starts_with("/reset/")
}

/// Opens a room. The connection, drafts and loaded messages stay.
pub fn use_open_room() -> Callback<RoomId> {
    let navigate = use_navigate();
    Callback::new(move |room: RoomId| {
        // The message list scrolls by itself, the window does not.
        navigate(&room_path(&room), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    })
}

/// Where a visitor wants to go after signing in. The server has checked it.
pub fn next_param() -> String {
    use_query_map().read_untracked().get("next").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_room_or_none() {
        let room = |path: &str| room_in(path).map(|room| room.to_string());
        assert_eq!(room("/r/lobby"), Some("lobby".into()));
        for other in ["/", "", "/r/", "/r", "/r/a/b", "/shell"] {
            assert_eq!(room(other), None, "{other}");
        }
    }

    #[test]
    fn pages_of_the_server_are_known_by_their_paths() {
        for path in ["/account", "/people", "/people/bans", "/rooms/lobby/settings", "/audit", "/sign-in"] {
            assert!(is_server_page(path), "{path}");
        }
        for path in ["/", "/r/lobby", "/reset/x", "/accounts", "/lab"] {
            assert!(!is_server_page(path), "{path}");
        }
    }

    #[test]
    fn auth_pages_are_known_by_their_addresses() {
        for address in ["/sign-in", "/sign-in?next=/account", "/sign-up", "/reset/0af3"] {
            assert!(is_auth_page(address), "{address}");
        }
        for address in ["/", "/r/lobby", "/account?next=/sign-in", "/invite/0af3"] {
            assert!(!is_auth_page(address), "{address}");
        }
    }
}
