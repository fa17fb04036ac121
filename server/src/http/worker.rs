//! The service worker, with the files of this build written into it, and the name of the build.

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};
use parlor_app::i18n::{self, Language};
use sha2::{Digest, Sha256};

use super::{AppState, assets, pages};

const TEMPLATE: &str = include_str!("worker.js");

/// In development the files change under the names that a worker keeps. A browser that has a worker from a release is
/// rid of it.
const RETIRED: &str = r#"addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(leave()));

async function leave() {
  const names = (await caches.keys()).filter((name) => name.startsWith("parlor-"));
  await Promise.all([...names.map((name) => caches.delete(name)), registration.unregister()]);
}
"#;

/// The worker fetches from its own server, and does nothing else.
const POLICY: &str = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";

/// Names what this server gives to browsers: its files, the document around them, and the worker.
/// Empty without files.
pub fn build() -> String {
    let files = assets::page_files();
    if files.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    // Only the document contains the texts.
    let texts: Vec<_> = Language::ALL.iter().map(|language| i18n::page_json(*language)).collect();
    for text in [env!("CARGO_PKG_VERSION"), TEMPLATE, &pages::chat::policy("")]
        .into_iter()
        .chain(texts.iter().map(String::as_str))
    {
        hash.update(text);
        hash.update([0]);
    }
    for (path, content) in files {
        hash.update(path);
        hash.update(content);
    }
    assets::hex(&hash.finalize()[..8])
}

/// `/sw.js`: the browser asks for it at each visit, and compares it byte by byte.
pub(super) async fn serve(State(app): State<AppState>) -> Response {
    let text = if assets::site_files().worker {
        script(&app.session_context.build, &assets::page_files())
    } else {
        RETIRED.to_owned()
    };
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, text).into_response()
}

/// The template, filled in. Names of files are made of what needs no escaping.
fn script(build: &str, files: &[(String, [u8; 32])]) -> String {
    let files: Vec<_> = files.iter().map(|(path, _)| format!("{path:?}")).collect();
    TEMPLATE
        .replace("{{build}}", build)
        .replace("{{server-header}}", parlor_app::SERVER_HEADER)
        .replace("\"{{files}}\"", &files.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_filled_in() {
        let text = script("0123", &[("/pkg/parlor.abc.js".into(), [1; 32]), ("/favicon.svg".into(), [2; 32])]);
        assert!(text.contains("const BUILD = \"0123\";"));
        assert!(text.contains("const FILES = [\"/pkg/parlor.abc.js\", \"/favicon.svg\"];"));
        assert!(!text.contains("{{"), "nothing is left open");
    }
}
