//! Malformed parameters and bodies: each endpoint of the API answers them with its own error, and each page with a page.

use parlor_protocol::{error_code, http::ErrorResponse};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, browser::Browser, http_client, people::Answer};

/// What is sent in places where it is wrong. No answer may repeat it: it could be a password.
const SECRET: &str = "hunter2-hunter2";

/// Routes that accept a query, which other routes ignore.
const WITH_QUERY: [(&str, &str); 6] = [
    ("GET", "/api/rooms"),
    ("GET", "/api/rooms/{room}/messages"),
    ("GET", "/api/rooms/{room}/events"),
    ("GET", "/api/people"),
    ("GET", "/api/audit"),
    ("DELETE", "/api/people/{user}/mute"),
];

/// Routes other than GET and DELETE whose body is no JSON object.
const WITHOUT_JSON: [(&str, &str); 2] = [("POST", "/api/people/{user}/reset"), ("PUT", "/api/settings/picture")];

/// All routes of a source file that begin with a prefix, by method. Read from the source, so that none is left out.
fn routes(source: &str, prefix: &str) -> Vec<(Method, String)> {
    let mut found = Vec::new();
    for route in source.split(".route(\"").skip(1) {
        let (path, handlers) = route.split_once('"').unwrap();
        let handlers = handlers.split(".route(").next().unwrap();
        for (name, method) in [
            ("get(", Method::GET),
            ("post(", Method::POST),
            ("put(", Method::PUT),
            ("patch(", Method::PATCH),
            ("delete(", Method::DELETE),
        ] {
            if path.starts_with(prefix) && !path.contains('*') && handlers.contains(name) {
                found.push((method, path.to_owned()));
            }
        }
    }
    found
}

fn api_routes() -> Vec<(Method, String)> {
    let found = routes(include_str!("../src/http/mod.rs"), "/api/");
    assert!(found.len() > 35, "{found:?}");
    for (method, path) in WITH_QUERY.iter().chain(&WITHOUT_JSON) {
        assert!(found.iter().any(|(known, route)| known == method && route == path), "{method} {path}");
    }
    found
}

fn is_listed(list: &[(&str, &str)], method: &Method, path: &str) -> bool {
    list.iter().any(|(known, route)| *known == method.as_str() && *route == path)
}

/// Checks the form of an error, and returns its status and code.
fn error(answer: &Answer, what: &str) -> (u16, String) {
    assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
    assert_eq!(
        answer.headers.get("content-type").map(|kind| kind.to_str().unwrap()),
        Some("application/json"),
        "{what}"
    );
    let ErrorResponse { error } = answer.of();
    assert!(error.message.starts_with(char::is_uppercase) && error.message.ends_with('.'), "{what}: {answer:?}");
    assert!(!answer.text.contains(SECRET), "{what}: {answer:?}");
    (answer.status, error.code)
}

/// The path with a value in place of each parameter.
fn with_params(path: &str, value: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { value } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn malformed_path_parameters_name_nothing() {
    let server = Server::start().await;
    let owner = server.owner("owner").await;
    let mut tried = 0;
    for (method, path) in api_routes().into_iter().filter(|(_, path)| path.contains('{')) {
        for value in ["%FF", "not-an-id", "%00", "..%2F"] {
            let path = with_params(&path, value);
            let body = if method == Method::GET { Value::Null } else { json!({}) };
            let answer = server.ask(method.clone(), &path, &owner.token, body).await;
            let (status, code) = error(&answer, &format!("{method} {path}"));
            // A room's id may be any text, so the body is what is wrong first.
            let expected = [(404, error_code::NOT_FOUND.to_owned()), (400, error_code::BAD_REQUEST.to_owned())];
            assert!(expected[..=usize::from(value != "%FF")].contains(&(status, code)), "{method} {path}: {answer:?}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
    server.stop().await;
}

#[tokio::test]
async fn malformed_queries_are_refused_by_name() {
    let server = Server::start().await;
    let owner = server.owner("owner").await;
    for (method, path) in WITH_QUERY {
        let path = path.replace("{room}", "lobby").replace("{user}", &owner.user.id.to_string());
        let twice = if method == "GET" { "limit=1&limit=2" } else { "room=a&room=b" };
        let name = if method == "GET" { "limit" } else { "room" };
        let mut queries = vec![twice.to_owned()];
        if method == "GET" {
            queries.extend(["x", "-1", "1.5", "99999999999", "%FF", "%"].map(|value| format!("limit={value}")));
        }
        for query in queries {
            let method = method.parse().unwrap();
            let answer = server.ask(method, &format!("{path}?{query}"), &owner.token, Value::Null).await;
            assert_eq!(error(&answer, &query), (400, error_code::BAD_REQUEST.into()), "{path}?{query}");
            assert!(answer.text.contains(name), "{path}?{query}: {answer:?}");
        }
    }
    let answer = server.ask(Method::GET, "/api/rooms?limit=x", &owner.token, Value::Null).await;
    let message =
        "The query of this address is not valid: limit: invalid digit found in string. Correct it or leave it out.";
    assert_eq!(answer.of::<ErrorResponse>().error.message, message);
    server.stop().await;
}

#[tokio::test]
async fn malformed_bodies_are_refused_by_field() {
    const JSON: &str = "application/json";
    let server = Server::start().await;
    let owner = server.owner("owner").await;
    let user = owner.user.id.to_string();
    let bodies = [
        (JSON, "{".into(), 400),
        (JSON, "[]".into(), 400),
        (JSON, "null".into(), 400),
        (JSON, format!("\"{SECRET}\""), 400),
        (JSON, format!("{{\"name\":\"{SECRET}\""), 400),
        (JSON, "{\"name\":\"\\ud800\"}".into(), 400),
        (JSON, format!("{{\"name\":\"{}\"}}", "x".repeat(100_000)), 413),
        ("text/plain", "{}".into(), 400),
        ("application/x-www-form-urlencoded", "name=x".into(), 400),
    ];
    let mut tried = 0;
    for (method, path) in api_routes() {
        let takes_json = method != Method::GET && (method != Method::DELETE || path == "/api/me");
        if !takes_json || is_listed(&WITHOUT_JSON, &method, &path) {
            continue;
        }
        let path = path.replace("{room}", "lobby").replace("{user}", &user);
        for (kind, body, status) in &bodies {
            // A guest's name needs no content type: other sites cannot read the answer, which is the session.
            if path == "/api/session" && *kind != JSON && body == "{}" {
                continue;
            }
            let request = http_client().request(method.clone(), server.url(&path)).bearer_auth(&owner.token);
            let answer = request.header("content-type", *kind).body(body.clone()).send().await.unwrap();
            let (code, headers) = (answer.status().as_u16(), answer.headers().clone());
            let answer = Answer { status: code, headers, text: answer.text().await.unwrap() };
            let expected = if *status == 413 { error_code::TOO_LARGE } else { error_code::BAD_REQUEST };
            assert_eq!(error(&answer, &path), (*status, expected.to_owned()), "{method} {path} {kind} {answer:?}");
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    for (path, body, message) in [
        ("/api/sign-in", json!({ "name": "owner" }), "missing field `password`"),
        (
            "/api/sign-in",
            json!({ "name": "owner", "password": [SECRET] }),
            "the field `password` has the wrong type or value",
        ),
        ("/api/direct", json!({ "users": [user, SECRET] }), "the field `users[1]` has the wrong type or value"),
        ("/api/session", json!({ "name": [SECRET] }), "the field `name` has the wrong type or value"),
    ] {
        let answer = server.post(path, &owner.token, body).await;
        assert_eq!(error(&answer, path), (400, error_code::BAD_REQUEST.into()));
        let expected = format!("The request body is not valid: {message}. Correct it and send it again.");
        assert_eq!(answer.of::<ErrorResponse>().error.message, expected, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn malformed_parameters_of_pages_show_a_page() {
    let server = Server::start().await;
    let owner = server.owner("owner").await;
    let mut browser = Browser::with(&server, &owner);
    let pages = routes(include_str!("../src/http/pages/mod.rs"), "/");
    for (method, path) in pages.into_iter().filter(|(_, path)| path.contains('{')) {
        let path = with_params(&path, "%FF");
        let shown =
            if method == Method::GET { browser.open(&path).await } else { browser.post(&path, &[("name", "x")]).await };
        assert_eq!(shown.status, 404, "{method} {path}: {}", shown.html);
        assert!(shown.html.starts_with("<!DOCTYPE html>"), "{method} {path}: {}", shown.html);
    }
    for address in ["/people?limit=x", "/audit?before=x", "/rooms/lobby/settings?from=x", "/account?done=a&done=b"] {
        let shown = browser.open(address).await;
        assert_eq!(shown.status, 400, "{address}");
    }
    for path in ["/enter", "/language"] {
        let request = http_client().post(server.url(path)).header("content-type", "text/plain").body("name=x&lang=en");
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let answer = Answer { status, headers, text: answer.text().await.unwrap() };
        assert_eq!(error(&answer, path), (400, error_code::BAD_REQUEST.into()), "{path}");
    }
    server.stop().await;
}
