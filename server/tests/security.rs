//! The attacks described in `SECURITY.md`, tried over real sockets.

use crate::support::{
    Client, Server, http_client,
    people::{Answer, PASSWORD},
    sets_session,
};
use parlor::config::Config;
use parlor_protocol::{
    ServerRole, UserKind, error_code,
    http::{CreatedSession, ErrorResponse, Me},
};
use reqwest::{
    Method,
    header::{LOCATION, RETRY_AFTER, SET_COOKIE},
};
use serde_json::{Value, json};

/// With rate limits, and 127.0.0.1 as a trusted proxy.
async fn behind_a_proxy() -> Server {
    Server::start_with(Config { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..Config::default() }).await
}

async fn sign_in_from(server: &Server, address: &str, name: &str, password: &str) -> Answer {
    let body = json!({ "name": name, "password": password });
    server.ask_from(address, Method::POST, "/api/sign-in", "", body).await
}

/// The response says only how long to wait.
fn is_told_to_wait(answer: &Answer) {
    assert_eq!(answer.refused(), (429, error_code::RATE_LIMITED.into()));
    let wait: u64 = answer.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=31).contains(&wait), "{wait}");
    assert!(answer.of::<ErrorResponse>().error.message.starts_with("Too many attempts. Try again in "));
    assert!(!sets_session(&answer.headers));
}

#[tokio::test]
async fn brute_force_on_one_account_is_throttled_across_addresses() {
    let server = behind_a_proxy().await;
    server.account("ann").await;
    server.account("bob").await;
    for name in ["ann", "no such account"] {
        let mut tries = 0;
        let refused = loop {
            let answer = sign_in_from(&server, &format!("192.0.2.{tries}"), name, &format!("guess {tries}")).await;
            if answer.status != 401 {
                break answer;
            }
            tries += 1;
            assert!(tries < 20);
        };
        // Time passes, so that one attempt may be refilled.
        assert!((10..13).contains(&tries), "{tries} for {name}");
        is_told_to_wait(&refused);
    }
    // A correct guess is rejected the same way now.
    is_told_to_wait(&sign_in_from(&server, "192.0.2.99", "ann", PASSWORD).await);
    is_told_to_wait(&sign_in_from(&server, "192.0.2.99", "Ａnn", PASSWORD).await);
    assert_eq!(sign_in_from(&server, "192.0.2.99", "bob", PASSWORD).await.status, 200, "others do not suffer");
    server.stop().await;
}

#[tokio::test]
async fn concurrent_login_attempts_are_each_counted() {
    let server = behind_a_proxy().await;
    server.account("ann").await;
    let addresses: Vec<_> = (0..40).map(|n| format!("192.0.2.{n}")).collect();
    let tries = addresses.iter().map(|address| sign_in_from(&server, address, "ann", "guess"));
    let answers = futures::future::join_all(tries).await;
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert!((10..13).contains(&looked_at), "{looked_at}");
    answers.iter().filter(|answer| answer.status != 401).for_each(is_told_to_wait);
    server.stop().await;
}

#[tokio::test]
async fn credential_stuffing_from_one_address_is_throttled() {
    let server = behind_a_proxy().await;
    server.account("ann").await;
    let mut tries = 0;
    let refused = loop {
        let answer = sign_in_from(&server, "192.0.2.1", &format!("person {tries}"), "leaked elsewhere").await;
        if answer.status != 401 {
            break answer;
        }
        tries += 1;
        assert!(tries < 100);
    };
    assert!((50..55).contains(&tries), "{tries}");
    is_told_to_wait(&refused);
    is_told_to_wait(&sign_in_from(&server, "192.0.2.1", "ann", PASSWORD).await);
    assert_eq!(sign_in_from(&server, "192.0.2.2", "ann", PASSWORD).await.status, 200, "others do not suffer");
    // The same limit applies to probing for names and to guessing link secrets.
    for (path, body) in [
        ("/api/accounts", json!({ "name": "ann", "password": PASSWORD })),
        ("/api/reset", json!({ "secret": "guess", "password": PASSWORD })),
    ] {
        is_told_to_wait(&server.ask_from("192.0.2.1", Method::POST, path, "", body).await);
    }
    server.stop().await;
}

#[tokio::test]
async fn signing_in_prevents_session_fixation() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let planted = server.session("mallory").await;
    let mut listening = Client::greet(server.address, &planted).await;
    let body = json!({ "name": "ann", "password": PASSWORD });
    let with_cookie = |token: &str| {
        let request = http_client().post(server.url("/api/sign-in")).json(&body);
        request.header("cookie", format!("parlor_session={token}")).send()
    };
    let made: CreatedSession = with_cookie(&planted.token).await.unwrap().json().await.unwrap();
    assert_eq!(made.user, ann.user);
    assert_ne!(made.token, planted.token);
    assert_eq!(server.who(&planted.token).await, 401);
    listening.ended().await;
    // A token that the server did not create is not accepted.
    let chosen = "a".repeat(64);
    let made: CreatedSession = with_cookie(&chosen).await.unwrap().json().await.unwrap();
    assert_ne!(made.token, chosen);
    assert_eq!((server.who(&chosen).await, server.who(&made.token).await), (401, 200));
    server.stop().await;
}

/// All changes of people.
const CHANGES: [(Method, &str); 15] = [
    (Method::POST, "/api/session"),
    (Method::DELETE, "/api/session"),
    (Method::DELETE, "/api/sessions"),
    (Method::DELETE, "/api/sessions/01890000-0000-7000-8000-000000000000"),
    (Method::PATCH, "/api/me"),
    (Method::DELETE, "/api/me"),
    (Method::POST, "/api/accounts"),
    (Method::POST, "/api/sign-in"),
    (Method::POST, "/api/password"),
    (Method::POST, "/api/reset"),
    (Method::POST, "/api/invites"),
    (Method::DELETE, "/api/invites/01890000-0000-7000-8000-000000000000"),
    (Method::POST, "/api/people/01890000-0000-7000-8000-000000000000/role"),
    (Method::POST, "/api/people/01890000-0000-7000-8000-000000000000/reset"),
    (Method::POST, "/enter"),
];

#[tokio::test]
async fn cross_site_requests_are_rejected() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let cookie = format!("parlor_session={}", owner.token);
    for (method, path) in CHANGES {
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            let request = http_client().request(method.clone(), server.url(path)).header("cookie", &cookie);
            let answer = request.header("origin", origin).json(&json!({})).send().await.unwrap();
            assert_eq!(answer.status(), 403, "{method} {path} from {origin}");
            assert_eq!(answer.json::<ErrorResponse>().await.unwrap().error.code, error_code::ORIGIN_REFUSED);
        }
        // Forms without an `Origin`, as sent by some old browsers, are rejected.
        let takes_fields = !["/api/session", "/enter"].contains(&path) && !path.ends_with("000/reset");
        if method == Method::POST && takes_fields {
            let request = http_client().post(server.url(path)).header("cookie", &cookie);
            let form = request.header("content-type", "text/plain").body(r#"{"name":"x","role":"admin"}"#);
            assert_eq!(form.send().await.unwrap().status(), 400, "{path}");
        }
    }
    assert_eq!(server.who(&owner.token).await, 200, "nothing has happened");
    let cookie = server.try_sign_in("olga", PASSWORD).await.headers[SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; "), "{cookie}");
    server.stop().await;
}

#[tokio::test]
async fn header_injection_is_prevented() {
    let server = Server::start().await;
    let enter = |body: &'static str| {
        let request = http_client().post(server.url("/enter")).body(body);
        request.header("content-type", "application/x-www-form-urlencoded").send()
    };
    for form in [
        "name=a%0d%0aX-Evil:%201&next=%2Fr%2Flobby",
        "name=b&next=%2Fr%2Flobby%0d%0aX-Evil:%201",
        "name=c%00d%0d%0aX-Evil:%201&next=%2Fr%2Flobby%0d%0aX-Evil:%201",
    ] {
        let answer = enter(form).await.unwrap();
        assert_eq!(answer.status(), 303, "{form}");
        assert!(!answer.headers().contains_key("x-evil"), "{form}");
        let to = answer.headers()[LOCATION].to_str().unwrap();
        assert!(to.starts_with("/r/lobby") || to.starts_with("/?error="), "{to}");
        assert!(answer.headers().get_all(SET_COOKIE).iter().count() <= 1);
    }
    let answer = http_client().get(server.url("/r/x%0d%0aX-Evil:%201")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()[LOCATION].to_str().unwrap()), (303, "/"));
    assert!(!answer.headers().contains_key("x-evil"));
    server.stop().await;
}

#[tokio::test]
async fn query_strings_inject_no_text_into_pages() {
    let server = Server::start().await;
    for query in ["error=Call+0123+now", "error=name_taken%3Cb%3ECall+0123+now"] {
        let html = http_client().get(server.url(&format!("/?{query}"))).send().await.unwrap().text().await.unwrap();
        assert!(html.contains("Invalid name.") && !html.contains("Call 0123 now"), "{html}");
    }
    server.stop().await;
}

#[tokio::test]
async fn mass_assignment_is_prevented() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let more = |mut body: Value| {
        let extra = json!({
            "role": "owner", "kind": "account", "id": owner.user.id, "user": owner.user, "token": "chosen",
            "password_hash": "x", "guest": owner.user.id, "made_by": owner.user.id, "gone_at": 1, "created_at": 0
        });
        for (key, value) in extra.as_object().unwrap() {
            body.as_object_mut().unwrap().entry(key).or_insert(value.clone());
        }
        body
    };
    let guest = server.post("/api/session", "", more(json!({ "name": "guest" }))).await.made();
    assert_eq!(guest.user.kind, UserKind::Guest);
    let ann = server.post("/api/accounts", "", more(json!({ "name": "ann", "password": PASSWORD }))).await.made();
    let signed_in = server.post("/api/sign-in", "", more(json!({ "name": "ann", "password": PASSWORD }))).await.made();
    let patched: Me = server.ask(Method::PATCH, "/api/me", &ann.token, more(json!({ "colour": 3 }))).await.of();
    assert_eq!((patched.role, patched.user.id, patched.colour), (ServerRole::Member, ann.user.id, Some(3)));
    for made in [&guest, &ann, &signed_in] {
        assert_ne!(made.user.id, owner.user.id);
        assert_ne!(made.token, "chosen");
        let me: Me = server.get(&made.token, "/api/me").await.json().await.unwrap();
        assert!(me.role <= ServerRole::Member, "{me:?}");
        assert_eq!(server.get(&made.token, "/api/invites").await.status(), 403);
    }
    let (invite, _) =
        server.invite(&owner, json!({ "id": ann.user.id, "made_by": ann.user.id, "uses_left": 99 })).await;
    assert_eq!((invite.invite.made_by, invite.invite.uses_left), (Some(owner.user.id), None));
    assert_ne!(invite.invite.id, ann.user.id.0);
    assert_eq!(server.who(&owner.token).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn stored_secrets_are_hashed() {
    let server = Server::start().await;
    let first = server.first_secret().unwrap();
    let owner = server.owner("olga").await;
    let ann = server.account("ann").await;
    let (_, invite) = server.invite(&owner, json!({})).await;
    let path = format!("/api/people/{}/reset", ann.user.id.0);
    let reset: Value = server.post(&path, &owner.token, Value::Null).await.of();
    let reset = reset["link"].as_str().unwrap().strip_prefix("/reset/").unwrap().to_owned();
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(&server.folder).unwrap() {
        kept.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let finds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(finds("$argon2id$v=19$") && finds("olga"), "this is where it would be");
    for secret in [PASSWORD, &first, &owner.token, &ann.token, &invite, &reset] {
        assert!(!finds(secret), "{secret}");
        let bytes: Vec<u8> =
            (0..secret.len() / 2).filter_map(|n| u8::from_str_radix(secret.get(2 * n..2 * n + 2)?, 16).ok()).collect();
        assert!(bytes.len() < 32 || !kept.windows(32).any(|part| part == bytes));
    }
    server.stop().await;
}
