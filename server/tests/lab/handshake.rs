//! The handshake page.

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_tungstenite::tungstenite::{Message, handshake::derive_accept_key, http::HeaderValue};

use super::{closed, get, json, next, read_until, request, socket};
use crate::support::Server;

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

fn values<'a>(headers: &'a Value, name: &str) -> Vec<&'a str> {
    let pairs = headers.as_array().unwrap().iter();
    pairs.filter(|pair| pair[0] == name).map(|pair| pair[1].as_str().unwrap()).collect()
}

#[tokio::test]
async fn handshake_is_shown_without_secrets() {
    let server = Server::start().await;
    let bytes = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    let mut socket = socket(
        &server,
        "/lab/handshake?mine",
        &[
            ("cookie", HeaderValue::from_static("parlor_session=top-secret")),
            ("authorization", HeaderValue::from_static("Bearer top-secret")),
            ("proxy-authorization", HeaderValue::from_static("Basic top-secret")),
            ("x-bytes", bytes),
            ("x-twice", HeaderValue::from_static("one")),
            ("x-twice", HeaderValue::from_static("two")),
        ],
    )
    .await;
    let Message::Text(text) = next(&mut socket).await else { panic!("no text") };
    assert!(!text.contains("top-secret"), "{text}");
    let seen: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(seen["request"]["line"], "GET /lab/handshake?mine HTTP/1.1");
    let headers = &seen["request"]["headers"];
    for name in ["cookie", "authorization", "proxy-authorization"] {
        assert_eq!(values(headers, name), ["(hidden)"]);
    }
    assert_eq!(values(headers, "host"), [server.address.to_string()]);
    assert_eq!(values(headers, "x-bytes"), ["caf\u{fffd}"]);
    assert_eq!(values(headers, "x-twice"), ["one", "two"]);
    let key = values(headers, "sec-websocket-key")[0];
    assert_eq!(seen["steps"]["key"], key);
    assert_eq!(seen["steps"]["guid"], GUID);
    assert_eq!(seen["steps"]["joined"], format!("{key}{GUID}"));
    // Computed by another implementation.
    let accept = derive_accept_key(key.as_bytes());
    assert_eq!(seen["steps"]["accept"], accept);
    assert_eq!(seen["steps"]["sha1"].as_str().unwrap().len(), 40);
    assert_eq!(seen["answer"]["line"], "HTTP/1.1 101 Switching Protocols");
    let headers = &seen["answer"]["headers"];
    assert_eq!(values(headers, "connection"), ["Upgrade"]);
    assert_eq!(values(headers, "upgrade"), ["websocket"]);
    assert_eq!(values(headers, "sec-websocket-accept"), [accept]);
    assert_eq!(u16::from(closed(&mut socket).await.unwrap().code), 1000);
    server.stop().await;
}

#[tokio::test]
async fn rfc_sample_key_gets_the_rfc_accept_value() {
    let server = Server::start().await;
    let sample = json!({
        "key": "dGhlIHNhbXBsZSBub25jZQ==",
        "guid": GUID,
        "joined": format!("dGhlIHNhbXBsZSBub25jZQ=={GUID}"),
        "sha1": "b37a4f2cc0624f1690f64606cf385945b2bec4ea",
        "accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    });
    for query in ["", "?key=dGhlIHNhbXBsZSBub25jZQ%3D%3D&version=13", "?version=13"] {
        let told = json(server.address, &format!("/lab/handshake/answer{query}")).await;
        assert_eq!(told["steps"], sample);
        assert_eq!(told["answer"]["line"], "HTTP/1.1 101 Switching Protocols");
        assert_eq!(told["answer"]["body"], "");
        assert_eq!(values(&told["answer"]["headers"], "sec-websocket-accept"), ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="]);
    }
    let mut real = super::ask(server.address, "/lab/echo", true).await;
    let head = read_until(&mut real, "\r\n\r\n").await.to_lowercase();
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    server.stop().await;
}

/// The response of `/lab/echo` to another version or key.
async fn really(server: &Server, version: &str, key: &str) -> String {
    let request = request("/lab/echo", true)
        .replace("Version: 13", &format!("Version: {version}"))
        .replace("dGhlIHNhbXBsZSBub25jZQ==", key);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // The end of the body with the reason.
    read_until(&mut stream, "}}").await
}

#[tokio::test]
async fn predicted_response_equals_the_real_one() {
    let server = Server::start().await;
    for (version, key, line) in [
        ("8", "dGhlIHNhbXBsZSBub25jZQ==", "HTTP/1.1 426 Upgrade Required"),
        ("", "dGhlIHNhbXBsZSBub25jZQ==", "HTTP/1.1 426 Upgrade Required"),
        ("13", "c2hvcnQ=", "HTTP/1.1 400 Bad Request"),
    ] {
        let query = serde_urlencoded::to_string([("version", version), ("key", key)]).unwrap();
        let told = json(server.address, &format!("/lab/handshake/answer?{query}")).await;
        assert_eq!((&told["steps"], &told["answer"]["line"]), (&Value::Null, &line.into()));
        let answer = really(&server, version, key).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(line), "{answer}");
        assert_eq!(told["answer"]["body"], body);
        let lines: Vec<_> = head.to_lowercase().lines().map(str::to_owned).collect();
        for pair in told["answer"]["headers"].as_array().unwrap() {
            let line = format!("{}: {}", pair[0].as_str().unwrap(), pair[1].as_str().unwrap()).to_lowercase();
            assert!(lines.contains(&line), "{line} is not in {head}");
        }
        let version = values(&told["answer"]["headers"], "sec-websocket-version");
        assert_eq!(version, if line.contains("426") { vec!["13"] } else { vec![] });
    }
    server.stop().await;
}

#[tokio::test]
async fn invalid_header_values_are_rejected() {
    let server = Server::start().await;
    let long = format!("key={}", "a".repeat(129));
    for query in [long.as_str(), "key=a%0d%0aX-More:%201", "version=%c3%a9", "version=%00", "key=a&key=b"] {
        let answer = get(server.address, &format!("/lab/handshake/answer?{query}")).await;
        assert_eq!(answer.status(), 400, "{query}");
        let message = answer.json::<Value>().await.unwrap()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(if query.contains('&') { "once" } else { "printable" }), "{message}");
    }
    server.stop().await;
}
