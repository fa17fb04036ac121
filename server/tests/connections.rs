//! Connections: limits, timeouts, heartbeats, presence and ends.

use std::time::{Duration, Instant};

use crate::support::{self, Client, Ended, FrameReader, PATIENCE, Server, eventually, join, try_upgrade};
use futures::StreamExt;
use parlor::config::{Config, Guests};
use parlor_protocol::{ClientFrame, CloseCode, PresenceState, RoomId, ServerFrame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn presence(frame: &ServerFrame) -> Option<(String, PresenceState, u64)> {
    match frame {
        ServerFrame::Presence { user, state, online_count, .. } => Some((user.name.clone(), *state, *online_count)),
        _ => None,
    }
}

/// Joins the lobby; returns how many online users are listed, and their count.
async fn joined(client: &mut Client) -> (usize, u64) {
    client.say(&join(&RoomId::lobby(), None)).await;
    client
        .until(|frame| match frame {
            ServerFrame::Joined { online, online_count, .. } => Some((online.len(), *online_count)),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn presence_changes_are_announced_once_without_short_absences() {
    let leave_grace = Duration::from_secs(6);
    let server = Server::start_with(Config { leave_grace, ..Config::default() }).await;
    let mut ann = server.client("ann").await;
    let bob_session = server.session("bob").await;
    let bob = Client::in_lobby(server.address, &bob_session).await;
    assert_eq!(ann.until(presence).await, ("bob".into(), PresenceState::Online, 2));
    // A second tab, then both close and one returns in time: nothing is announced.
    let tab = Client::in_lobby(server.address, &bob_session).await;
    drop(tab);
    drop(bob);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut bob = Client::greet(server.address, &bob_session).await;
    assert_eq!(joined(&mut bob).await, (2, 2));
    // Typing is sent to others only, and rate limited.
    let begun = Instant::now();
    for _ in 0..5 {
        bob.say(&ClientFrame::Typing { room: RoomId::lobby() }).await;
    }
    bob.send("done").await;
    let mut typing = 0;
    loop {
        match ann.next().await {
            ServerFrame::Typing { user, .. } if user.name == "bob" => typing += 1,
            ServerFrame::Event(_) => break,
            frame => panic!("not to be told: {frame:?}"),
        }
    }
    assert!((1..=1 + begun.elapsed().as_secs()).contains(&typing), "{typing}");
    // Gone: announced once, after the grace period.
    let begun = Instant::now();
    drop(bob);
    assert_eq!(ann.until(presence).await, ("bob".into(), PresenceState::Offline, 1));
    assert!(begun.elapsed() >= leave_grace);
    // Leaving is announced at once.
    let mut cleo = server.client("cleo").await;
    assert_eq!(ann.until(presence).await, ("cleo".into(), PresenceState::Online, 2));
    cleo.say(&ClientFrame::Leave { room: RoomId::lobby() }).await;
    assert_eq!(ann.until(presence).await, ("cleo".into(), PresenceState::Offline, 1));
    server.stop().await;
}

#[tokio::test]
async fn silent_connections_time_out_and_answering_ones_stay() {
    let (heartbeat, heartbeat_grace) = (Duration::from_millis(1_500), Duration::from_millis(750));
    let server = Server::start_with(Config { heartbeat, heartbeat_grace, ..Config::default() }).await;
    let mut frozen = server.client("frozen").await;
    let mut alive = server.client("alive").await;
    let begun = Instant::now();
    // Reading answers pings; the frozen client does not read.
    while server.connections() > 1 {
        assert!(begun.elapsed() < PATIENCE, "the frozen one is still there");
        let _ = tokio::time::timeout(Duration::from_millis(100), alive.socket.next()).await;
    }
    alive.send("still here").await;
    // It finds the reason later, unless its late pongs reach a closed socket first.
    let ended = frozen.ended().await;
    let missed = Some(CloseCode::HeartbeatMissed.code());
    assert!(ended.code == missed || ended.code.is_none(), "{ended:?}");
    server.stop().await;
}

#[tokio::test]
async fn incomplete_requests_and_silent_sockets_time_out() {
    let server = Server::start_with(Config { head_timeout: Duration::from_millis(500), ..Config::default() }).await;
    let closed = |opening: &'static str| {
        let address = server.address;
        async move {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(opening.as_bytes()).await.unwrap();
            let mut rest = Vec::new();
            tokio::time::timeout(PATIENCE, socket.read_to_end(&mut rest)).await.unwrap().unwrap();
        }
    };
    tokio::join!(closed(""), closed("GET /live/ws HT"), closed("GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "));
    let mut ann = server.client("ann").await;
    ann.send("the others go on").await;
    server.stop().await;
}

#[tokio::test]
async fn response_reaches_clients_that_are_still_sending() {
    const LENGTH: usize = 200_000;
    let part = [b'x'; LENGTH / 4];
    let server = Server::start().await;
    let made = server.session("ann").await;
    let mut socket = TcpStream::connect(server.address).await.unwrap();
    let (host, token) = (server.address, &made.token);
    let head = format!(
        "POST /api/rooms HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {LENGTH}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&part).await.unwrap();
    read_until(&mut socket, "HTTP/1.1 413 ").await;
    for _ in 0..3 {
        socket.write_all(&part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The connection can be reused.
    socket.write_all(format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    read_until(&mut socket, "HTTP/1.1 200 ").await;
    server.stop().await;
}

async fn read_until(socket: &mut TcpStream, wanted: &str) {
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains(wanted) {
        let read = tokio::time::timeout(PATIENCE, socket.read_buf(&mut answer)).await.unwrap().unwrap();
        assert_ne!(read, 0, "closed before {wanted}: {}", String::from_utf8_lossy(&answer));
    }
}

#[tokio::test]
async fn connection_limit_is_enforced_and_slots_are_released() {
    let server = Server::start_with(Config { max_connections: 3, ..Config::default() }).await;
    let made = server.session("ann").await;
    let mut one = Client::greet(server.address, &made).await;
    let bearer = format!("Bearer {}", made.token);
    let mut held = Vec::new();
    let refused = loop {
        match try_upgrade(server.address, &[("authorization", bearer.as_str())]).await {
            Ok(socket) => held.push(socket),
            Err(status) => break status,
        }
        assert!(held.len() <= 3);
    };
    assert_eq!(refused, 503);
    one.send("those who are in stay in").await;
    drop(held);
    let upgrade = async || try_upgrade(server.address, &[("authorization", bearer.as_str())]).await;
    eventually("a slot is free", async || upgrade().await.is_ok()).await;
    server.stop().await;
}

#[tokio::test]
async fn signing_out_closes_live_connections() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    let request = support::http_client().delete(server.url("/api/session")).bearer_auth(&ann.token);
    assert_eq!(request.send().await.unwrap().status(), 204);
    let revoked = Some(CloseCode::SessionRevoked.code());
    assert_eq!(ann.ended().await, Ended { code: revoked, bye: revoked });
    assert_eq!(server.get(&ann.token, "/api/me").await.status(), 401);
    server.stop().await;
}

#[tokio::test]
async fn abrupt_disconnects_leak_nothing_in_any_state() {
    let server = Server::start_with(Config { leave_grace: Duration::from_millis(100), ..Config::default() }).await;
    let mut ann = server.client("ann").await;
    let made = server.session("mortal").await;
    for state in 0..6 {
        let mut client = Client::connect(server.address, &made).await;
        if state > 0 {
            client.hello(vec![]).await;
        }
        if state > 1 {
            client.join("lobby", Some(0)).await;
        }
        if state > 2 {
            client.post("unanswered").await;
        }
        if state > 3 {
            client.socket.close(None).await.unwrap();
        }
        if state == 5 {
            client.ended().await;
        }
        drop(client);
    }
    let id = ann.post("after them").await;
    ann.acked(id).await;
    eventually("one user is online", async || joined(&mut ann).await.1 == 1).await;
    server.stop().await;
}

#[tokio::test]
async fn health_check_and_security_headers() {
    let server = Server::start().await;
    let client = support::http_client();
    let store = if support::store::is_postgres() { "PostgreSQL" } else { "SQLite" };
    for (path, text) in [("/healthz", "ok\n"), ("/readyz", &format!("ready\nstore: {store}, "))] {
        let answer = client.get(server.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
        let answer = answer.text().await.unwrap();
        assert!(answer.starts_with(text), "{answer}");
    }
    server.stop().await;
}

#[tokio::test]
async fn guests_are_restricted_to_allowed_rooms() {
    let server = Server::start_with(Config { guests: Some(Guests::LobbyOnly), ..Config::default() }).await;
    let mut ann = server.client("ann").await;
    let new_room = support::http_client().post(server.url("/api/rooms")).bearer_auth(&ann.token);
    assert_eq!(new_room.json(&serde_json::json!({"name": "x"})).send().await.unwrap().status(), 403);
    ann.send("the lobby is ours").await;
    let temp = server.stop().await.unwrap();

    // A room created before the restriction is hidden: in the list, over HTTP, and on the live connection.
    let server = Server::start_in(temp.path(), Config::default()).await;
    let room = server.new_room(&ann.token, "Garden").await.room.id;
    server.stop().await;
    let server = Server::start_in(temp.path(), Config { guests: Some(Guests::LobbyOnly), ..Config::default() }).await;
    let rooms: parlor_protocol::http::RoomList = server.get(&ann.token, "/api/rooms").await.json().await.unwrap();
    assert_eq!(rooms.rooms.len(), 1);
    for path in ["messages", "events"] {
        assert_eq!(server.get(&ann.token, &format!("/api/rooms/{room}/{path}")).await.status(), 404);
    }
    let mut ann = Client::connect(server.address, &ann.session()).await;
    assert!(matches!(ann.hello(vec![]).await, ServerFrame::Welcome { rooms, .. } if rooms.len() == 1));
    ann.say(&join(&room, None)).await;
    assert_eq!(ann.refusal().await, parlor_protocol::error_code::NOT_FOUND);
    server.stop().await;

    let server = Server::start_with(Config { guests: Some(Guests::Off), ..Config::default() }).await;
    let enter = support::http_client().post(server.url("/api/session")).json(&serde_json::json!({"name": "ann"}));
    assert_eq!(enter.send().await.unwrap().status(), 403);
    server.stop().await;
}

#[tokio::test]
async fn rate_limited_senders_are_told_when_to_retry() {
    let server = Server::start_with(Config::default()).await;
    let mut ann = server.client("ann").await;
    let mut waits = Vec::new();
    let mut sent = 0;
    // The limit is a burst of 500 and 50 per second, which this exceeds even on a busy machine.
    while waits.is_empty() {
        for n in 0..700 {
            ann.post(&format!("{n}")).await;
        }
        sent += 700;
        let mut answered = 0;
        while answered < 700 {
            match ann.next().await {
                ServerFrame::Ack { .. } => answered += 1,
                ServerFrame::Refused { code, retry_after_ms, .. } => {
                    assert_eq!(code, parlor_protocol::error_code::RATE_LIMITED);
                    waits.push(retry_after_ms.unwrap());
                    answered += 1;
                }
                _ => {}
            }
        }
    }
    assert!(waits.len() <= sent - 500 && waits.iter().all(|wait| (1..=1_000).contains(wait)), "{waits:?}");
    tokio::time::sleep(Duration::from_millis(waits[0] + 50)).await;
    ann.send("now it goes").await;
    // Flooding ends the connection.
    let mut flood = server.client("flood").await;
    for _ in 0..40_000 {
        if flood.try_say(&ClientFrame::Typing { room: RoomId::lobby() }).await.is_none() {
            break;
        }
    }
    let ended = flood.ended().await;
    assert!(ended.code == Some(CloseCode::Flooding.code()) || ended.code.is_none(), "{ended:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_takes_no_response_is_disconnected() {
    let server = Server::start_with(Config { write_timeout: Duration::from_millis(300), ..support::unlimited() }).await;
    let mut stream = support::narrow_socket(server.address);
    stream.writable().await.unwrap();
    // Each response is a page. None is read.
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100);
    let writing = async { while stream.write_all(&request).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), writing).await.expect("the server has closed the connection");
    server.stop().await;
}
