//! The gateways.

mod disconnects;
mod permissions;
mod plain;
mod socketio;
mod socketio_client;

use std::time::{Duration, Instant};

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};

use crate::support::{PATIENCE, Server, Socket};

/// Messages of each sender in tests of the order.
const MESSAGES: usize = 2_000;

/// Messages sent without waiting. Those of all senders fit into a client's queue.
const ROUND: usize = 125;

/// Asserts that all received the same, and each sender's messages in order. Returns them.
async fn same_order(talking: Vec<JoinHandle<Vec<String>>>, senders: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for client in talking {
        all.push(client.await.unwrap());
    }
    for sender in senders {
        let of = all[0].iter().filter_map(|line| line.strip_prefix(&format!("{sender}: "))?.parse::<usize>().ok());
        assert!(of.eq(0..MESSAGES), "{sender}'s messages are in their order");
    }
    assert!(all.iter().all(|heard| *heard == all[0]), "everyone hears one order");
    all.swap_remove(0)
}

/// Sends more, as the user "writer", than fits into the queue of a client that does not read.
async fn talk_past(server: &Server, length: usize) {
    let mut writer = Plain::to(server, "/gateway/text?name=writer").await;
    for n in 0..300 {
        writer.say(format!("{n}{}", "x".repeat(length))).await;
        writer.message().await;
    }
}

/// Waits until no connection is left and the guest names are available.
async fn nothing_left(server: &Server, names: &[&str]) {
    let begun = Instant::now();
    let mut names = names.iter().peekable();
    // A replaced connection is briefly absent, so wait until the state is stable.
    while server.connections() > 0 || names.peek().is_some() {
        assert!(begun.elapsed() < PATIENCE, "{} connections are left, and {names:?}", server.connections());
        if let Some(name) = names.peek()
            && server.try_guest(name).await.status == 200
        {
            names.next();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct Plain {
    socket: Socket,
}

impl Plain {
    async fn to(server: &Server, path: &str) -> Self {
        Self::with(server, path, &[]).await.unwrap()
    }

    /// Connects with further headers, or returns the status and error code.
    async fn with(server: &Server, path: &str, headers: &[(&'static str, &str)]) -> Result<Self, (u16, String)> {
        let mut request = format!("ws://{}{path}", server.address).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(tungstenite::Error::Http(response)) => {
                let body: Option<Value> = response.body().as_ref().and_then(|body| serde_json::from_slice(body).ok());
                let code = body.and_then(|body| Some(body["error"]["code"].as_str()?.to_owned()));
                Err((response.status().as_u16(), code.unwrap_or_default()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    async fn say(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    async fn say_as(&mut self, nickname: &str, message: &str) {
        self.say(serde_json::json!({ "nickname": nickname, "message": message, "time": 1 }).to_string()).await;
    }

    async fn line_or_end(&mut self) -> Result<String, Option<u16>> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                    Some(Ok(other)) => panic!("unexpected {other:?}"),
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a text in time")
    }

    async fn line(&mut self) -> String {
        self.line_or_end().await.unwrap()
    }

    async fn json(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    /// The next matching object.
    async fn until(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Value {
        loop {
            let json = self.json().await;
            if fits(&json) {
                return json;
            }
        }
    }

    async fn message(&mut self) -> String {
        let json = self.until(|json| json["type"] == 2).await;
        json["msg"].as_str().unwrap().to_owned()
    }

    async fn error(&mut self) -> String {
        let json = self.until(|json| json["error"].is_string()).await;
        assert!(!json["message"].as_str().unwrap().is_empty());
        json["error"].as_str().unwrap().to_owned()
    }

    /// Reads to the end; returns the lines and the close code.
    async fn end(&mut self) -> (Vec<String>, Option<u16>) {
        let mut lines = Vec::new();
        loop {
            match self.line_or_end().await {
                Ok(line) => lines.push(line),
                Err(code) => return (lines, code),
            }
        }
    }
}
