//! How gateway connections end.

use std::time::Duration;

use futures::SinkExt;
use parlor::config::Config;
use parlor_protocol::{CloseCode, PresenceState, ServerFrame};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{Plain, nothing_left, talk_past};
use crate::support::{Client, FrameReader, PATIENCE, Server, eventually, narrow_socket, unlimited};

/// Connects with the smallest possible receive buffer, so that unread data stays on the server.
async fn narrow(server: &Server, path: &str) -> Plain {
    let stream = MaybeTlsStream::Plain(narrow_socket(server.address));
    let request = format!("ws://{}{path}", server.address).into_client_request().unwrap();
    Plain { socket: tokio_tungstenite::client_async(request, stream).await.unwrap().0 }
}

fn tcp(client: &Plain) -> &TcpStream {
    match client.socket.get_ref() {
        MaybeTlsStream::Plain(stream) => stream,
        _ => panic!("not TLS"),
    }
}

/// Resets the connection.
fn reset(client: Plain) {
    socket2::SockRef::from(tcp(&client)).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
}

#[tokio::test]
async fn disconnects_leak_nothing_in_any_state() {
    let heartbeat = Duration::from_secs(1);
    let server = Server::start_with(Config { heartbeat, ..unlimited() }).await;
    // Separate names, because the server may see a connection after its client has closed it.
    let mut names = (0..).map(|n| format!("ann{n}"));
    let mut used = Vec::new();
    for path in ["/gateway/text?name=", "/gateway/json?name=", "/gateway/json?room="] {
        let mut next = || {
            let name = names.next().unwrap();
            used.push(name.clone());
            let path = if path.ends_with("room=") { path.to_owned() } else { format!("{path}{name}") };
            (path, name)
        };
        // Before any data: a close frame, the end of the stream, a reset.
        let mut client = Plain::to(&server, &next().0).await;
        client.socket.close(None).await.unwrap();
        assert_eq!(client.end().await.1, None);
        drop(client);
        drop(Plain::to(&server, &next().0).await);
        reset(Plain::to(&server, &next().0).await);
        // During a message.
        let mut client = Plain::to(&server, &next().0).await;
        if let MaybeTlsStream::Plain(stream) = client.socket.get_mut() {
            stream.write_all(&[0x81, 0xfe, 0x10, 0x00, 1, 2, 3, 4, 5]).await.unwrap();
        }
        reset(client);
        // Right after commands.
        let (path, name) = next();
        let mut client = Plain::to(&server, &path).await;
        client.say_as(&name, "hello").await;
        client.say_as(&name, "@nobody hello").await;
        reset(client);
        // A silent connection that is not closed.
        let client = Plain::to(&server, &next().0).await;
        let used: Vec<_> = used.iter().map(String::as_str).collect();
        nothing_left(&server, &used).await;
        drop(client);
    }
    server.stop().await;
}

#[tokio::test]
async fn guests_are_removed_with_their_connection() {
    // They cannot return, so there is no grace period.
    let server = Server::start_with(Config { leave_grace: Duration::from_secs(600), ..unlimited() }).await;
    let mut bob = server.client("bob").await;
    let ann = Plain::to(&server, "/gateway/text?name=ann").await;
    drop(ann);
    let gone = bob.until(|frame| match frame {
        ServerFrame::Presence { user, state: PresenceState::Offline, .. } if user.name == "ann" => Some(()),
        _ => None,
    });
    gone.await;
    let mut db = server.database().await;
    let sessions = "SELECT count(*) FROM session JOIN users ON users.id = session.user_id WHERE users.name = 'ann'";
    eventually("the guest's session is deleted", async || db.number(sessions).await == 0).await;
    drop(bob);
    nothing_left(&server, &["ann"]).await;
    server.stop().await;
}

#[tokio::test]
async fn half_closed_streams_end_the_connection() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "GET /gateway/text?name=ann HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut all = vec![0; 12];
    stream.read_exact(&mut all).await.unwrap();
    stream.shutdown().await.unwrap();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut all)).await.unwrap().unwrap();
    assert!(all.starts_with(b"HTTP/1.1 101"));
    nothing_left(&server, &["ann"]).await;
    server.stop().await;
}

/// Sends long texts, then short ones, so that slow readers fall behind.
async fn fall_behind(writer: &mut Client, sent: &mut u64, long: usize, short: usize) {
    for n in 0..long + short {
        let text = if n < long { "x".repeat(4_000) } else { "y".into() };
        writer.post(&format!("{sent} {text}")).await;
        *sent += 1;
        if sent.is_multiple_of(10) {
            writer.events_to(*sent).await;
        }
    }
}

/// The number in the next message, or any other line.
async fn number(client: &mut Plain) -> Result<u64, String> {
    let line = client.line().await;
    let told: Value = serde_json::from_str(&line).unwrap();
    let text = told["msg"].as_str().ok_or_else(|| line.clone())?;
    Ok(text.split(' ').nth(1).unwrap().parse().unwrap())
}

/// A server with a client that does not read, and one that writes.
async fn slow_and_writer() -> (Server, Plain, Client) {
    let server = Server::start().await;
    let mut slow = narrow(&server, "/gateway/text?name=slow").await;
    slow.json().await;
    let writer = server.client("writer").await;
    slow.json().await;
    (server, slow, writer)
}

#[tokio::test]
async fn first_overflow_is_replayed_and_the_second_closes() {
    let (server, mut slow, mut writer) = slow_and_writer().await;
    let mut sent = 0;
    fall_behind(&mut writer, &mut sent, 400, 0).await;
    for n in 0..sent {
        assert_eq!(number(&mut slow).await, Ok(n), "nothing is missing");
    }
    fall_behind(&mut writer, &mut sent, 400, 0).await;
    // It gets the reason, unless it has read nothing for longer than the server waits.
    let code = slow.end().await.1;
    assert!(code.is_none() || code == Some(CloseCode::TooSlow.code()), "{code:?}");
    drop(writer);
    nothing_left(&server, &["slow"]).await;
    server.stop().await;
}

#[tokio::test]
async fn clients_too_far_behind_are_told_and_continue() {
    let (server, mut slow, mut writer) = slow_and_writer().await;
    let mut sent = 0;
    fall_behind(&mut writer, &mut sent, 400, 1_000).await;
    let mut next = 0;
    let told = loop {
        match number(&mut slow).await {
            Ok(number) => assert_eq!(number, next, "no hole that is not told"),
            Err(told) => break told,
        }
        next += 1;
    };
    assert!(told.contains("\"gap\"") && next < sent, "{told}");
    // Its own message shows that it has rejoined.
    slow.say("9 here").await;
    assert_eq!(number(&mut slow).await, Ok(9));
    writer.post(&format!("{sent} new")).await;
    assert_eq!(number(&mut slow).await, Ok(sent));
    server.stop().await;
}

#[tokio::test]
async fn stalled_clients_are_closed() {
    let server = Server::start_with(Config { heartbeat: Duration::from_secs(1), ..unlimited() }).await;
    let stuck = narrow(&server, "/gateway/text?name=stuck").await;
    talk_past(&server, 4_000).await;
    nothing_left(&server, &["stuck", "writer"]).await;
    drop(stuck);
    server.stop().await;
}

#[tokio::test]
async fn shutdown_is_announced() {
    let server = Server::start().await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann").await;
    ann.until(|json| json["msg"] == "ann came in").await;
    let mut bea = Plain::to(&server, "/gateway/json?name=bea").await;
    ann.until(|json| json["msg"] == "bea came in").await;
    let stopping = tokio::spawn(server.stop());
    for client in [&mut ann, &mut bea] {
        let (lines, code) = client.end().await;
        assert!(lines.last().unwrap().contains("\"bye\""), "{lines:?}");
        assert_eq!(code, Some(CloseCode::Restarting.code()));
        // Later messages are ignored.
        let _ = client.socket.send(Message::text("too late")).await;
    }
    drop((ann, bea));
    tokio::time::timeout(PATIENCE, stopping).await.unwrap().unwrap();
}
