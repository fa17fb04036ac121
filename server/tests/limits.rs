//! Limits for each address and session.

use std::time::{Duration, Instant};

use crate::support::{
    self, Client, FrameReader, Server,
    database::Argument,
    eventually,
    http_connection::{Requests, lobby},
    try_upgrade, unlimited,
};
use parlor::config::{Config, Switch};
use parlor_protocol::{
    ClientFrame, RoomId, ServerFrame, error_code,
    http::{ErrorResponse, RoomList},
    limits,
};
use reqwest::{StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

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

#[tokio::test]
async fn frames_are_limited_per_user_over_all_connections() {
    let server = Server::start_with(Config { rate_limits: Switch::On, ..unlimited() }).await;
    let made = server.session("ann").await;
    let (mut first, mut second) =
        (Client::greet(server.address, &made).await, Client::greet(server.address, &made).await);
    // Ignored without an answer, because there is no such room.
    let typing = ClientFrame::Typing { room: "nowhere".into() };
    for _ in 0..15_000 {
        first.say(&typing).await;
    }
    first.settle().await;
    for _ in 0..30_000 {
        if second.try_say(&typing).await.is_none() {
            break;
        }
    }
    assert_eq!(second.ended().await.bye, Some(4029), "5,000 were left");
    // A new connection begins with what is left, which is nothing.
    let mut third = Client::greet(server.address, &made).await;
    for _ in 0..10_000 {
        if third.try_say(&typing).await.is_none() {
            break;
        }
    }
    assert_eq!(third.ended().await.bye, Some(4029));
    let mut bob = server.client("bob").await;
    bob.send("others do not suffer").await;
    server.stop().await;
}

#[tokio::test]
async fn many_frames_of_one_user_are_handled_over_time() {
    const OF_EACH: i64 = 2_000;
    let server = Server::start_with(Config { rate_limits: Switch::On, ..unlimited() }).await;
    let made = server.session("ann").await;
    let mut clients = Vec::new();
    for _ in 0..4 {
        clients.push(Client::greet(server.address, &made).await);
    }
    let begun = Instant::now();
    for client in &mut clients {
        for at in 1..=OF_EACH {
            client.say(&ClientFrame::Ping { at }).await;
        }
    }
    for client in &mut clients {
        client.until(|frame| matches!(frame, ServerFrame::Pong { at, .. } if *at == OF_EACH).then_some(())).await;
    }
    // The first 500 at once, the others 4,000 a second.
    let time = begun.elapsed();
    assert!(time >= Duration::from_millis(1_800), "{time:?}");
    server.stop().await;
}

#[tokio::test]
async fn connections_over_http_are_limited_per_address() {
    let server = behind_a_proxy(Config { max_connections_per_address: 3, ..Config::default() }).await;
    let mut headers = header::HeaderMap::new();
    headers.insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
    let http = reqwest::Client::builder().no_proxy().default_headers(headers).build().unwrap();
    let made = server.session("ann").await;
    let begin = async |name: &str| {
        let requests = Requests { http: http.clone(), ..Requests::new(server.address, &made, Some(name)) };
        let hello = ClientFrame::Hello { protocol: 1, resume: vec![lobby(None)] };
        requests.post_text(support::http_connection::array(&[hello])).await
    };
    for name in ["a", "b", "c"] {
        assert_eq!(begin(name).await, (204, None));
    }
    assert_eq!(begin("d").await, (503, Some("unavailable".into())));
    assert_eq!(begin("b").await, (204, None), "in its own place");
    // Other transports count too, other addresses do not.
    let bearer = format!("Bearer {}", made.token);
    let upgrade = async |from: &str| {
        try_upgrade(server.address, &[("authorization", bearer.as_str()), ("x-forwarded-for", from)]).await
    };
    assert_eq!(upgrade("192.0.2.1").await.err(), Some(503));
    assert!(upgrade("192.0.2.2").await.is_ok());
    server.stop().await;
}

/// Inserts public rooms, and guests who are members of the lobby.
async fn fill(folder: &std::path::Path, rooms: u32, guests: u32) {
    let mut db = support::database(folder).await;
    db.execute("BEGIN", &[]).await.unwrap();
    for n in 0..rooms {
        let sql = "INSERT INTO room (id, name, name_key, kind, created_at) VALUES ($1, $2, $2, 'public', 1)";
        let (id, name) = (format!("room{n}"), format!("room {n:05}"));
        db.execute(sql, &[Argument::Text(&id), Argument::Text(&name)]).await.unwrap();
    }
    for n in 0..guests {
        let id = Uuid::from_u128(0xfade << 64 | u128::from(n));
        for sql in [
            "INSERT INTO users (id, name, kind, created_at) VALUES ($1, 'gone', 'guest', 1)",
            "INSERT INTO member (room, user_id, read_seq, joined_at, name) VALUES ('lobby', $1, 0, 1, 'gone')",
        ] {
            db.execute(sql, &[Argument::Id(id)]).await.unwrap();
        }
    }
    db.execute("COMMIT", &[]).await.unwrap();
}

#[tokio::test]
async fn rooms_are_listed_in_pages() {
    let temp = tempfile::TempDir::new().unwrap();
    Server::start_in(temp.path(), unlimited()).await.stop().await;
    fill(temp.path(), 1_500, 500).await;
    let server = Server::start_in(temp.path(), unlimited()).await;
    let ann = server.session("ann").await;
    let list = async |query: &str| {
        server.get(&ann.token, &format!("/api/rooms{query}")).await.json::<RoomList>().await.unwrap()
    };
    let first = list("").await;
    assert_eq!((first.rooms.len(), first.rooms[0].id.clone()), (1_001, RoomId::lobby()));
    let second = list(&format!("?after={}", first.next.unwrap().replace(' ', "%20"))).await;
    assert_eq!((second.rooms.len(), second.next), (500, None));
    assert_eq!((second.rooms[0].name.as_str(), first.rooms[1_000].name.as_str()), ("room 01000", "room 00999"));
    let few = list("?limit=2").await;
    assert_eq!((few.rooms.len(), few.next.as_deref()), (3, Some("room 00001")));
    // A page of the chat has some of them, and any room can be shown.
    let page = server.get(&ann.token, "/r/room1400").await.text().await.unwrap();
    assert!(page.contains("room 01400") && page.contains("room 00049") && !page.contains("room 00050"));
    // The start has ended the memberships of guests who have no session.
    let mut db = server.database().await;
    eventually("ended guests are no members", async || db.number("SELECT count(*) FROM member").await == 1).await;
    server.stop().await;
}

#[tokio::test]
async fn a_person_creates_so_many_rooms() {
    let server = Server::start().await;
    let (ann, bob, carl) = (server.account("ann").await, server.account("bob").await, server.account("carl").await);
    let known = server.direct(&ann, &[&bob]).await;
    fill(&server.folder, u32::try_from(limits::MAX_ROOMS_CREATED).unwrap() - 2, 0).await;
    let mut db = server.database().await;
    let make = "UPDATE room SET created_by = $1 WHERE created_by IS NULL AND id <> 'lobby'";
    db.execute(make, &[Argument::Id(ann.user.id.0)]).await.unwrap();
    let create =
        async |name: &str| server.post("/api/rooms", &ann.token, json!({ "name": name, "kind": "private" })).await;
    assert_eq!(create("the last one").await.status, 201);
    assert_eq!(create("one too many").await.refused(), (403, error_code::TOO_MANY_ROOMS.into()));
    let direct = async |with: &Value| server.post("/api/direct", &ann.token, json!({ "users": [with] })).await;
    assert_eq!(direct(&json!(carl.user.id)).await.refused(), (403, error_code::TOO_MANY_ROOMS.into()));
    assert_eq!(server.direct(&ann, &[&bob]).await, known);
    assert_eq!(server.post("/api/rooms", &bob.token, json!({ "name": "x", "kind": "public" })).await.status, 201);
    server.stop().await;
}
