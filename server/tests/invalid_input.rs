//! Invalid input: each gets a response or ends the connection, while two other people keep chatting.

use std::time::Duration;

use crate::support::{self, Client, Ended, FrameReader, Server, join, try_upgrade};
use futures::SinkExt;
use parlor::config::Config;
use parlor_protocol::{ClientFrame, CloseCode, CommandId, RoomId, ServerFrame, error_code, limits};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config as ProptestConfig, RngAlgorithm, TestRng, TestRunner},
};
use reqwest::Method;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

const fn closed(code: CloseCode) -> Ended {
    Ended { code: Some(code.code()), bye: Some(code.code()) }
}

/// Two people who chat during the test.
struct Bystanders(Client, Client);

impl Bystanders {
    async fn arrive(server: &Server) -> Self {
        Self(server.client("ann").await, server.client("bob").await)
    }

    async fn still_talk(&mut self) {
        let seq = self.0.send("still here").await;
        while self.1.event().await.seq != seq {}
    }
}

#[tokio::test]
async fn malformed_frames_are_refused_and_the_connection_stays_open() {
    let server = Server::start().await;
    let mut others = Bystanders::arrive(&server).await;
    let mut mallory = server.client("mallory").await;
    for (text, code) in [
        ("", error_code::BAD_FRAME),
        ("hello", error_code::BAD_FRAME),
        ("{", error_code::BAD_FRAME),
        ("null", error_code::BAD_FRAME),
        ("[1,2]", error_code::BAD_FRAME),
        ("{}", error_code::BAD_FRAME),
        (r#"{"type":7}"#, error_code::BAD_FRAME),
        (r#"{"type":"send"}"#, error_code::BAD_FRAME),
        (r#"{"type":"join","room":"lobby","after":-1}"#, error_code::BAD_FRAME),
        (r#"{"type":"join","room":"lobby","after":1.5}"#, error_code::BAD_FRAME),
        (r#"{"type":"ping","at":"now"}"#, error_code::BAD_FRAME),
        (r#"{"type":"hello","protocol":1}"#, error_code::BAD_FRAME),
        (r#"{"type":"dance"}"#, error_code::UNKNOWN_TYPE),
        (r#"{"type":"welcome","protocol":1}"#, error_code::UNKNOWN_TYPE),
        (r#"{"type":"join","room":"nowhere"}"#, error_code::NOT_FOUND),
        (r#"{"type":"join","room":"../lobby"}"#, error_code::NOT_FOUND),
        (r#"{"type":"read","room":"nowhere","seq":1}"#, error_code::NOT_FOUND),
    ] {
        mallory.say_text(text).await;
        assert_eq!(mallory.refusal().await, code, "{text}");
    }
    let deep = format!("{}1{}", r#"{"type":"#.repeat(200), "}".repeat(200));
    mallory.say_text(deep).await;
    assert_eq!(mallory.refusal().await, error_code::BAD_FRAME);
    mallory.socket.send(Message::Binary(vec![0, 159, 146, 150].into())).await.unwrap();
    assert_eq!(mallory.refusal().await, error_code::BAD_FRAME);
    // The refusal contains the command's id.
    mallory.say_text(r#"{"type":"send","id":"not-a-uuid","room":"lobby","body":"x"}"#).await;
    let named = mallory.until(|frame| match frame {
        ServerFrame::Refused { id, .. } => Some(id.clone()),
        _ => None,
    });
    assert_eq!(named.await.as_deref(), Some("not-a-uuid"));
    mallory.send("and yet I can talk").await;
    others.still_talk().await;
    server.stop().await;
}

#[tokio::test]
async fn empty_and_oversized_messages_are_refused() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    for (body, code) in [
        (String::new(), error_code::EMPTY),
        (" \n\t ".into(), error_code::EMPTY),
        ("字".repeat(limits::MAX_BODY_CHARS + 1), error_code::TOO_LONG),
        ("\u{2800}\u{200b}\n\u{2060}".into(), error_code::EMPTY),
        ("a\0b".into(), error_code::BAD_CHARACTERS),
        ("a\x1b[2Jb".into(), error_code::BAD_CHARACTERS),
    ] {
        ann.post(&body).await;
        assert_eq!(ann.refusal().await, code);
    }
    ann.post_as(CommandId(Uuid::nil()), "x").await;
    assert_eq!(ann.refusal().await, error_code::BAD_FRAME);
    assert_eq!(ann.send(&"字".repeat(limits::MAX_BODY_CHARS)).await, 1, "the limit itself is fine");
    server.stop().await;
}

#[tokio::test]
async fn control_characters_are_refused_in_names_topics_and_reasons() {
    const CONTROL: &str = "a\x1b[2Jb";
    let server = Server::start().await;
    let owner = server.owner("owner").await;
    let bob = server.session("bob").await;
    let room = server.room(&owner, "garden", "public").await;
    let guest = server.try_guest(CONTROL).await;
    let refused = (422, error_code::BAD_CHARACTERS.to_owned());
    assert_eq!(guest.refused(), refused);
    for (method, path, body) in [
        (Method::POST, "/api/accounts".to_owned(), json!({ "name": CONTROL, "password": "correct horse battery" })),
        (Method::PATCH, "/api/me".to_owned(), json!({ "display_name": CONTROL })),
        (Method::POST, "/api/rooms".to_owned(), json!({ "name": CONTROL, "kind": "public" })),
        (Method::PATCH, format!("/api/rooms/{room}"), json!({ "name": CONTROL })),
        (Method::PATCH, format!("/api/rooms/{room}"), json!({ "topic": CONTROL })),
        (Method::PATCH, "/api/settings".to_owned(), json!({ "name": CONTROL })),
        (Method::POST, format!("/api/people/{}/ban", bob.user.id), json!({ "reason": CONTROL })),
    ] {
        let token = if path == "/api/accounts" { &bob.token } else { &owner.token };
        let answer = server.ask(method, &path, token, body).await;
        assert_eq!(answer.refused(), refused, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn malformed_room_requests_are_refused() {
    let server = Server::start().await;
    let ann = server.session("ann").await;
    let room = server.room(&ann, "garden", "public").await;
    let of_room = |what: &str| format!("/api/rooms/{room}{what}");
    // By default serde accepts a list as the fields in order.
    for (method, path, body) in [
        (Method::POST, "/api/rooms".to_owned(), json!(["secret", "public"])),
        (Method::POST, "/api/rooms".to_owned(), json!({ "name": ["secret"], "kind": "public" })),
        (Method::PATCH, of_room(""), json!(["secret", "secret", true])),
        (Method::PUT, of_room("/level"), json!(["nothing"])),
        (Method::POST, of_room("/members"), json!([ann.user.id])),
        (Method::PATCH, of_room(&format!("/members/{}", ann.user.id)), json!([true])),
        (Method::POST, "/api/direct".to_owned(), json!([["secret"]])),
    ] {
        let answer = server.ask(method, &path, &ann.token, body).await;
        assert_eq!(answer.refused(), (400, error_code::BAD_REQUEST.into()), "{path}");
        assert!(!answer.text.contains("secret"), "what was sent is not said back: {answer:?}");
    }
    assert_eq!(server.listed(&ann, &room).await.name, "garden");
    server.stop().await;
}

#[tokio::test]
async fn oversized_frames_close_the_connection() {
    let server = Server::start().await;
    let mut others = Bystanders::arrive(&server).await;
    for (size, binary) in [(limits::MAX_FRAME_BYTES + 1, false), (1 << 20, false), (1 << 20, true)] {
        let mut mallory = server.client(&format!("mallory {size} {binary}")).await;
        let text = format!(r#"{{"type":"ping","at":1,"pad":"{}"}}"#, "x".repeat(size));
        let message = if binary { Message::Binary(text.into()) } else { Message::Text(text.into()) };
        mallory.socket.send(message).await.unwrap();
        assert_eq!(mallory.ended().await, closed(CloseCode::FrameTooLarge));
        others.still_talk().await;
    }
    // Far larger frames are cut off while being sent.
    let mut mallory = server.client("mallory").await;
    let _ = mallory.socket.send(Message::Text("x".repeat(8 << 20).into())).await;
    mallory.ended().await;
    let mut fits = server.client("fits").await;
    let start = r#"{"type":"ping","at":1,"pad":""#;
    fits.say_text(format!(r#"{start}{}"}}"#, "x".repeat(limits::MAX_FRAME_BYTES - start.len() - 2))).await;
    fits.until(|frame| matches!(frame, ServerFrame::Pong { at: 1, .. }).then_some(())).await;
    others.still_talk().await;
    server.stop().await;
}

#[tokio::test]
async fn hello_must_come_first_in_time_and_in_a_supported_version() {
    let server = Server::start_with(Config { hello_timeout: Duration::from_secs(3), ..Config::default() }).await;
    let mut others = Bystanders::arrive(&server).await;
    let made = server.session("mallory").await;

    let mut silent = Client::connect(server.address, &made).await;
    assert_eq!(silent.ended().await, closed(CloseCode::NoHello));

    let mut hasty = Client::connect(server.address, &made).await;
    hasty.say(&join(&RoomId::lobby(), None)).await;
    assert_eq!(hasty.ended().await, closed(CloseCode::NoHello));

    let mut other_version = Client::connect(server.address, &made).await;
    other_version.say(&ClientFrame::Hello { protocol: 2, resume: vec![] }).await;
    assert_eq!(other_version.ended().await, closed(CloseCode::BadProtocol));

    // Unknown types do not end the connection, even before hello, and do not count as hello.
    let mut curious = Client::connect(server.address, &made).await;
    curious.say_text(r#"{"type":"dance"}"#).await;
    assert_eq!(curious.refusal().await, error_code::UNKNOWN_TYPE);
    assert_eq!(curious.ended().await, closed(CloseCode::NoHello));
    others.still_talk().await;
    server.stop().await;
}

#[tokio::test]
async fn upgrades_need_a_session_and_an_allowed_origin() {
    let config = Config { allow_origins: vec!["https://wiki.example".into()], ..Config::default() };
    let server = Server::start_with(config).await;
    let made = server.session("ann").await;
    let bearer = format!("Bearer {}", made.token);
    let cookie = format!("a=b; parlor_session={}", made.token);
    let own = format!("http://{}", server.address);
    let upgrade = |headers: Vec<(&'static str, String)>| async move {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        try_upgrade(server.address, &headers).await.map(drop)
    };
    let (origin, auth) = ("origin", "authorization");
    assert_eq!(upgrade(vec![]).await, Err(401));
    assert_eq!(upgrade(vec![(auth, "Bearer 0123".into())]).await, Err(401));
    assert_eq!(upgrade(vec![("cookie", "parlor_session=".into())]).await, Err(401));
    assert_eq!(upgrade(vec![(auth, bearer.clone())]).await, Ok(()));
    assert_eq!(upgrade(vec![("cookie", cookie.clone())]).await, Ok(()));
    assert_eq!(upgrade(vec![("cookie", cookie.clone()), (origin, own.clone())]).await, Ok(()));
    assert_eq!(upgrade(vec![("cookie", cookie.clone()), (origin, "https://wiki.example".into())]).await, Ok(()));
    for evil in ["https://evil.example", "null", "http://127.0.0.1:1", "https://wiki.example.evil.example"] {
        assert_eq!(upgrade(vec![("cookie", cookie.clone()), (origin, evil.into())]).await, Err(403), "{evil}");
    }
    // The same for changes over HTTP.
    let client = support::http_client();
    let post = |path: &str| client.post(server.url(path)).header("origin", "https://evil.example");
    assert_eq!(post("/api/session").json(&serde_json::json!({"name": "x"})).send().await.unwrap().status(), 403);
    assert_eq!(
        post("/api/rooms")
            .bearer_auth(&made.token)
            .json(&serde_json::json!({"name": "x"}))
            .send()
            .await
            .unwrap()
            .status(),
        403
    );
    assert_eq!(post("/enter").body("name=x").send().await.unwrap().status(), 403);
    for path in ["/api/me", "/api/rooms", "/api/rooms/lobby/messages", "/api/rooms/lobby/events"] {
        assert_eq!(client.get(server.url(path)).send().await.unwrap().status(), 401, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn malformed_and_oversized_http_bodies_are_refused() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let client = support::http_client();
    let status = |path: &str, body: String| {
        let request = client.post(server.url(path)).bearer_auth(&made.token).header("content-type", "application/json");
        let request = request.body(body).send();
        async move { request.await.unwrap().status().as_u16() }
    };
    assert_eq!(status("/api/session", "{".into()).await, 400);
    assert_eq!(status("/api/session", r#"{"name":7}"#.into()).await, 400);
    assert_eq!(status("/api/session", r#"[]"#.into()).await, 400);
    assert_eq!(status("/api/session", format!(r#"{{"name":"{}"}}"#, "x".repeat(33))).await, 422);
    assert_eq!(status("/api/session", "{\"name\":\"a\u{202e}b\"}".into()).await, 422);
    assert_eq!(status("/api/session", "x".repeat(100_000)).await, 413);
    assert_eq!(status("/api/rooms", "[]".into()).await, 400);
    assert_eq!(status("/api/rooms", r#"{"name":"x","kind":"direct"}"#.into()).await, 422);
    let large =
        client.post(server.url("/api/rooms")).bearer_auth(&made.token).header("content-type", "application/json");
    let large = large.body(format!(r#"{{"name":"{}"}}"#, "x".repeat(100_000))).send().await.unwrap();
    assert_eq!(large.status(), 413);
    let error: parlor_protocol::http::ErrorResponse = large.json().await.unwrap();
    assert_eq!(error.error.code, error_code::TOO_LARGE);
    assert_eq!(client.put(server.url("/api/rooms")).send().await.unwrap().status(), 405);
    server.stop().await;
}

#[tokio::test]
async fn random_frames_are_each_answered_and_affect_nobody() {
    let server = Server::start().await;
    let mut others = Bystanders::arrive(&server).await;
    let mut mallory = server.greeted("mallory").await;
    // Seeded, for the same frames in each run.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let noise = prop_oneof![
        "\\PC{0,200}",
        "[\\[\\]{}\":,0-9a-z ]{0,100}",
        r#"\{"type":"(hello|join|leave|edit|typing|read|ping|x)"(,"(room|id|seq|at|after)":("lobby"|"x"|-?[0-9]{1,20}|null|\[\])){0,4}\}"#,
    ];
    let mut refused = 0;
    for round in 0..100 {
        for _ in 0..100 {
            let text = noise.new_tree(&mut runner).unwrap().current();
            if round % 5 == 0 {
                mallory.socket.send(Message::Binary(text.into_bytes().into())).await.unwrap();
            } else {
                mallory.say_text(text).await;
            }
        }
        // Frames are answered in order, so all before this pong are answered.
        mallory.say(&ClientFrame::Ping { at: 1_000_000 + round }).await;
        loop {
            match mallory.next().await {
                ServerFrame::Refused { .. } => refused += 1,
                ServerFrame::Pong { at, .. } if at == 1_000_000 + round => break,
                _ => {}
            }
        }
    }
    assert!(refused > 8_000, "{refused}");
    others.still_talk().await;
    mallory.send("I am still welcome").await;
    server.stop().await;
}
