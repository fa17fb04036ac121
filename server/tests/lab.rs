//! The network lab: endpoints, and how streams are counted and released.

mod clocks;
mod echo;
mod handshake;
mod memory;
mod streams;

use std::{net::SocketAddr, time::Duration, time::Instant};

use futures::StreamExt;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::CloseFrame};

use crate::support::{PATIENCE, Server, Socket, http_client};

/// Each kind of stream: its gauge, its path, and whether it is a WebSocket.
const KINDS: [(&str, &str, bool); 5] = [
    ("poll", "/lab/clock/poll", false),
    ("frame", "/lab/clock/frame", false),
    ("events", "/lab/clock/events", false),
    ("ws", "/lab/clock/ws", true),
    ("echo", "/lab/echo", true),
];

fn request(path: &str, websocket: bool) -> String {
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{}\r\n", if websocket { upgrade } else { "" })
}

async fn ask(address: SocketAddr, path: &str, websocket: bool) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request(path, websocket).as_bytes()).await.unwrap();
    stream
}

/// Reads until the text has arrived.
async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut read = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&read).contains(wanted) {
            let count = stream.read_buf(&mut read).await.unwrap();
            assert_ne!(count, 0, "ended before {wanted}: {}", String::from_utf8_lossy(&read));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect(wanted);
    String::from_utf8_lossy(&read).into_owned()
}

async fn get(address: SocketAddr, path: &str) -> reqwest::Response {
    http_client().get(format!("http://{address}{path}")).send().await.unwrap()
}

async fn json(address: SocketAddr, path: &str) -> Value {
    get(address, path).await.json().await.unwrap()
}

async fn socket(server: &Server, path: &str, headers: &[(&'static str, HeaderValue)]) -> Socket {
    let mut request = format!("ws://{}{path}", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.clone());
    }
    tokio_tungstenite::connect_async(request).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Message {
    tokio::time::timeout(PATIENCE, socket.next()).await.expect("a message in time").unwrap().unwrap()
}

async fn closed(socket: &mut Socket) -> Option<CloseFrame> {
    loop {
        if let Message::Close(frame) = next(socket).await {
            return frame;
        }
    }
}

/// Waits until the gauges match.
async fn gauges(address: SocketAddr, mut fit: impl FnMut(&Value) -> bool) {
    let begun = Instant::now();
    loop {
        let streams = json(address, "/lab/streams").await;
        if fit(&streams) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{streams}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until no stream is open.
async fn nothing_open(server: &Server) {
    let zeroes = serde_json::json!({ "poll": 0, "frame": 0, "events": 0, "ws": 0, "echo": 0 });
    gauges(server.address, |streams| streams["total"] == 0 && streams["lab_streams"] == zeroes).await;
}
