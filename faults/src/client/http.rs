//! The parts of the HTTP API that the clients need.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::{Context, ensure};
use parlor_protocol::{
    Event, RoomId, RoomKind, UserId,
    http::{
        AddMemberRequest, BanRequest, CreateAccountRequest, CreateRoomRequest, CreateSessionRequest, CreatedRoom,
        CreatedSession, EventPage, MessagePage, Secret,
    },
};
use reqwest::{Method, RequestBuilder, StatusCode};

/// Timeout of requests except streams.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Timeout of a change that is tried again on another node.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(4);

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

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Requests go to another server from now on.
    pub(super) const fn set_address(&mut self, address: SocketAddr) {
        self.address = address;
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

    pub async fn make_room(&self, token: &str, name: &str, kind: RoomKind) -> anyhow::Result<RoomId> {
        let room = CreateRoomRequest { name: name.into(), kind };
        let request = self.request(Method::POST, "/api/rooms", token).json(&room).timeout(ANSWER_TIMEOUT);
        let made: CreatedRoom = request.send().await?.error_for_status()?.json().await?;
        Ok(made.room.id)
    }

    pub async fn newest_page(&self, token: &str, room: &RoomId) -> anyhow::Result<MessagePage> {
        let path = format!("/api/rooms/{room}/messages?limit=50");
        let answer = self.request(Method::GET, &path, token).timeout(ANSWER_TIMEOUT).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// All events of each room.
    pub async fn events(&self, token: &str, rooms: &[RoomId]) -> anyhow::Result<BTreeMap<RoomId, Vec<Event>>> {
        let mut all = BTreeMap::new();
        for room in rooms {
            let events = self.room_events(token, room).await.with_context(|| format!("the log of {room}"))?;
            all.insert(room.clone(), events);
        }
        Ok(all)
    }

    async fn room_events(&self, token: &str, room: &RoomId) -> anyhow::Result<Vec<Event>> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.seq);
            let path = format!("/api/rooms/{room}/events?after={after}");
            let answer = self.request(Method::GET, &path, token).timeout(ANSWER_TIMEOUT).send().await?;
            let page: EventPage = answer.error_for_status()?.json().await?;
            if page.events.is_empty() {
                ensure!(page.head == after, "the head is {} and the last event {after}", page.head);
                return Ok(events);
            }
            events.extend(page.events);
        }
    }

    /// Makes this guest, or nobody yet, the first owner of the server.
    pub async fn create_owner(&self, name: &str, first_owner_token: &str) -> anyhow::Result<CreatedSession> {
        let password = Secret(format!("{:032x}", rand::random::<u128>()));
        let account =
            CreateAccountRequest { name: name.into(), password, invite: Some(Secret(first_owner_token.into())) };
        let request = self.client.post(format!("http://{}/api/accounts", self.address)).json(&account);
        let answer = request.timeout(ANSWER_TIMEOUT).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    pub async fn add_member(&self, token: &str, room: &RoomId, user: UserId) -> anyhow::Result<StatusCode> {
        let request = self.request(Method::POST, &format!("/api/rooms/{room}/members"), token);
        Ok(request.json(&AddMemberRequest { user }).timeout(CHANGE_TIMEOUT).send().await?.status())
    }

    pub async fn remove_member(&self, token: &str, room: &RoomId, user: UserId) -> anyhow::Result<StatusCode> {
        let request = self.request(Method::DELETE, &format!("/api/rooms/{room}/members/{}", user.0), token);
        Ok(request.timeout(CHANGE_TIMEOUT).send().await?.status())
    }

    pub async fn ban(&self, token: &str, user: UserId) -> anyhow::Result<StatusCode> {
        let request = self.request(Method::POST, &format!("/api/people/{}/ban", user.0), token);
        let ban = BanRequest { hours: None, reason: "fault run".into(), address: false };
        Ok(request.json(&ban).timeout(CHANGE_TIMEOUT).send().await?.status())
    }
}
