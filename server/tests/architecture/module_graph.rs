//! The module graph of the server: reads the paths of its sources, and checks that modules have no cycles and use only the
//! layers below them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{root, sources};

/// For each top-level module, the modules and external crates that it uses outside of tests, each with a file that does.
type Graph = BTreeMap<String, BTreeMap<String, String>>;

/// Which of these a module must not use, directly or through its own submodules.
const FORBIDDEN: [(&str, &[&str]); 18] = [
    ("domain", &["axum", "sqlx", "tokio", "store", "services", "room", "session", "connection", "http"]),
    ("store", &["axum", "bus", "room", "session", "connection", "services", "http"]),
    ("cache", &["axum", "sqlx", "bus", "room", "session", "connection", "services", "http"]),
    ("cluster", &["axum", "sqlx", "session", "connection", "services", "extract", "http", "transport", "gateway"]),
    ("bus", &["axum", "sqlx", "store", "room", "session", "connection", "services", "http"]),
    ("markdown", &["axum", "sqlx", "store", "room", "session", "services", "http"]),
    ("limits", &["axum", "sqlx", "tokio", "store", "room", "session", "services", "http"]),
    ("connection", &["axum", "sqlx", "store", "room", "session", "services", "http"]),
    ("room", &["axum", "sqlx", "store", "bus", "session", "services", "http", "socket", "transport", "gateway"]),
    ("services", &["axum", "sqlx", "session", "extract", "http", "transport", "gateway"]),
    ("control_events", &["axum", "sqlx", "tokio", "store", "cache", "services", "session", "http"]),
    ("session", &["axum", "sqlx", "store", "cache", "extract", "http", "transport", "gateway", "socket"]),
    ("extract", &["sqlx", "store", "room", "http", "transport", "gateway", "lab", "socket", "router"]),
    ("socket", &["sqlx", "store", "room", "http", "transport", "gateway", "lab", "router"]),
    ("http", &["sqlx", "transport", "gateway", "lab", "router"]),
    ("transport", &["sqlx", "store", "room", "http", "gateway", "lab", "router"]),
    ("gateway", &["sqlx", "store", "cache", "room", "http", "transport", "lab", "router"]),
    ("lab", &["sqlx", "store", "room", "session", "transport", "gateway", "router"]),
];

const EXTERNAL: [&str; 3] = ["axum", "sqlx", "tokio"];

/// Collects the absolute paths in `tokens`, found in `module`. Items under `#[cfg(test)]` are skipped.
fn collect(tokens: TokenStream, module: &[String], found: &mut BTreeSet<Vec<String>>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        if is_cfg_test(&tokens[at..]) {
            at += 2;
            at += item_length(&tokens[at..]);
            continue;
        }
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                // An inline module: `super` has another meaning within it.
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    let inner: Vec<_> = module.iter().cloned().chain([name.to_string()]).collect();
                    collect(body.stream(), &inner, found);
                    at += 3;
                    continue;
                }
            }
            TokenTree::Ident(word) if is_path_start(&tokens, at) => {
                let start = match word.to_string().as_str() {
                    "crate" => Some(Vec::new()),
                    "self" => Some(module.to_vec()),
                    "super" => Some(module.split_last().map_or_else(Vec::new, |(_, parent)| parent.to_vec())),
                    name if EXTERNAL.contains(&name) => {
                        found.insert(vec![format!("extern {name}")]);
                        None
                    }
                    _ => None,
                };
                if let Some(start) = start {
                    at = path(&tokens, at + 1, start, found);
                    continue;
                }
            }
            TokenTree::Group(group) => collect(group.stream(), module, found),
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        at += 1;
    }
}

/// Follows a path after its first segment and inserts it, or each path of a `use` tree. Returns the index after it.
fn path(tokens: &[TokenTree], mut at: usize, mut so_far: Vec<String>, found: &mut BTreeSet<Vec<String>>) -> usize {
    while is_separator(tokens, at) {
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(word)) if word == "super" => drop(so_far.pop()),
            Some(TokenTree::Ident(word)) => so_far.push(word.to_string()),
            Some(TokenTree::Group(tree)) if tree.delimiter() == Delimiter::Brace => {
                let branches: Vec<_> = tree.stream().into_iter().collect();
                for branch in branches.split(|token| matches!(token, TokenTree::Punct(comma) if comma.as_char() == ','))
                {
                    match branch.first() {
                        Some(TokenTree::Ident(word)) if word == "self" => drop(found.insert(so_far.clone())),
                        Some(TokenTree::Ident(word)) => {
                            let inner = so_far.iter().cloned().chain([word.to_string()]).collect();
                            path(branch, 1, inner, found);
                        }
                        _ => {}
                    }
                }
                return at + 3;
            }
            _ => break,
        }
        at += 3;
    }
    found.insert(so_far);
    at
}

/// Whether a path begins here, and is not the continuation of one.
fn is_path_start(tokens: &[TokenTree], at: usize) -> bool {
    let continues = at >= 1 && matches!(&tokens[at - 1], TokenTree::Punct(colon) if colon.as_char() == ':');
    let continues =
        continues && at >= 2 && matches!(&tokens[at - 2], TokenTree::Punct(colon) if colon.as_char() == ':');
    !continues && is_separator(tokens, at + 1)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(colon)) if colon.as_char() == ':');
    is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))
}

fn is_cfg_test(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(hash), TokenTree::Group(attribute), ..]
        if hash.as_char() == '#' && attribute.to_string().replace(' ', "") == "[cfg(test)]")
}

/// The number of tokens of an item, with its other attributes.
fn item_length(tokens: &[TokenTree]) -> usize {
    let is_end = |token: &TokenTree| match token {
        TokenTree::Group(body) => body.delimiter() == Delimiter::Brace,
        TokenTree::Punct(semicolon) => semicolon.as_char() == ';',
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    tokens.iter().position(is_end).map_or(tokens.len(), |last| last + 1)
}

/// The module path of a source file below `src`.
fn module_of(file: &Path) -> Vec<String> {
    let mut module: Vec<_> =
        file.iter().map(|part| part.to_str().unwrap().trim_end_matches(".rs").to_owned()).collect();
    if module.last().is_some_and(|name| name == "mod") {
        module.pop();
    }
    module
}

fn is_test_file(file: &Path) -> bool {
    file.iter().any(|part| {
        let part = part.to_str().unwrap();
        part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs")
    })
}

fn graph() -> Graph {
    let source_folder = root().join("server/src");
    let mut graph = Graph::new();
    for (file, text) in sources("server/src") {
        let file = file.strip_prefix(&source_folder).unwrap();
        let module = module_of(file);
        // The root assembles everything and is used by nothing.
        if is_test_file(file) || module == ["lib"] || module == ["main"] {
            continue;
        }
        let mut found = BTreeSet::new();
        collect(text.parse().unwrap(), &module, &mut found);
        let edges = graph.entry(module[0].clone()).or_default();
        for target in found.into_iter().filter_map(|path| path.into_iter().next()).filter(|target| *target != module[0])
        {
            edges.entry(target.trim_start_matches("extern ").to_owned()).or_insert_with(|| file.display().to_string());
        }
    }
    graph
}

/// A cycle through the modules, if there is one.
fn cycle(graph: &Graph) -> Option<Vec<String>> {
    fn visit(module: &str, graph: &Graph, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|on_path| on_path == module) {
            return Some(path[start..].to_vec());
        }
        if !done.contains(module) {
            path.push(module.to_owned());
            for target in graph.get(module).into_iter().flat_map(BTreeMap::keys) {
                if let Some(cycle) = visit(target, graph, path, done) {
                    return Some(cycle);
                }
            }
            path.pop();
            done.insert(module.to_owned());
        }
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|module| visit(module, graph, &mut Vec::new(), &mut done))
}

fn paths(source: &str, module: &[&str]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let module: Vec<_> = module.iter().map(|&name| name.to_owned()).collect();
    collect(source.parse().unwrap(), &module, &mut found);
    found.into_iter().map(|path| path.join("::")).collect()
}

#[test]
fn paths_are_collected_and_resolved() {
    for (source, expected) in [
        ("use crate::{a::{B, c::D}, e};", &["a::B", "a::c::D", "e"][..]),
        ("use super::{self as up, super::f::G};", &["x", "x::super"][..1]),
        ("fn f() { crate::a::b(); self::c() }", &["a::b", "x::y::c"]),
        ("mod inner { use super::super::k; }", &["x::k"]),
        ("#[cfg(test)] mod tests { use crate::t; } use crate::u;", &["u"]),
        ("select! { _ = crate::m::n() => {} }", &["m::n"]),
        ("use axum::Router; fn f() -> sqlx::Error { x::axum::y }", &["extern axum", "extern sqlx"]),
    ] {
        let found = paths(source, &["x", "y"]);
        assert!(expected.iter().all(|path| found.contains(&(*path).to_owned())), "{source}: {found:?}");
    }
    assert!(!paths("#[cfg(test)] mod tests { use crate::t; }", &["x"]).contains(&"t".to_owned()));
}

#[test]
fn cycles_are_detected() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph.entry((*from).into()).or_default().insert((*to).into(), String::new());
        }
        graph
    };
    assert_eq!(cycle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert_eq!(cycle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])), Some(vec!["b".into(), "c".into()]));
}

#[test]
fn modules_have_no_cycles() {
    let graph = graph();
    assert!(graph.len() > 10, "{graph:?}");
    if let Some(cycle) = cycle(&graph) {
        let edges = cycle.iter().zip(cycle.iter().cycle().skip(1));
        let edges: Vec<_> = edges.map(|(from, to)| format!("{from} -> {to} ({})", graph[from][to])).collect();
        panic!("{}", edges.join(", "));
    }
}

#[test]
fn modules_use_only_the_layers_below_them() {
    let graph = graph();
    let violations = FORBIDDEN.iter().flat_map(|(module, forbidden)| {
        let used = graph.get(*module).into_iter().flatten();
        used.filter(|(target, _)| forbidden.contains(&target.as_str()))
            .map(move |(target, file)| format!("{module} uses {target} in {file}"))
    });
    assert_eq!(violations.collect::<Vec<_>>(), [] as [String; 0]);
}
