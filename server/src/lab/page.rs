//! The page `/lab`, its scripts and its style sheet. They are separate from the files of the chat.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use parlor_app::{
    i18n::I18n,
    lab::{Example, Lab},
};

use super::handshake::SAMPLE_KEY;
use crate::{
    extract::{AppState, PathParams},
    http::{identity, language, site_files},
    websocket::handshake,
};

/// Scripts, styles, connections and frames of this server only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      frame-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The files of the page: name, content and media type.
const FILES: [(&str, &str, &str); 10] = [
    ("lab.css", include_str!("../../../style/lab.css"), "text/css; charset=utf-8"),
    ("lab.js", include_str!("browser/lab.js"), SCRIPT),
    ("page.js", include_str!("browser/page.js"), SCRIPT),
    ("socket.js", include_str!("browser/socket.js"), SCRIPT),
    ("chart.js", include_str!("browser/chart.js"), SCRIPT),
    ("clocks.js", include_str!("browser/clocks.js"), SCRIPT),
    ("diagnosis.js", include_str!("browser/diagnosis.js"), SCRIPT),
    ("echo.js", include_str!("browser/echo.js"), SCRIPT),
    ("handshake.js", include_str!("browser/handshake.js"), SCRIPT),
    ("inspector.js", include_str!("browser/inspector.js"), SCRIPT),
];

/// `GET /lab`.
pub(super) async fn show(State(app): State<AppState>, headers: HeaderMap) -> Response {
    let language = language::of(&headers);
    let handshake::Steps { key, joined, sha1, accept, .. } = handshake::steps(SAMPLE_KEY);
    let example = Example { key, joined, sha1, accept };
    let html = Lab { i18n: I18n::new(language), css: site_files().css, server: identity(&app), example }.page();
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    (headers, AppendHeaders(language::headers(language)), html).into_response()
}

/// `GET /lab/{file}`: revalidated at each visit, because the name has no content hash.
pub(super) async fn file(PathParams(name): PathParams<String>) -> Response {
    let Some((_, content, kind)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return (StatusCode::NOT_FOUND, "Not found.\n").into_response();
    };
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")], *content).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use parlor_app::{
        ServerIdentity,
        i18n::{LabKey, Language},
    };

    use super::*;

    /// All parts of a script between `begin` and `end`.
    fn all_between<'a>(text: &'a str, begin: &'a str, end: char) -> impl Iterator<Item = &'a str> {
        text.split(begin).skip(1).filter_map(move |rest| rest.split(end).next())
    }

    /// The keys that a script passes to `function` as its argument at `position`.
    fn keys_passed_to<'a>(script: &'a str, function: &'a str, position: usize) -> impl Iterator<Item = &'a str> {
        script.match_indices(function).filter_map(move |(at, _)| {
            let whole_name = !script[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let argument = script[at + function.len()..].strip_prefix('(')?.split(", ").nth(position)?;
            whole_name.then(|| argument.strip_prefix('"')?.split('"').next()).flatten()
        })
    }

    #[test]
    fn keys_of_scripts_exist() {
        let known: BTreeSet<_> = LabKey::ALL.iter().map(|key| format!("{key:?}")).collect();
        for (function, position, least) in
            [("t", 0, 40), ("log", 0, 8), ("stop", 0, 2), ("trying", 0, 1), ("show", 1, 4)]
        {
            let mut found = 0;
            for (name, script, _) in FILES {
                for key in keys_passed_to(script, function, position) {
                    assert!(known.contains(key), "{name}: {function}({key:?})");
                    found += 1;
                }
            }
            assert!(found >= least, "{function}: {found}");
        }
    }

    #[test]
    fn all_imported_scripts_exist_and_all_are_imported() {
        let names: BTreeSet<_> = FILES.iter().map(|(name, ..)| *name).filter(|name| name.ends_with(".js")).collect();
        let imported: BTreeSet<_> =
            FILES.iter().flat_map(|(_, script, _)| all_between(script, "from \"./", '"')).collect();
        assert_eq!(imported.into_iter().chain(["lab.js"]).collect::<BTreeSet<_>>(), names);
    }

    #[test]
    fn all_elements_that_scripts_look_up_exist() {
        let i18n = I18n::new(Language::English);
        let steps = handshake::steps(SAMPLE_KEY);
        let example = Example { key: steps.key, joined: steps.joined, sha1: steps.sha1, accept: steps.accept };
        let server = ServerIdentity { name: "Parlor".into(), picture: None };
        let html = Lab { i18n, css: String::new(), server, example }.page();
        for (name, script, _) in FILES {
            for id in all_between(script, "byId(\"", '"') {
                assert!(html.contains(&format!("id=\"{id}\"")), "{name} looks for {id}");
            }
        }
    }
}
