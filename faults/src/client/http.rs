//! The parts of the HTTP API that the clients need.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use parlor_protocol::{
    EventKind, RoomId, RoomKind,
    http::{CreateRoomRequest, CreateSessionRequest, CreatedRoom, CreatedSession, EventPage, MessagePage},
};
use reqwest::{Method, RequestBuilder};

use crate::checker::RoomLog;

/// Timeout of requests except streams.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// HTTP client of one user.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
    address: SocketAddr,
}

impl Http {
    /// Creates a client with its own connection pool.
    pub fn new(address: SocketAddr) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, address })
    }

    /// An authenticated request without a timeout.
    pub(super) fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(token)
    }

    pub async fn session(&self, name: &str) -> anyhow::Result<CreatedSession> {
        let request = self.client.post(format!("http://{}/api/session", self.address));
        let answer = request.json(&CreateSessionRequest { name: name.into() }).timeout(ANSWER_TIMEOUT).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Creates a public room.
    pub async fn make_room(&self, token: &str, name: &str) -> anyhow::Result<RoomId> {
        let room = CreateRoomRequest { name: name.into(), kind: RoomKind::Public };
        let request = self.request(Method::POST, "/api/rooms", token).json(&room).timeout(ANSWER_TIMEOUT);
        let made: CreatedRoom = request.send().await?.error_for_status()?.json().await?;
        Ok(made.room.id)
    }

    pub async fn newest_page(&self, token: &str, room: &RoomId) -> anyhow::Result<MessagePage> {
        let path = format!("/api/rooms/{room}/messages?limit=50");
        let answer = self.request(Method::GET, &path, token).timeout(ANSWER_TIMEOUT).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// The full log of each room.
    pub async fn history(&self, token: &str, rooms: &[RoomId]) -> anyhow::Result<BTreeMap<RoomId, RoomLog>> {
        let mut history = BTreeMap::new();
        for room in rooms {
            history.insert(room.clone(), self.log(token, room).await.with_context(|| format!("the log of {room}"))?);
        }
        Ok(history)
    }

    async fn log(&self, token: &str, room: &RoomId) -> anyhow::Result<RoomLog> {
        let mut log = RoomLog::new();
        loop {
            let after = log.last().map_or(0, |(seq, _)| *seq);
            let path = format!("/api/rooms/{room}/events?after={after}");
            let answer = self.request(Method::GET, &path, token).timeout(ANSWER_TIMEOUT).send().await?;
            let page: EventPage = answer.error_for_status()?.json().await?;
            if page.events.is_empty() {
                ensure!(page.head == after, "the head is {} and the last event {after}", page.head);
                return Ok(log);
            }
            for event in page.events {
                ensure!(matches!(event.event, EventKind::Message { .. }), "{event:?} is no message");
                log.push((event.seq, event.id));
            }
        }
    }
}
