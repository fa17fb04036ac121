//! The plain dialect: `/room/<name>` is a room, `{"body":..}` goes in, `{"user":"guest","body":..}` comes out.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::process::{PATIENCE, Peer};

/// One member of a room.
struct Member(WebSocketStream<TcpStream>);

impl Member {
    async fn join(peer: &Peer, room: &str) -> Self {
        Self::join_over(TcpStream::connect(peer.address).await.unwrap(), peer, room).await
    }

    async fn join_over(stream: TcpStream, peer: &Peer, room: &str) -> Self {
        Self(client_async(format!("ws://{}/room/{room}", peer.address), stream).await.unwrap().0)
    }

    async fn send(&mut self, body: &str) {
        self.0.send(Message::text(json!({ "body": body }).to_string())).await.unwrap();
    }

    async fn next(&mut self) -> Message {
        timeout(PATIENCE, self.0.next()).await.unwrap().unwrap().unwrap()
    }

    /// The body of the next message; heartbeats are answered and passed over.
    async fn hear(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.next().await {
                let message: Value = serde_json::from_str(&text).unwrap();
                return message["body"].as_str().unwrap().to_owned();
            }
        }
    }

    async fn hears(&mut self, bodies: impl IntoIterator<Item = String>) {
        for body in bodies {
            assert_eq!(self.hear().await, body);
        }
    }
}

/// Two members hear each other and themselves in one order; another room hears nothing of it.
pub(crate) async fn order(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    let mut ben = Member::join(peer, "tea").await;
    let mut cleo = Member::join(peer, "coffee").await;
    // Whoever hears its own message is a member; only then does nothing of what follows pass it by.
    ben.send("ben is here").await;
    ada.hears(["ben is here".to_owned()]).await;
    ben.hears(["ben is here".to_owned()]).await;
    for n in 0..20 {
        ada.send(&format!("ada {n}")).await;
        ben.send(&format!("ben {n}")).await;
    }
    let (mut at_ada, mut at_ben) = (Vec::new(), Vec::new());
    for _ in 0..40 {
        at_ada.push(ada.hear().await);
        at_ben.push(ben.hear().await);
    }
    assert_eq!(at_ada, at_ben);
    for who in ["ada", "ben"] {
        let said: Vec<_> = at_ada.iter().filter(|body| body.starts_with(who)).cloned().collect();
        assert_eq!(said, (0..20).map(|n| format!("{who} {n}")).collect::<Vec<_>>());
    }
    // Had anything of the other room come to this one, it would have come before this.
    cleo.send("only here").await;
    cleo.hears(["only here".to_owned()]).await;
}

/// A thousand messages at once, at two members.
pub(crate) async fn none_lost(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    let mut ben = Member::join(peer, "tea").await;
    ben.send("here").await;
    ada.hears(["here".to_owned()]).await;
    ben.hears(["here".to_owned()]).await;
    let bodies = || (0..1000).map(|n| format!("{n:0>120}"));
    for part in bodies().collect::<Vec<_>>().chunks(50) {
        for body in part {
            ada.send(body).await;
        }
        ada.hears(part.to_vec()).await;
        ben.hears(part.to_vec()).await;
    }
}

/// A silent member is pinged again and again.
pub(crate) async fn heartbeat(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    for _ in 0..3 {
        while !matches!(ada.next().await, Message::Ping(_)) {}
    }
    ada.send("still here").await;
    ada.hears(["still here".to_owned()]).await;
}

/// A reader that pauses until its socket is full gets all in the end, and keeps nobody else waiting.
pub(crate) async fn slow_reader(peer: &Peer) {
    let mut ada = Member::join(peer, "tea").await;
    let socket = TcpSocket::new_v4().unwrap();
    // As small as the system allows; what the server's side holds is bounded by the system, at 4 MB.
    socket.set_recv_buffer_size(4096).unwrap();
    let mut slow = Member::join_over(socket.connect(peer.address).await.unwrap(), peer, "tea").await;
    slow.send("here").await;
    ada.hears(["here".to_owned()]).await;
    slow.hears(["here".to_owned()]).await;
    // 8 MB in all: more than the buffers on either side hold.
    let body = |n: usize| format!("{n:0>16000}");
    for n in 0..500 {
        ada.send(&body(n)).await;
        ada.hears([body(n)]).await;
    }
    // What waits goes on waiting while it is being read, with a third member and a ping of the slow one between.
    slow.0.send(Message::Ping("anyone?".into())).await.unwrap();
    let mut late = Member::join(peer, "tea").await;
    for n in 500..550 {
        ada.send(&body(n)).await;
        ada.hears([body(n)]).await;
        late.hears([body(n)]).await;
    }
    let mut answered = false;
    let mut next = 0;
    while next < 550 || !answered {
        match slow.next().await {
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

/// Frames with each form of length, and frames that come byte by byte.
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
    assert!(matches!(ada.next().await, Message::Text(text) if text.as_str() == "\"hello\""));
}

/// Who closes gets its answer after what it said itself; who is cut off does not disturb the others.
pub(crate) async fn goodbye(peer: &Peer) {
    let mut stays = Member::join(peer, "tea").await;
    let mut goes = Member::join(peer, "tea").await;
    let lost = Member::join(peer, "tea").await;
    goes.send("so long").await;
    goes.0.close(None).await.unwrap();
    goes.hears(["so long".to_owned()]).await;
    assert!(matches!(goes.next().await, Message::Close(Some(_))));
    stays.hears(["so long".to_owned()]).await;
    drop(lost);
    let mut comes = Member::join(peer, "tea").await;
    for body in ["one", "two", "three"] {
        stays.send(body).await;
        stays.hears([body.to_owned()]).await;
        comes.hears([body.to_owned()]).await;
    }
}

/// What is no WebSocket, no room, or no frame of a client is hung up on.
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
    ada.hears(["quiet again".to_owned()]).await;
}

/// A member without a WebSocket library: the stream after the upgrade. Waits a moment for each byte to go by itself.
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
