//! Limits for each address and session.

use crate::support::{self, Server, eventually, try_upgrade};
use parlor::config::{Config, Switch};
use parlor_protocol::{error_code, http::ErrorResponse};
use reqwest::StatusCode;

/// A server with 127.0.0.1 as a trusted proxy.
async fn behind_a_proxy(config: Config) -> Server {
    Server::start_with(Config { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..config }).await
}

/// Creates guests until one is refused; returns how many succeeded.
async fn come_in(server: &Server, from: &str, most: usize) -> (usize, Option<reqwest::Response>) {
    let client = support::http_client();
    for count in 0..most {
        let answer = client.post(server.url("/api/session")).header("x-forwarded-for", from).send().await.unwrap();
        if answer.status() != StatusCode::OK {
            return (count, Some(answer));
        }
    }
    (most, None)
}

#[tokio::test]
async fn guest_creation_is_limited_per_address() {
    let server = behind_a_proxy(Config::default()).await;
    let (count, refused) = come_in(&server, "192.0.2.1", 1_000).await;
    // More than the burst, because time passes.
    assert!(count >= 200, "{count}");
    let refused = refused.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(refused.json::<ErrorResponse>().await.unwrap().error.code, error_code::RATE_LIMITED);
    assert_eq!(come_in(&server, "192.0.2.2", 3).await.0, 3, "others come in");
    // Addresses added by the client are not trusted.
    let (count, _) = come_in(&server, "192.0.2.3, 192.0.2.1", 1_000).await;
    assert!(count < 100, "{count}");
    // The page explains it.
    let client = support::http_client();
    let words = loop {
        let form = client.post(server.url("/enter")).header("x-forwarded-for", "192.0.2.1");
        let answer = form.header("content-type", "application/x-www-form-urlencoded").body("name=ann").send().await;
        let to = answer.unwrap().headers()["location"].to_str().unwrap().to_owned();
        if to != "/r/lobby" {
            break client.get(server.url(&to)).send().await.unwrap().text().await.unwrap();
        }
    };
    assert!(words.contains("Too many guests have joined from your address"));
    server.stop().await;
}

#[tokio::test]
async fn forwarded_addresses_are_ignored_without_a_trusted_proxy() {
    let server = Server::start_with(Config::default()).await;
    let mut count = 0;
    while come_in(&server, &format!("192.0.2.{}", count % 250), 1).await.0 == 1 {
        count += 1;
        assert!(count < 1_000);
    }
    server.stop().await;
}

#[tokio::test]
async fn mutations_are_limited_per_session() {
    let server = Server::start_with(Config::default()).await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let client = support::http_client();
    let make = async |token: &str, name: String| {
        let body = serde_json::json!({ "name": name });
        client.post(server.url("/api/rooms")).bearer_auth(token).json(&body).send().await.unwrap().status()
    };
    let mut made = 0;
    while make(&ann.token, format!("room {made}")).await == StatusCode::CREATED {
        made += 1;
        assert!(made < 200);
    }
    assert!(made >= 30, "{made}");
    // Another token before hers makes no difference.
    let cookies = format!("parlor_session={}; parlor_session={}", "a".repeat(64), ann.token);
    let request = client.post(server.url("/api/rooms")).header("cookie", cookies);
    let answer = request.json(&serde_json::json!({ "name": "one more" })).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(make(&bob.token, "bob's".into()).await, StatusCode::CREATED);
    // Reads are not limited.
    for _ in 0..100 {
        assert_eq!(server.get(&ann.token, "/api/rooms").await.status(), StatusCode::OK);
    }
    server.stop().await;
}

#[tokio::test]
async fn connections_are_limited_per_address() {
    let server = behind_a_proxy(Config { max_connections_per_address: 2, ..Config::default() }).await;
    let made = server.session("ann").await;
    let bearer = format!("Bearer {}", made.token);
    let upgrade = async |from: &str| {
        try_upgrade(server.address, &[("authorization", bearer.as_str()), ("x-forwarded-for", from)]).await
    };
    let held = [upgrade("192.0.2.1").await.unwrap(), upgrade("192.0.2.1").await.unwrap()];
    assert_eq!(upgrade("192.0.2.1").await.err(), Some(503));
    let other = upgrade("192.0.2.2").await.unwrap();
    drop(held);
    eventually("a slot is free", async || upgrade("192.0.2.1").await.is_ok()).await;
    drop(other);
    server.stop().await;
}

#[tokio::test]
async fn connections_are_counted_at_accept_without_a_proxy() {
    let config = Config { max_connections_per_address: 2, ..Config::default() };
    let server = Server::start_with(config.clone()).await;
    let mut held = Vec::new();
    let refused = loop {
        // Before anything is sent.
        held.push(tokio::net::TcpStream::connect(server.address).await.unwrap());
        let answer = support::http_client().get(server.url("/healthz")).send().await;
        match answer.map(|answer| answer.status()) {
            Ok(StatusCode::OK) => assert!(held.len() < 10),
            other => break other,
        }
    };
    assert_eq!(refused.unwrap(), StatusCode::SERVICE_UNAVAILABLE);
    drop(held);
    server.stop().await;
    // Limits can be disabled.
    let server = Server::start_with(Config { rate_limits: Switch::Off, ..config }).await;
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(tokio::net::TcpStream::connect(server.address).await.unwrap());
    }
    assert_eq!(come_in(&server, "", 300).await.0, 300);
    server.stop().await;
}
