//! WebSocket on the wire: valid frames are accepted, violations close with the right code (RFC 6455).

use crate::support::{FrameReader, Server, body};
use parlor_protocol::{ClientFrame, ServerFrame, limits};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

struct Raw(TcpStream);

impl Raw {
    async fn open(server: &Server, name: &str) -> Self {
        let token = server.session(name).await.token;
        let mut raw = Self(TcpStream::connect(server.address).await.unwrap());
        let head = raw.ask(&token, "13").await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        raw
    }

    /// Sends the request and returns the response head.
    async fn ask(&mut self, token: &str, version: &str) -> String {
        let request = format!(
            "GET /live/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: {version}\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        self.0.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    async fn send(&mut self, first: u8, payload: &[u8]) {
        self.0.write_all(&frame(first, payload)).await.unwrap();
    }

    /// The opcode and payload of the next frame.
    async fn next(&mut self) -> (u8, Vec<u8>) {
        let [first, second] = [self.0.read_u8().await.unwrap(), self.0.read_u8().await.unwrap()];
        assert_eq!(first & 0xf0, 0x80, "whole messages, no reserved bits");
        let length = match second {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            short @ 0..=125 => u64::from(short),
            masked => panic!("a server's frames are not masked: {masked}"),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut payload).await.unwrap();
        (first & 0xf, payload)
    }

    /// The payload of the next frame with this opcode.
    async fn until(&mut self, opcode: u8) -> Vec<u8> {
        loop {
            let (found, payload) = self.next().await;
            if found == opcode {
                return payload;
            }
        }
    }

    /// The code of the close frame, after which the server must close the connection.
    async fn close_code(mut self) -> u16 {
        let payload = self.until(CLOSE).await;
        assert_eq!(self.0.read(&mut [0; 1]).await.unwrap(), 0, "nothing comes after the close frame");
        u16::from_be_bytes([payload[0], payload[1]])
    }

    async fn text(&mut self) -> ServerFrame {
        ServerFrame::decode(&String::from_utf8(self.until(TEXT).await).unwrap()).unwrap()
    }
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut bytes = vec![first];
    if payload.len() < 126 {
        bytes.push(0x80 | u8::try_from(payload.len()).unwrap());
    } else {
        bytes.push(0x80 | 127);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn hello() -> Vec<u8> {
    ClientFrame::Hello { protocol: parlor_protocol::PROTOCOL_VERSION, resume: vec![] }.encode().into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fragmented_messages_are_joined_and_interleaved_pings_answered() {
    let server = Server::start().await;
    let mut raw = Raw::open(&server, "ann").await;
    let hello = hello();
    let (one, rest) = hello.split_at(7);
    let (two, three) = rest.split_at(1);
    // One byte at a time.
    let bytes = [frame(0x01, one), frame(0x89, b"between"), frame(0x00, two), frame(0x80, three)].concat();
    for byte in bytes {
        raw.0.write_all(&[byte]).await.unwrap();
    }
    assert_eq!(raw.next().await, (PONG, b"between".to_vec()));
    assert!(matches!(raw.text().await, ServerFrame::Welcome { .. }));
    for n in 0..10_u8 {
        raw.send(0x80 | PING, &[n; 125]).await;
    }
    for n in 0..10_u8 {
        assert_eq!(raw.until(PONG).await, [n; 125]);
    }
    raw.send(0x8a, b"a pong that nobody asked for").await;
    raw.send(0x80 | CLOSE, &1000_u16.to_be_bytes()).await;
    assert_eq!(raw.close_code().await, 1000);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn protocol_violations_close_with_the_right_code() {
    let server = Server::start().await;
    let mut bystander = server.client("bob").await;
    let mut unmasked = frame(0x81, b"{}");
    unmasked[1] &= 0x7f;
    let too_long = frame(0x81, &vec![b'x'; limits::MAX_FRAME_BYTES + 1]);
    for (what, bytes, code) in [
        ("no mask", unmasked, 1002),
        ("a reserved bit", frame(0xc1, b"{}"), 1002),
        ("a piece of nothing", frame(0x80, b"{}"), 1002),
        ("a close code that is never sent", frame(0x88, &1006_u16.to_be_bytes()), 1002),
        ("no UTF-8", frame(0x81, &[0xff]), 1007),
        ("longer than a frame may be", too_long, 4009),
    ] {
        let mut raw = Raw::open(&server, "ann").await;
        raw.send(0x81, &hello()).await;
        assert!(matches!(raw.text().await, ServerFrame::Welcome { .. }));
        raw.0.write_all(&bytes).await.unwrap();
        assert_eq!(raw.close_code().await, code, "{what}");
    }
    let id = bystander.post("still here").await;
    bystander.acked(id).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsupported_version_is_answered_with_the_supported_one() {
    let server = Server::start().await;
    let token = server.session("ann").await.token;
    let mut raw = Raw(TcpStream::connect(server.address).await.unwrap());
    let head = raw.ask(&token, "8").await.to_lowercase();
    assert!(head.starts_with("http/1.1 426 ") && head.contains("sec-websocket-version: 13"), "{head}");
    server.stop().await;
}

/// A slow reader's socket takes part of a write at once; the rest is sent from the queue. Nothing may be lost, doubled
/// or
/// torn at the boundary.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paused_reader_receives_all_events_in_order() {
    const MESSAGES: usize = 80;
    let server = Server::start().await;
    let mut slow = server.client("slow").await;
    let mut writer = server.client("writer").await;
    let text = "long ".repeat(400);
    let mut last = None;
    for n in 0..MESSAGES {
        last = Some(writer.post(&format!("{n} {text}")).await);
    }
    writer.acked(last.unwrap()).await;
    // More than the system's buffers hold and less than the queue; then it reads.
    let mut said = Vec::new();
    while said.len() < MESSAGES {
        match slow.next().await {
            ServerFrame::Event(event) => said.push(body(&event).to_owned()),
            ServerFrame::Gap { .. } => panic!("so much fits into its queue"),
            _ => {}
        }
    }
    assert!(said.iter().enumerate().all(|(n, said)| said.starts_with(&format!("{n} "))));
    server.stop().await;
}
