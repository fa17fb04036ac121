//! The data that the server hands to a page.

use parlor_protocol::{Millis, NotificationLevel, RoomSummary, ServerInfo, User, http::MessagePage};
use serde::{Deserialize, Serialize};

/// What a page shows at first. The server provides it by context before it renders, and it travels to the browser in the
/// page itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageData {
    /// Whose session it is; none on the visitor's page.
    pub user: Option<User>,
    /// My rooms and public ones.
    pub rooms: Vec<RoomSummary>,
    /// There are more public ones.
    #[serde(default)]
    pub has_more_rooms: bool,
    /// The room on the screen; on the visitor's page the lobby.
    pub room: Option<RoomPage>,
    /// The address names no room that one may see.
    pub missing: bool,
    /// A sentence for the name form: why the last try failed.
    pub notice: Option<String>,
    /// What the name form begins with.
    pub name_prefill: String,
    /// How far the reader's clock is east of UTC, in minutes; 0 when it is not known.
    pub tz_minutes: i32,
    pub server: ServerInfo,
    /// Where the server's picture is; none for the default icon.
    #[serde(default)]
    pub picture: Option<String>,
    /// The chat without a person and without a room, as the browser keeps it for when the server does not answer.
    #[serde(default)]
    pub shell: bool,
    /// The optional features of this server.
    #[serde(default)]
    pub offers: Offers,
}

/// The data of the first render. The server provides it by context and embeds it in the document as JSON; the browser
/// reads it from there, so that both render the same HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageBootstrap {
    /// When the server rendered the page.
    pub now: Millis,
    pub page: PageData,
}

/// The id of the document's element that holds the [`PageBootstrap`].
pub const BOOTSTRAP_ID: &str = "bootstrap";

/// A header of every response of the server, by which a page tells it from a proxy.
pub const SERVER_HEADER: &str = "parlor";

/// The id of the element in which the app is rendered. Browser extensions put their own elements into `body`.
pub const ROOT_ID: &str = "root";

impl PageBootstrap {
    /// Reads what the server embedded in the document. An unreadable value gives the visitor's page.
    #[cfg(feature = "browser")]
    pub fn embedded() -> Self {
        let element = leptos::prelude::document().get_element_by_id(BOOTSTRAP_ID);
        let json = element.and_then(|element| element.text_content()).unwrap_or_default();
        crate::json::decode(&json).unwrap_or_else(|| Self { now: crate::clock::now(), page: PageData::default() })
    }
}

/// The name and picture of a server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServerIdentity {
    pub name: String,
    /// The path of its picture; none for the default icon.
    pub picture: Option<String>,
}

#[cfg(feature = "ssr")]
impl ServerIdentity {
    /// A hash, by which the service worker notices that the shell that it keeps shows an old name or picture.
    pub fn version(&self) -> String {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    pub summary: RoomSummary,
    /// Its newest messages, and what happened among them.
    pub page: MessagePage,
}

/// What this server offers of what can be switched off. Given by context on the server; no page shows a way to what is not
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    pub lab: bool,
    /// Coming in by a name alone.
    pub guests: bool,
    /// Making an account without an invitation.
    pub accounts: bool,
}

impl Default for Offers {
    /// All of it, as with no flag.
    fn default() -> Self {
        Self { lab: true, guests: true, accounts: true }
    }
}

/// The addresses of the site's files, such as `/pkg/BUILD/parlor.HASH.js`. Given by context on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteFiles {
    /// The script that loads the wasm.
    pub js: String,
    pub wasm: String,
    /// The script that loads the parts of the wasm that are needed later. None if the wasm is not split.
    pub loader: Option<String>,
    /// The style sheet.
    pub css: String,
    /// Whether the browser is to install the service worker.
    pub worker: bool,
}

impl Default for PageData {
    fn default() -> Self {
        Self {
            user: None,
            rooms: Vec::new(),
            has_more_rooms: false,
            room: None,
            missing: false,
            notice: None,
            name_prefill: String::new(),
            tz_minutes: 0,
            server: ServerInfo {
                name: "Parlor".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                build: String::new(),
            },
            picture: None,
            shell: false,
            offers: Offers::default(),
        }
    }
}

impl PageData {
    /// The server's name and picture.
    #[cfg(feature = "ssr")]
    pub fn identity(&self) -> ServerIdentity {
        ServerIdentity { name: self.server.name.clone(), picture: self.picture.clone() }
    }

    /// The tab's title, as the browser will set it too.
    pub fn title(&self) -> String {
        match (&self.user, &self.room) {
            (Some(_), Some(room)) => {
                let unread = self.rooms.iter().map(counted).sum();
                title(unread, Some(&room.summary.name), &self.server.name)
            }
            _ => self.server.name.clone(),
        }
    }
}

/// What of a room counts for its reader: as much as they want to hear of it.
pub const fn counted(room: &RoomSummary) -> u64 {
    match room.level {
        _ if !room.joined => 0,
        NotificationLevel::All => room.unread,
        NotificationLevel::Mentions => room.mentions,
        NotificationLevel::Nothing => 0,
    }
}

/// `(3) Lobby · Parlor`, with the server's name at the end.
pub fn title(unread: u64, room: Option<&str>, server: &str) -> String {
    let count = if unread > 0 { format!("({unread}) ") } else { String::new() };
    let room = room.map(|name| format!("{name} · ")).unwrap_or_default();
    format!("{count}{room}{server}")
}
