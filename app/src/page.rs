//! What the server hands to a page, and the HTML document around it.

use std::{fmt, str::FromStr};

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
    /// The server.
    pub server: ServerInfo,
    /// The chat without a person and without a room, as the browser keeps it for when the server does not answer.
    #[serde(default)]
    pub shell: bool,
    /// The optional features of this server.
    #[serde(default)]
    pub offers: Offers,
}

/// What travels to the browser, so that both sides make the same HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageBootstrap {
    /// The moment of the first render.
    pub now: Millis,
    /// What the page shows.
    #[serde(flatten)]
    pub page: PageData,
}

impl fmt::Display for PageBootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde_json::to_string(self).map_or(Err(fmt::Error), |text| f.write_str(&text))
    }
}

impl FromStr for PageBootstrap {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

/// A room with its newest page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomPage {
    /// The room.
    pub summary: RoomSummary,
    /// Its newest messages, and what happened among them.
    pub page: MessagePage,
}

/// What this server offers of what can be switched off. Given by context on the server; no page shows a way to what is not
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offers {
    /// The lab.
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

/// The addresses of the site's files, such as `/pkg/parlor.HASH.js`. Given by context on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SiteFiles {
    /// The script that loads the wasm.
    pub js: String,
    /// The wasm.
    pub wasm: String,
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
            room: None,
            missing: false,
            notice: None,
            name_prefill: String::new(),
            tz_minutes: 0,
            server: ServerInfo {
                name: "parlor".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                build: String::new(),
            },
            shell: false,
            offers: Offers::default(),
        }
    }
}

impl PageData {
    /// The tab's title, as the browser will set it too.
    #[must_use]
    pub fn title(&self) -> String {
        match (&self.user, &self.room) {
            (Some(_), Some(room)) => {
                let unread = self.rooms.iter().map(counted).sum();
                title(unread, Some(&room.summary.name))
            }
            (Some(_), None) => title(0, None),
            (None, _) => "Parlor".into(),
        }
    }
}

/// What of a room counts for its reader: as much as they want to hear of it.
#[must_use]
pub const fn counted(room: &RoomSummary) -> u64 {
    match room.level {
        _ if !room.joined => 0,
        NotificationLevel::All => room.unread,
        NotificationLevel::Mentions => room.mentions,
        NotificationLevel::Nothing => 0,
    }
}

/// `(3) Lobby · Parlor`
#[must_use]
pub fn title(unread: u64, room: Option<&str>) -> String {
    let count = if unread > 0 { format!("({unread}) ") } else { String::new() };
    let room = room.map(|name| format!("{name} · ")).unwrap_or_default();
    format!("{count}{room}Parlor")
}

#[cfg(feature = "ssr")]
pub(crate) use document::head;
#[cfg(feature = "ssr")]
pub use document::shell;

#[cfg(feature = "ssr")]
mod document {
    use leptos::{config::LeptosOptions, hydration::AutoReload, nonce::use_nonce, prelude::*};

    use super::{PageData, SiteFiles};
    use crate::{
        App,
        i18n::{self, I18n, Language},
        text::escape,
    };

    /// The whole HTML document.
    ///
    /// Its own loader instead of leptos': the names of the site's files come by [`SiteFiles`], not from a file beside the
    /// binary. No inline style and no inline handler, so that the strictest content policy holds.
    pub fn shell(options: LeptosOptions) -> impl IntoView {
        let files = use_context::<SiteFiles>().unwrap_or_default();
        let page = use_context::<PageData>().unwrap_or_default();
        let language = I18n::current().language();
        let boot = boot(&files, &page, language);
        let texts = i18n::page_json(language);
        let more = view! {
            <link rel="modulepreload" href=files.js nonce=use_nonce() />
            // As the script fetches it, so that the browser takes it for the same request.
            <link rel="preload" href=files.wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
            <script type="module" nonce=use_nonce()>
                {boot}
            </script>
            <script type="application/json" id=i18n::ELEMENT_ID nonce=use_nonce() inner_html=texts></script>
            <AutoReload options />
        };
        view! {
            <!DOCTYPE html>
            <html lang=language.tag() dir=language.dir()>
                {head(&page.title(), files.css, more)}
                <body>
                    <App />
                </body>
            </html>
        }
    }

    /// The head of every document: how it looks, its title, and what else it needs.
    pub(crate) fn head<V: IntoView>(title: &str, css: String, more: V) -> impl IntoView + use<V> {
        // As HTML: a child would bring a marker for hydration, which a title shows as text.
        let title = escape(title);
        view! {
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content"
                />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" media="(prefers-color-scheme: light)" content="#fbf8f2" />
                <meta name="theme-color" media="(prefers-color-scheme: dark)" content="#1c1a17" />
                <title inner_html=title></title>
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
                <link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials" />
                <link rel="stylesheet" href=css />
                {more}
            </head>
        }
    }

    /// The one script of the document.
    fn boot(files: &SiteFiles, page: &PageData, language: Language) -> String {
        let mut boot = String::new();
        if page.shell {
            // Wherever it is shown, it is the chat. The server leads from the front page to the lobby, and so does this.
            boot.push_str("if(!location.pathname.startsWith('/r/'))history.replaceState(null,'','/r/lobby');");
        }
        // The wasm is under way already: the head names it, and this runs when the whole document has been read.
        boot.push_str(&format!(
            "const wasm=fetch({:?});const {{default:init,hydrate}}=await import({:?});\
             await init({{module_or_path:wasm}});hydrate();",
            files.wasm, files.js
        ));
        if files.worker {
            // The worker hears which build this page is of, and what of older ones can go; and its language, for the page
            // that it keeps. Browsers without workers, and pages that came without TLS, do without.
            boot.push_str(&format!(
                "const worker=navigator.serviceWorker;if(worker){{\
                 const tell=()=>worker.controller?.postMessage([{:?},{:?}]);\
                 worker.addEventListener('controllerchange',tell);tell();\
                 (self.requestIdleCallback??setTimeout)(()=>\
                 worker.register('/sw.js',{{updateViaCache:'none'}}).catch(()=>{{}}));}}",
                page.server.build,
                language.tag()
            ));
        }
        boot
    }
}
