//! The web app manifest (<https://www.w3.org/TR/appmanifest/>): with it a browser can install Parlor under the server's name
//! and picture.

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use parlor_app::i18n::{I18n, Key};
use serde_json::{Value, json};

use super::{AppState, language};
use crate::{picture::ICON_SIDES, services::picture_path};

const BACKGROUND: &str = "#fbf8f2";

/// `GET /manifest.webmanifest`
pub(super) async fn serve(State(app): State<AppState>, headers: HeaderMap) -> Response {
    let language = language::of(&headers);
    let name = app.services.server_name();
    let manifest = json!({
        "id": "/",
        "name": name,
        "short_name": name,
        "description": I18n::new(language).t(Key::Tagline),
        "lang": language.tag(),
        "dir": language.dir(),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": BACKGROUND,
        "background_color": BACKGROUND,
        "icons": icons(app.services.store.settings().picture.as_deref()),
    });
    let kind = [(header::CONTENT_TYPE, "application/manifest+json"), (header::CACHE_CONTROL, "no-cache")];
    (kind, AppendHeaders(language::headers(language)), manifest.to_string()).into_response()
}

fn icons(picture: Option<&str>) -> Vec<Value> {
    let icon = |src: &str, sizes: &str, kind: &str, purpose: &str| json!({ "src": src, "sizes": sizes, "type": kind, "purpose": purpose });
    match picture {
        Some(id) => {
            ICON_SIDES.map(|side| icon(&picture_path(id, side), &format!("{side}x{side}"), "image/png", "any")).to_vec()
        }
        None => vec![
            icon("/favicon.svg", "any", "image/svg+xml", "any"),
            icon("/icons/icon-192.png", "192x192", "image/png", "any"),
            icon("/icons/icon-512.png", "512x512", "image/png", "any"),
            icon("/icons/maskable-512.png", "512x512", "image/png", "maskable"),
        ],
    }
}
