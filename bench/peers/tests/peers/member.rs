//! A member of a room, in the peer's dialect.

use std::collections::VecDeque;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::process::{PATIENCE, Peer};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `/room/<name>` is a room. Clients send `{"body":..}` and receive `{"user":"guest","body":..}`; WebSocket pings.
    Plain,
    /// The same, but payloads are forwarded unchanged.
    Bare,
    /// Socket.IO 5 over Engine.IO 4, WebSocket only.
    SocketIo,
    /// The protocol of NATS in WebSocket frames.
    Nats,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The body of a message.
    Body(String),
    Heartbeat,
    /// Anything else, such as a response to joining or a pong.
    Other(String),
}

pub(crate) struct Member {
    pub(crate) socket: WebSocketStream<TcpStream>,
    dialect: Dialect,
    room: String,
    /// NATS: an incomplete item.
    unread: Vec<u8>,
    heard: VecDeque<Heard>,
}

impl Member {
    pub(crate) async fn join(peer: &Peer, room: &str) -> Self {
        Self::join_over(TcpStream::connect(peer.address).await.unwrap(), peer, room).await
    }

    /// Joins over an existing connection, and returns once it is a member.
    pub(crate) async fn join_over(stream: TcpStream, peer: &Peer, room: &str) -> Self {
        let path = match peer.dialect {
            Dialect::Plain | Dialect::Bare => format!("room/{room}"),
            Dialect::SocketIo => "socket.io/?EIO=4&transport=websocket".to_owned(),
            Dialect::Nats => String::new(),
        };
        let (socket, _) = client_async(format!("ws://{}/{path}", peer.address), stream).await.unwrap();
        let mut member =
            Self { socket, dialect: peer.dialect, room: room.to_owned(), unread: Vec::new(), heard: VecDeque::new() };
        match peer.dialect {
            Dialect::Plain | Dialect::Bare => {}
            Dialect::SocketIo => {
                member.expect("0{").await;
                member.write("40".to_owned()).await;
                member.expect("40{").await;
                member.write(format!("42{}", json!(["join", room]))).await;
                member.expect(&format!("42{}", json!(["joined", room]))).await;
            }
            Dialect::Nats => {
                member.expect("INFO ").await;
                member.write(format!("CONNECT {{\"verbose\":false}}\r\nSUB room.{room} 1\r\nPING\r\n")).await;
                member.expect("PONG").await;
            }
        }
        member
    }

    async fn expect(&mut self, start: &str) {
        loop {
            match self.next().await {
                Heard::Other(text) if text.starts_with(start) => return,
                Heard::Heartbeat => {}
                other => panic!("{start} was to come, not {other:?}"),
            }
        }
    }

    async fn write(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, body: &str) {
        let frame = match self.dialect {
            Dialect::Plain | Dialect::Bare => json!({ "body": body }).to_string(),
            Dialect::SocketIo => format!("42{}", json!(["message", { "room": self.room, "body": body }])),
            Dialect::Nats => format!("PUB room.{} {}\r\n{body}\r\n", self.room, body.len()),
        };
        self.write(frame).await;
    }

    pub(crate) async fn frame(&mut self) -> Message {
        timeout(PATIENCE, self.socket.next()).await.unwrap().unwrap().unwrap()
    }

    /// The next item. Answers heartbeats.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return heard;
            }
            match (self.dialect, self.frame().await) {
                (Dialect::Nats, message) => {
                    self.unread.extend_from_slice(&message.into_data());
                    self.read_nats().await;
                }
                (_, Message::Ping(_)) => self.heard.push_back(Heard::Heartbeat),
                (Dialect::SocketIo, Message::Text(text)) => self.read_socket_io(&text).await,
                (dialect, Message::Text(text)) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    let user = if dialect == Dialect::Bare { Value::Null } else { json!("guest") };
                    assert_eq!(message["user"], user);
                    self.heard.push_back(Heard::Body(message["body"].as_str().unwrap().to_owned()));
                }
                (_, message) => self.heard.push_back(Heard::Other(message.to_string())),
            }
        }
    }

    async fn read_socket_io(&mut self, text: &str) {
        if text == "2" {
            self.write("3".to_owned()).await;
            self.heard.push_back(Heard::Heartbeat);
            return;
        }
        let event = text.strip_prefix("42").and_then(|event| serde_json::from_str::<Value>(event).ok());
        match event {
            Some(event) if event[0] == "message" => {
                assert_eq!(event[1]["user"], "guest");
                self.heard.push_back(Heard::Body(event[1]["body"].as_str().unwrap().to_owned()));
            }
            _ => self.heard.push_back(Heard::Other(text.to_owned())),
        }
    }

    async fn read_nats(&mut self) {
        while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\r\n") {
            let line = String::from_utf8(self.unread[..end].to_vec()).unwrap();
            let mut used = end + 2;
            if line == "PING" {
                self.write("PONG\r\n".to_owned()).await;
                self.heard.push_back(Heard::Heartbeat);
            } else if let Some(head) = line.strip_prefix("MSG ") {
                let len: usize = head.rsplit(' ').next().unwrap().parse().unwrap();
                let Some(body) = self.unread.get(used..used + len + 2) else { return };
                assert!(head.starts_with(&format!("room.{} 1 ", self.room)));
                self.heard.push_back(Heard::Body(String::from_utf8(body[..len].to_vec()).unwrap()));
                used += len + 2;
            } else {
                self.heard.push_back(Heard::Other(line));
            }
            self.unread.drain(..used);
        }
    }

    /// The body of the next message.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            if let Heard::Body(body) = self.next().await {
                return body;
            }
        }
    }

    /// Asserts the bodies of the next messages.
    pub(crate) async fn hears<T: AsRef<str>>(&mut self, bodies: impl IntoIterator<Item = T>) {
        for body in bodies {
            assert_eq!(self.hear().await, body.as_ref());
        }
    }
}
