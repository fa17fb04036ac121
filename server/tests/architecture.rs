//! The invariants of ARCHITECTURE.md that a look at the sources can hold.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// All crates that a package needs, for a target and with features, without those of its tests.
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

/// Files in the folder that name a word outside of comments.
fn naming(folder: &str, word: &str) -> Vec<PathBuf> {
    let names = |text: &str| text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
    sources(folder).into_iter().filter(|(_, text)| names(text)).map(|(path, _)| path).collect()
}

#[test]
fn the_protocol_knows_neither_browser_nor_server() {
    let found = dependencies("parlor-protocol", &[]);
    for crate_name in ["leptos", "axum", "tokio", "sqlx", "web-sys", "hyper"] {
        assert!(!found.contains(crate_name), "{crate_name}");
    }
}

#[test]
fn the_browser_build_is_free_of_what_is_heavy() {
    let found = dependencies("parlor-frontend", &["--features", "hydrate", "--target", "wasm32-unknown-unknown"]);
    assert!(found.contains("leptos"));
    // leptos' own configuration crate names regex; unused, it is not in the wasm. The size budget sees to that.
    // idb takes its channel from tokio; the runtime, which is the heavy part, needs mio.
    for crate_name in ["chrono", "jiff", "pulldown-cmark", "ammonia", "syntect", "mio", "axum"] {
        assert!(!found.contains(crate_name), "{crate_name}");
    }
}

#[test]
fn sql_is_in_the_store_alone() {
    let store = root().join("server/src/store");
    let elsewhere: Vec<_> = naming("server/src", "sqlx").into_iter().filter(|path| !path.starts_with(&store)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    assert!(!naming("server/src/store", "sqlx").is_empty());
}

#[test]
fn sessions_and_rooms_know_no_transport() {
    for folder in ["server/src/session", "server/src/room", "server/src/store", "server/src/bus"] {
        assert_eq!(naming(folder, "axum"), [] as [PathBuf; 0]);
    }
}

#[test]
fn rooms_do_no_io() {
    for word in ["async fn", ".await", "std::fs", "tokio::"] {
        assert_eq!(naming("server/src/room", word), [] as [PathBuf; 0], "{word}");
    }
}

#[test]
fn only_the_transport_touches_a_socket_in_the_client() {
    let transport = root().join("app/src/live/transport");
    let elsewhere: Vec<_> =
        naming("app/src", "gloo_net::websocket").into_iter().filter(|path| !path.starts_with(&transport)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
