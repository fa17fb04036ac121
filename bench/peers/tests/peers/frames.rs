//! More checks of peers with hand-written WebSocket frames: lengths, partial frames, full sockets, closing.

use std::time::Duration;

use futures::SinkExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::member::Member;
use super::process::{PATIENCE, Peer};

/// A reader that pauses until its socket is full receives everything later and delays nobody.
pub(crate) async fn slow_reader(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    let socket = TcpSocket::new_v4().unwrap();
    // The minimum. The system limits the server's send buffer to 4 MB.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = Member::join_over(socket.connect(peer.address).await.unwrap(), peer, "tea").await;
    slow.send("here").await;
    ada.hears(["here"]).await;
    slow.hears(["here"]).await;
    // 8 MB in total, more than the buffers of both sides.
    let body = |n: usize| format!("{n:0>16000}");
    for n in 0..500 {
        ada.send(&body(n)).await;
        ada.hears([body(n)]).await;
    }
    // While it catches up, a third member joins and the slow one sends a ping.
    slow.socket.send(Message::Ping("anyone?".into())).await.unwrap();
    let mut late = Member::join(peer, "tea").await;
    for n in 500..550 {
        ada.send(&body(n)).await;
        ada.hears([body(n)]).await;
        late.hears([body(n)]).await;
    }
    let mut answered = false;
    let mut next = 0;
    while next < 550 || !answered {
        match slow.frame().await {
            Message::Text(text) => {
                let message: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(message["body"], body(next));
                next += 1;
            }
            Message::Pong(payload) => {
                assert_eq!(&payload[..], b"anyone?");
                answered = true;
            }
            _ => {}
        }
    }
}

/// Frames with each encoding of the length, and a frame sent byte by byte.
pub(crate) async fn sizes(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    for size in [0, 1, 100, 113, 114, 115, 2000, 65_000, 65_523, 65_524] {
        let body = "x".repeat(size);
        ada.send(&body).await;
        ada.hears([body]).await;
    }
    let mut raw = join_raw(peer, "tea").await;
    // A text frame of 7 bytes, masked with zeros.
    for byte in [&[0x81, 0x87, 0, 0, 0, 0][..], b"\"hello\""].concat() {
        raw.write_u8(byte).await.unwrap();
        raw.flush().await.unwrap();
    }
    let mut frame = [0; 9];
    timeout(PATIENCE, raw.read_exact(&mut frame)).await.unwrap().unwrap();
    assert_eq!(&frame, b"\x81\x07\"hello\"");
    assert!(matches!(ada.frame().await, Message::Text(text) if text.as_str() == "\"hello\""));
}

/// A close frame is answered after the client's own messages, and a lost connection does not affect others.
pub(crate) async fn goodbye(peer: &Peer) {
    let mut stays = Member::join(peer, "tea").await;
    let mut goes = Member::join(peer, "tea").await;
    let lost = Member::join(peer, "tea").await;
    goes.send("so long").await;
    goes.socket.close(None).await.unwrap();
    goes.hears(["so long"]).await;
    assert!(matches!(goes.frame().await, Message::Close(Some(_))));
    stays.hears(["so long"]).await;
    drop(lost);
    let mut comes = Member::join(peer, "tea").await;
    for body in ["one", "two", "three"] {
        stays.send(body).await;
        stays.hears([body]).await;
        comes.hears([body]).await;
    }
}

/// Requests that are no WebSocket, unknown paths and unmasked frames end the connection.
pub(crate) async fn strangers(peer: &Peer) {
    for (request, status) in [
        ("GET /room/tea HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400"),
        ("GET /other HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404"),
        ("nonsense\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let mut stream = TcpStream::connect(peer.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with(status), "{answer}");
    }
    let mut ada = Member::join(peer, "tea").await;
    let mut unmasked = join_raw(peer, "tea").await;
    unmasked.write_all(&[0x81, 0x01, b'x']).await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, unmasked.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.is_empty());
    ada.send("quiet again").await;
    ada.hears(["quiet again"]).await;
}

/// Joins without a WebSocket library and returns the stream. Sends the request in small pieces.
async fn join_raw(peer: &Peer, room: &str) -> TcpStream {
    let mut stream = TcpStream::connect(peer.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!(
        "GET /room/{room} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    for part in request.as_bytes().chunks(40) {
        stream.write_all(part).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    stream
}
