//! Clients over HTTP: they receive frames by an event stream or by long polling, and post their own.

use std::{collections::VecDeque, net::SocketAddr};

use parlor_protocol::{
    ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, RoomId, Seq, ServerFrame,
    http::{CreatedSession, ErrorResponse},
};
use uuid::Uuid;

use super::{FrameReader, PATIENCE, http_client, message};

#[derive(Clone)]
pub struct Requests {
    pub address: SocketAddr,
    pub token: String,
    pub name: Option<String>,
    pub http: reqwest::Client,
}

impl Requests {
    pub fn new(address: SocketAddr, made: &CreatedSession, name: Option<&str>) -> Self {
        Self { address, token: made.token.clone(), name: name.map(str::to_owned), http: http_client() }
    }

    pub fn url(&self, endpoint: &str) -> String {
        let query = self.name.as_ref().map(|name| format!("?connection={name}")).unwrap_or_default();
        format!("http://{}/live/{endpoint}{query}", self.address)
    }

    pub async fn try_post_text(&self, body: impl Into<reqwest::Body>) -> reqwest::Result<reqwest::Response> {
        self.http.post(self.url("frames")).bearer_auth(&self.token).body(body).send().await
    }

    /// Posts a body; returns the status, and the code of an error.
    pub async fn post_text(&self, body: impl Into<reqwest::Body>) -> (u16, Option<String>) {
        status_and_code(self.try_post_text(body).await.unwrap()).await
    }

    /// Posts frames, which must be accepted.
    pub async fn post(&self, frames: &[ClientFrame]) {
        assert_eq!(self.post_text(array(frames)).await, (204, None));
    }

    pub async fn hello(&self, resume: Vec<Cursor>) {
        self.post(&[ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }]).await;
    }

    /// Sends a message to the lobby without waiting for the ack.
    pub async fn say(&self, body: &str) -> CommandId {
        let id = CommandId(Uuid::now_v7());
        self.post(&[message(id, body)]).await;
        id
    }

    pub async fn get(&self, endpoint: &str, last_event_id: Option<&str>) -> reqwest::Response {
        let mut request = self.http.get(self.url(endpoint)).bearer_auth(&self.token);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        tokio::time::timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap()
    }

    pub async fn stream(&self, last_event_id: Option<&str>) -> Stream {
        let response = self.get("sse", last_event_id).await;
        assert_eq!(response.status(), 200);
        Stream::of(response)
    }

    pub async fn poll(&self) -> Vec<ServerFrame> {
        let response = self.get("poll", None).await;
        assert_eq!(response.status(), 200);
        frames(&response.text().await.unwrap())
    }

    /// The status and error code of a refused poll.
    pub async fn refused_poll(&self) -> (u16, Option<String>) {
        status_and_code(self.get("poll", None).await).await
    }
}

pub async fn status_and_code(response: reqwest::Response) -> (u16, Option<String>) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str::<ErrorResponse>(&text).ok().map(|answer| answer.error.code))
}

pub fn array(frames: &[ClientFrame]) -> String {
    format!("[{}]", frames.iter().map(ClientFrame::encode).collect::<Vec<_>>().join(","))
}

pub fn lobby(after: Option<Seq>) -> Cursor {
    Cursor { room: RoomId::lobby(), after, tail: None }
}

fn frames(text: &str) -> Vec<ServerFrame> {
    let values: Vec<serde_json::Value> = serde_json::from_str(text).unwrap();
    values.into_iter().map(|value| ServerFrame::decode(&value.to_string()).unwrap()).collect()
}

/// One block of an event stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    pub retry: Option<u64>,
    pub comment: Option<String>,
}

pub struct Stream {
    pub response: reqwest::Response,
    text: String,
    pub last_id: Option<String>,
}

impl Stream {
    pub fn of(response: reqwest::Response) -> Self {
        Self { response, text: String::new(), last_id: None }
    }

    /// The next block; `None` at the end of the stream.
    pub async fn block(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let mut read = Block::default();
                for line in block.lines() {
                    match line.split_once(": ").unwrap_or_else(|| panic!("{line:?}")) {
                        ("", comment) => read.comment = Some(comment.into()),
                        ("id", id) => read.id = Some(id.into()),
                        ("event", event) => read.event = Some(event.into()),
                        ("data", data) => assert!(read.data.replace(data.into()).is_none(), "{block:?}"),
                        ("retry", retry) => read.retry = Some(retry.parse().unwrap()),
                        _ => panic!("{line:?}"),
                    }
                }
                self.text = rest.to_owned();
                if read.id.is_some() {
                    self.last_id.clone_from(&read.id);
                }
                return Some(read);
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("bytes in time");
            let bytes = chunk.ok().flatten()?;
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }

    /// Reads to the end; returns the code of a `bye`.
    pub async fn ended(&mut self) -> Option<u16> {
        let mut bye = None;
        while let Some(frame) = self.next_or_none().await {
            if let ServerFrame::Bye { code, .. } = frame {
                bye = Some(code);
            }
        }
        bye
    }
}

impl FrameReader for Stream {
    async fn next_or_none(&mut self) -> Option<ServerFrame> {
        loop {
            let block = self.block().await?;
            if let (None, Some(data)) = (&block.event, &block.data) {
                return Some(ServerFrame::decode(data).unwrap());
            }
        }
    }
}

/// A client that polls again after each response.
pub struct Poller {
    pub requests: Requests,
    waiting: VecDeque<ServerFrame>,
}

impl Poller {
    pub fn new(requests: Requests) -> Self {
        Self { requests, waiting: VecDeque::new() }
    }
}

impl FrameReader for Poller {
    async fn next_or_none(&mut self) -> Option<ServerFrame> {
        while self.waiting.is_empty() {
            self.waiting.extend(self.requests.poll().await);
        }
        self.waiting.pop_front()
    }
}
