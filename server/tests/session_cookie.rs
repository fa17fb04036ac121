//! The session cookie: which servers and which of several cookies it belongs to, and what signing out removes.

use crate::support::{self, Server, http_client, people::PASSWORD};
use parlor::config::Config;
use parlor_protocol::http::Me;
use reqwest::{
    Method, Response,
    header::{COOKIE, HeaderMap, HeaderValue, ORIGIN, SET_COOKIE, STRICT_TRANSPORT_SECURITY},
};
use serde_json::json;

/// Names, values and attributes of the cookies that a response sets.
fn cookies(headers: &HeaderMap) -> Vec<(String, String, String)> {
    let cookie = |value: &HeaderValue| {
        let (name, rest) = value.to_str().unwrap().split_once('=').unwrap();
        let (value, attributes) = rest.split_once("; ").unwrap();
        (name.to_owned(), value.to_owned(), attributes.to_owned())
    };
    headers.get_all(SET_COOKIE).iter().map(cookie).collect()
}

async fn me(server: &Server, cookies: impl Into<Vec<u8>>) -> Response {
    let cookies = HeaderValue::from_bytes(&cookies.into()).unwrap();
    http_client().get(server.url("/api/me")).header(COOKIE, cookies).send().await.unwrap()
}

async fn name(server: &Server, cookies: impl Into<Vec<u8>>) -> String {
    let response = me(server, cookies).await;
    assert_eq!(response.status(), 200);
    response.json::<Me>().await.unwrap().user.name
}

#[tokio::test]
async fn two_servers_on_one_host_name_keep_their_cookies_apart() {
    let (one, two) = (Server::start().await, Server::start().await);
    let first = cookies(&one.try_guest("ann").await.headers).remove(0);
    let second = cookies(&two.try_guest("bob").await.headers).remove(0);
    assert!(first.0.starts_with("parlor_session_"), "{first:?}");
    assert_ne!(first.0, second.0);
    // The browser sends both to both.
    let both = format!("{}={}; {}={}", first.0, first.1, second.0, second.1);
    assert_eq!((name(&one, both.as_str()).await, name(&two, both.as_str()).await), ("ann".into(), "bob".into()));
    let one = one.restart().await;
    assert_eq!(cookies(&one.try_guest("carol").await.headers)[0].0, first.0, "it stays the same");
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn cookies_of_earlier_versions_keep_working() {
    let server = Server::start().await;
    let ann = server.session("ann").await;
    assert_eq!(name(&server, format!("parlor_session={}", ann.token)).await, "ann");
    server.stop().await;
}

#[tokio::test]
async fn of_several_cookies_with_the_same_name_the_valid_one_counts() {
    let server = Server::start().await;
    let made = cookies(&server.try_guest("ann").await.headers).remove(0);
    let planted = "a".repeat(64);
    for cookies in [
        format!("{0}={planted}; {0}={1}", made.0, made.1),
        format!("{0}=; {0}=short; {0}={1}; {0}={planted}", made.0, made.1),
        format!("parlor_session={planted}; {}={}", made.0, made.1),
    ] {
        assert_eq!(name(&server, cookies.as_str()).await, "ann", "{cookies}");
    }
    // The valid one is also the one that signing in replaces.
    server.account("bob").await;
    let request = http_client().post(server.url("/api/sign-in")).json(&json!({ "name": "bob", "password": PASSWORD }));
    let request = request.header(COOKIE, format!("{0}={planted}; {0}={1}", made.0, made.1));
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(server.who(&made.1).await, 401);
    server.stop().await;
}

#[tokio::test]
async fn foreign_cookies_with_any_bytes_hide_nothing() {
    let server = Server::start().await;
    let made = cookies(&server.try_guest("ann").await.headers).remove(0);
    let own = format!("{}={}", made.0, made.1);
    for foreign in [&b"shop=caf\xe9"[..], b"\xff\xfe=1", "größe=42".as_bytes(), b"=", b";;"] {
        assert_eq!(name(&server, [foreign, b"; ", own.as_bytes()].concat()).await, "ann");
        assert_eq!(name(&server, [own.as_bytes(), b"; ", foreign].concat()).await, "ann");
    }
    server.stop().await;
}

#[tokio::test]
async fn https_makes_the_cookie_secure_and_bound_to_the_host() {
    let proxy = vec!["127.0.0.1/32".parse().unwrap()];
    let public_url = || Some("https://chat.example".into());
    for (config, forwarded, https) in [
        (Config { public_url: public_url(), ..support::unlimited() }, "", true),
        (Config { trusted_proxies: proxy.clone(), ..support::unlimited() }, "https", true),
        (Config { trusted_proxies: proxy.clone(), ..support::unlimited() }, "http", false),
        (Config { trusted_proxies: proxy, ..support::unlimited() }, "", false),
        // A header that no trusted proxy has set.
        (support::unlimited(), "https", false),
    ] {
        let server = Server::start_with(config).await;
        let mut headers = HeaderMap::new();
        if !forwarded.is_empty() {
            headers.insert("x-forwarded-proto", forwarded.parse().unwrap());
        }
        let request = http_client().post(server.url("/api/session")).headers(headers.clone());
        let made = request.json(&json!({ "name": "ann" })).send().await.unwrap();
        assert_eq!(made.headers().contains_key(STRICT_TRANSPORT_SECURITY), https);
        let (cookie, value, attributes) = cookies(made.headers()).remove(0);
        assert_eq!(cookie.starts_with("__Host-parlor_session_"), https, "{cookie}");
        assert!(attributes.starts_with("Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"), "{attributes}");
        assert_eq!(attributes.ends_with("; Secure"), https, "{attributes}");
        let pair = format!("{cookie}={value}");
        assert_eq!(name(&server, pair.as_str()).await, "ann");
        // Signing out removes it, and the one from before https.
        let request = http_client().delete(server.url("/api/session")).headers(headers).header(COOKIE, &pair);
        let signed_out = request.send().await.unwrap();
        let removed = cookies(signed_out.headers());
        assert_eq!(removed.len(), if https { 2 } else { 1 }, "{removed:?}");
        assert!(removed.iter().all(|(_, value, attributes)| value.is_empty() && attributes.contains("Max-Age=0")));
        assert_eq!(removed[0].0, cookie);
        server.stop().await;
    }
}

#[tokio::test]
async fn signing_out_clears_what_the_browser_stored() {
    let server = Server::start().await;
    let clears = |headers: &HeaderMap| headers.get("clear-site-data").map(|value| value.to_str().unwrap().to_owned());
    let expected = Some("\"cache\", \"storage\"".to_owned());
    let ann = server.account("ann").await;
    assert_eq!(clears(&server.try_sign_in("ann", PASSWORD).await.headers), None);
    let list: parlor_protocol::http::SessionList = server.get(&ann.token, "/api/sessions").await.json().await.unwrap();
    let current = list.sessions.iter().find(|session| session.current).unwrap().id;
    assert_eq!(clears(&server.delete(&format!("/api/sessions/{current}"), &ann.token).await.headers), expected);
    let again = server.sign_in("ann").await;
    assert_eq!(clears(&server.delete("/api/session", &again.token).await.headers), expected);
    // The form also works after the session has ended, for example because it was revoked.
    for token in [&server.sign_in("ann").await.token, &again.token] {
        let request = http_client().post(server.url("/account/sign-out")).header(ORIGIN, server.url(""));
        let response = request.header(COOKIE, format!("parlor_session={token}")).send().await.unwrap();
        assert_eq!((response.status().as_u16(), clears(response.headers())), (303, expected.clone()));
    }
    let last = server.sign_in("ann").await;
    let deleted = server.ask(Method::DELETE, "/api/me", &last.token, json!({ "password": PASSWORD })).await;
    assert_eq!((deleted.status, clears(&deleted.headers)), (204, expected));
    server.stop().await;
}
