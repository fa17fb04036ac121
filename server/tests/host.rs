//! The host names that the server answers to, and what browsers may store.

use crate::support::{Server, http_client, unlimited};
use parlor::config::Config;
use parlor_protocol::{error_code, http::ErrorResponse};
use reqwest::header::{CACHE_CONTROL, HOST, ORIGIN};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn status(server: &Server, path: &str, host: &str) -> u16 {
    http_client().get(server.url(path)).header(HOST, host).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn dns_rebinding_does_not_reach_the_server() {
    let server = Server::start().await;
    let ann = server.session("ann").await;
    for path in
        ["/", "/api/rooms", "/live/poll", "/live/ws", "/gateway/text", "/socket.io/?EIO=4", "/lab", "/favicon.svg"]
    {
        assert_eq!(status(&server, path, "rebound.example:3000").await, 421, "{path}");
    }
    for host in ["192.168.1.5:3000", "[fd00::1]:3000", "localhost:3000", "nas", "nas.local:3000"] {
        assert_eq!(status(&server, "/", host).await, 200, "{host}");
    }
    // A page of that name would have the same origin.
    let request = http_client().post(server.url("/api/rooms")).bearer_auth(&ann.token);
    let request = request.header(HOST, "rebound.example").header(ORIGIN, "http://rebound.example");
    let refused = request.json(&json!({ "name": "x", "kind": "public" })).send().await.unwrap();
    assert_eq!(refused.status(), 421);
    let error = refused.json::<ErrorResponse>().await.unwrap().error;
    assert_eq!(error.code, error_code::HOST_REFUSED);
    assert!(error.message.contains("--allowed-host"), "{error:?}");
    server.stop().await;
}

#[tokio::test]
async fn with_a_public_url_only_its_host_name_and_loopback_are_accepted() {
    let public_url = Some("https://chat.example".into());
    let allowed_hosts = vec!["chat.internal".into()];
    let server = Server::start_with(Config { public_url, allowed_hosts, ..unlimited() }).await;
    for host in ["chat.example", "CHAT.example:443", "chat.internal", "127.0.0.1:1", "localhost"] {
        assert_eq!(status(&server, "/", host).await, 200, "{host}");
    }
    for host in ["evil.example", "192.168.1.5", "nas"] {
        assert_eq!(status(&server, "/", host).await, 421, "{host}");
    }
    // Health checks use the address of the container.
    assert_eq!(status(&server, "/healthz", "10.0.0.7:3000").await, 200);
    assert_eq!(status(&server, "/readyz", "10.0.0.7:3000").await, 200);
    server.stop().await;
}

#[tokio::test]
async fn several_host_names_are_refused() {
    let server = Server::start().await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\nConnection: close\r\n\r\n";
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    server.stop().await;
}

#[tokio::test]
async fn the_scheme_of_an_origin_counts() {
    let public_url = Some("https://chat.example".into());
    let server = Server::start_with(Config { public_url, ..unlimited() }).await;
    for (origin, expected) in [("https://chat.example", 200), ("http://chat.example", 403)] {
        let request = http_client().post(server.url("/api/session")).header(HOST, "chat.example");
        let response = request.header(ORIGIN, origin).json(&json!({})).send().await.unwrap();
        assert_eq!(response.status(), expected, "{origin}");
    }
    server.stop().await;
}

#[tokio::test]
async fn answers_of_the_api_are_not_stored() {
    let server = Server::start().await;
    let created = server.try_guest("ann").await;
    assert_eq!(created.headers[CACHE_CONTROL], "no-store");
    let token = created.made().token;
    for path in ["/api/me", "/api/rooms", "/api/rooms/lobby/messages", "/api/sessions", "/api/people", "/api/nothing"] {
        assert_eq!(server.get(&token, path).await.headers()[CACHE_CONTROL], "no-store", "{path}");
    }
    server.stop().await;
}
