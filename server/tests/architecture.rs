//! Checks the invariants of ARCHITECTURE.md in sources and dependencies.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

mod module_graph;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All dependencies of a package for a target and features, without dev-dependencies.
fn dependencies(package: &str, more: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(root())
        .args([
            "tree",
            "--offline",
            "--edges",
            "normal,no-proc-macro",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "-p",
            package,
        ])
        .args(more)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder}");
    found
}

/// Files in the folder that contain a word outside of comments.
fn naming(folder: &str, word: &str) -> Vec<PathBuf> {
    let names = |text: &str| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
    sources(folder).into_iter().filter(|(_, text)| names(text)).map(|(path, _)| path).collect()
}

#[test]
fn protocol_depends_on_neither_browser_nor_server() {
    let found = dependencies("parlor-protocol", &[]);
    for crate_name in ["leptos", "axum", "tokio", "sqlx", "web-sys", "hyper"] {
        assert!(!found.contains(crate_name), "{crate_name}");
    }
}

#[test]
fn browser_build_has_no_heavy_dependencies() {
    let found = dependencies("parlor-frontend", &["--features", "hydrate", "--target", "wasm32-unknown-unknown"]);
    assert!(found.contains("leptos"));
    // leptos's configuration crate depends on regex, which is unused and not in the wasm, as the size limit ensures.
    // idb uses a channel of tokio; the heavy runtime would need mio.
    for crate_name in ["chrono", "jiff", "pulldown-cmark", "ammonia", "syntect", "mio", "axum"] {
        assert!(!found.contains(crate_name), "{crate_name}");
    }
}

#[test]
fn rooms_never_await() {
    for word in ["async fn", ".await", "std::fs", "tokio::"] {
        assert_eq!(naming("server/src/room", word), [] as [PathBuf; 0], "{word}");
    }
}

#[test]
fn only_the_client_transport_opens_sockets() {
    let transport = root().join("app/src/live/transport");
    let (inside, elsewhere): (Vec<_>, Vec<_>) =
        naming("app/src", "gloo_net::websocket").into_iter().partition(|path| path.starts_with(&transport));
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert_eq!(inside.len(), 1, "{inside:?}");
}

/// The string literals of a source with the code before each, without comments and tests.
fn literals(text: &str) -> Vec<(&str, &str)> {
    let text = text.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    let (mut at, bytes) = (0, text.as_bytes());
    while at < bytes.len() {
        if text[at..].starts_with("//") {
            at += text[at..].find('\n').unwrap_or(text.len() - at);
        } else if text[at..].starts_with("'\"'") {
            at += 3;
        } else if bytes[at] == b'"' {
            let mut end = at + 1;
            while bytes[end] != b'"' {
                end += if bytes[end] == b'\\' { 2 } else { 1 };
            }
            found.push((text[..at].trim_end(), &text[at + 1..end]));
            at = end + 1;
        } else {
            at += text[at..].chars().next().unwrap().len_utf8();
        }
    }
    found
}

/// Whether a literal is visible text: between tags, in a spoken attribute, or words in HTML.
fn is_shown(before: &str, literal: &str) -> bool {
    // Values of placeholders come from elsewhere.
    let outside = |part: &str| part.split_once('}').map_or(part, |(_, after)| after).chars().any(char::is_alphabetic);
    let words = |text: &str| text.split('{').any(outside);
    let between_tags = before.ends_with('>') && !before.ends_with("=>") && !before.ends_with("->");
    let read_out = ["aria-label=", "title=", "placeholder=", "alt="].iter().any(|name| before.ends_with(name));
    // Text between tags, even if the tags are not in the literal.
    let in_html = literal.split('>').skip(1).any(|text| text.split_once('<').is_some_and(|(text, _)| words(text)));
    ((between_tags || read_out) && words(literal)) || in_html
}

#[test]
fn user_interface_texts_are_only_in_i18n() {
    for (before, literal, shown) in [
        ("<h2>", "Rooms", true),
        ("aria-label=", "New room", true),
        ("html +=", "<b>Retry</b>", true),
        ("html +=", "</b> left</b>", true),
        ("html +=", "<b>{n} left</b>", true),
        ("html +=", "<b>{word}</b>", false),
        ("class=", "button icon-only", false),
        ("Some(_) =>", "text", false),
        ("<span>", "#", false),
        ("html +=", "<b class=\\\"a b\\\">{}</b>", false),
    ] {
        assert_eq!(is_shown(before, literal), shown, "{before}{literal}");
    }
    for (path, text) in ["app/src/components", "app/src/pages"].into_iter().flat_map(sources) {
        for (before, literal) in literals(&text) {
            // Names that are the same in every language.
            assert!(literal == "Parlor" || !is_shown(before, literal), "{}: {literal:?}", path.display());
        }
    }
}
