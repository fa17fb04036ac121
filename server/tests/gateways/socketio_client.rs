//! A Socket.IO client at packet level, over WebSocket and polling.

use futures::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::support::{PATIENCE, Server, Socket, http_client};

pub(super) struct Io {
    pub(super) socket: Socket,
    acks: u64,
}

impl Io {
    /// Connects, which must succeed.
    pub(super) async fn to(server: &Server, auth: Value) -> Self {
        Self::with(server, auth, &[]).await.unwrap()
    }

    /// Connects, or returns the message of the `connect_error`.
    pub(super) async fn with(server: &Server, auth: Value, headers: &[(&'static str, &str)]) -> Result<Self, String> {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.address);
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().append(*name, value.parse().unwrap());
        }
        let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|error| error.to_string())?;
        let mut io = Self { socket, acks: 0 };
        assert!(io.packet().await.unwrap().starts_with("0{"));
        io.send(&format!("40{auth}")).await;
        let answer = io.packet().await.unwrap();
        match answer.strip_prefix("44") {
            Some(error) => Err(serde_json::from_str::<Value>(error).unwrap()["message"].as_str().unwrap().into()),
            None if answer.starts_with("40{") => Ok(io),
            None => panic!("{answer}"),
        }
    }

    pub(super) async fn send(&mut self, packet: &str) {
        self.socket.send(Message::text(packet)).await.unwrap();
    }

    /// The next packet. Answers heartbeats.
    pub(super) async fn packet(&mut self) -> Option<String> {
        let next = async {
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Text(text))) if text.as_str() == "2" => {
                        let _ = self.socket.send(Message::text("3")).await;
                    }
                    Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                    Some(Ok(_)) => {}
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("a packet in time")
    }

    pub(super) async fn emit(&mut self, event: &str, data: Value) {
        self.send(&format!("42{}", json!([event, data]))).await;
    }

    /// Emits and returns the acknowledgement.
    pub(super) async fn ask(&mut self, event: &str, data: Value) -> Value {
        self.acks += 1;
        let id = self.acks;
        self.send(&format!("42{id}{}", json!([event, data]))).await;
        let prefix = format!("43{id}[");
        loop {
            let packet = self.packet().await.unwrap();
            if packet.starts_with(&prefix) {
                let answer: Value = serde_json::from_str(&packet[prefix.len() - 1..]).unwrap();
                return answer[0].clone();
            }
        }
    }

    pub(super) async fn on(&mut self, event: &str) -> Value {
        self.event_or_end(event).await.expect("an event")
    }

    pub(super) async fn event_or_end(&mut self, event: &str) -> Option<Value> {
        loop {
            let packet = self.packet().await?;
            if let Some(json) = packet.strip_prefix("42") {
                let json: Value = serde_json::from_str(json).unwrap();
                if json[0] == event {
                    return Some(json[1].clone());
                }
            }
        }
    }

    pub(super) async fn message(&mut self) -> String {
        self.on("message").await.as_str().unwrap().to_owned()
    }
}

/// Sends one request of a polling client.
pub(super) async fn polled(server: &Server, method: Method, query: &str, body: &str) -> (u16, String) {
    let url = server.url(&format!("/socket.io/?EIO=4&transport=polling{query}"));
    let answer = http_client().request(method, url).body(body.to_owned()).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Opens a polling session and returns its query parameter.
pub(super) async fn polling(server: &Server) -> String {
    let (_, open) = polled(server, Method::GET, "", "").await;
    let open: Value = serde_json::from_str(open.strip_prefix('0').unwrap()).unwrap();
    format!("&sid={}", open["sid"].as_str().unwrap())
}
