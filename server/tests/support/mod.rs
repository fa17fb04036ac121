//! A real server on port 0 and clients on real sockets.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

pub mod browser;
pub mod database;
pub mod frames;
pub mod http_connection;
pub mod people;
pub mod postgres;
pub mod process;
pub mod rooms;
pub mod store;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use parlor::{
    Running,
    config::{Config, Switch},
};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, EventKind, PROTOCOL_VERSION, Seq, ServerFrame, User,
    http::{CreatedRoom, CreatedSession, MessagePage},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, http, protocol::CloseFrame},
};
use uuid::Uuid;

/// How long tests wait for anything. Longer is a hang, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub use database::Database;
pub use frames::{FrameReader, join, message, message_to};
pub use store::connect as database;

pub struct Server {
    pub address: SocketAddr,
    pub folder: PathBuf,
    store: String,
    running: Option<Running>,
    temp: Option<TempDir>,
}

impl Server {
    /// Starts with the defaults, except for [`unlimited`].
    pub async fn start() -> Self {
        Self::start_with(unlimited()).await
    }

    /// Starts with other settings, except for address and folder.
    pub async fn start_with(config: Config) -> Self {
        let temp = TempDir::new().unwrap();
        let mut server = Self::start_in(temp.path(), config).await;
        server.temp = Some(temp);
        server
    }

    /// Starts with a folder, and the store for that folder: the same if another server had the folder before.
    pub async fn start_in(folder: &Path, config: Config) -> Self {
        Self::start_on(store::address(folder), folder, config).await
    }

    /// Starts with the SQLite file in a folder, for tests of that file.
    pub async fn start_on_sqlite(folder: &Path, config: Config) -> Self {
        Self::start_on("sqlite".into(), folder, config).await
    }

    pub async fn start_on(store: String, folder: &Path, config: Config) -> Self {
        let Ok(address) = store.parse();
        let bus = if config.bus.is_empty() && store != "sqlite" { store::default_bus() } else { config.bus };
        let config =
            Config { addr: ([127, 0, 0, 1], 0).into(), data: folder.to_owned(), store: address, bus, ..config };
        let running = parlor::start(config).await.unwrap();
        let (address, folder) = (running.address, folder.to_owned());
        Self { address, folder, store, running: Some(running), temp: None }
    }

    pub async fn stop(mut self) -> Option<TempDir> {
        self.running.take().unwrap().stop().await;
        self.temp.take()
    }

    /// Waits until the server cannot go on.
    pub async fn failed(&self) {
        self.running.as_ref().unwrap().failed().await;
    }

    /// Waits until no connection over event streams or long polling is left.
    pub async fn no_http_connections(&self) {
        eventually("no connection is left", async || self.http_connections() == 0).await;
    }

    /// The number of live connections over all transports.
    pub fn connections(&self) -> usize {
        self.running.as_ref().unwrap().connections()
    }

    /// Waits until this many polls are pending.
    pub async fn holds(&self, polls: usize) {
        eventually("polls are pending", async || self.running.as_ref().unwrap().pending_polls() == polls).await;
    }

    /// The number of connections over event streams and long polling.
    pub fn http_connections(&self) -> usize {
        self.running.as_ref().unwrap().http_connections()
    }

    /// Stops, and starts again on the same data folder.
    pub async fn restart(mut self) -> Self {
        let (temp, store) = (self.temp.take(), self.store.clone());
        let folder = self.folder.clone();
        self.running.take().unwrap().stop().await;
        let mut server = Self::start_on(store, &folder, unlimited()).await;
        server.temp = temp;
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn session(&self, name: &str) -> CreatedSession {
        session(self.address, name).await
    }

    /// A guest's connection that has joined the lobby.
    pub async fn client(&self, name: &str) -> Client {
        Client::in_lobby(self.address, &self.session(name).await).await
    }

    /// A guest's connection after `hello`.
    pub async fn greeted(&self, name: &str) -> Client {
        Client::greet(self.address, &self.session(name).await).await
    }

    /// A connection to the database, as an administrator would open it.
    pub async fn database(&self) -> Database {
        database(&self.folder).await
    }

    pub async fn get(&self, token: &str, path: &str) -> reqwest::Response {
        http_client().get(self.url(path)).bearer_auth(token).send().await.unwrap()
    }

    pub async fn history(&self, token: &str, query: &str) -> MessagePage {
        self.get(token, &format!("/api/rooms/lobby/messages{query}")).await.json().await.unwrap()
    }

    pub async fn new_room(&self, token: &str, name: &str) -> CreatedRoom {
        let body = serde_json::json!({ "name": name, "kind": "public" });
        let request = http_client().post(self.url("/api/rooms")).bearer_auth(token).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// Without rate limits, and with a heartbeat that a slow machine cannot miss.
pub fn unlimited() -> Config {
    let long = Duration::from_secs(300);
    Config { rate_limits: Switch::Off, heartbeat: long, write_timeout: long, ..Config::default() }
}

/// A client that follows no redirects and uses no proxy.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// Whether a response sets or removes the session cookie. Nodes set another cookie as well.
pub fn sets_session(headers: &reqwest::header::HeaderMap) -> bool {
    let cookies = headers.get_all("set-cookie").iter();
    cookies.filter_map(|cookie| cookie.to_str().ok()).any(|cookie| cookie.contains("parlor_session"))
}

/// Waits until the condition holds.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub async fn session(address: SocketAddr, name: &str) -> CreatedSession {
    let request = http_client().post(format!("http://{address}/api/session")).json(&serde_json::json!({"name": name}));
    request.send().await.unwrap().json().await.unwrap()
}

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Client {
    pub user: User,
    pub token: String,
    pub socket: Socket,
}

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Ended {
    /// The code of the close frame, if one came.
    pub code: Option<u16>,
    /// The `bye` before it, if one came.
    pub bye: Option<u16>,
}

pub fn upgrade_request(address: SocketAddr, headers: &[(&'static str, &str)]) -> http::Request<()> {
    let mut request = format!("ws://{address}/live/ws").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

/// Opens a WebSocket, or returns the status if the server refuses.
pub async fn try_upgrade(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    match tokio_tungstenite::connect_async(upgrade_request(address, headers)).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl FrameReader for Client {
    async fn next_or_none(&mut self) -> Option<ServerFrame> {
        tokio::time::timeout(PATIENCE, self.next_or_end()).await.expect("a frame in time").ok()
    }
}

impl Client {
    pub async fn connect(address: SocketAddr, made: &CreatedSession) -> Self {
        let bearer = format!("Bearer {}", made.token);
        let headers = [("authorization", bearer.as_str()), ("sec-websocket-protocol", "parlor.v1")];
        let socket = try_upgrade(address, &headers).await.unwrap();
        Self { user: made.user.clone(), token: made.token.clone(), socket }
    }

    /// Connects and says hello.
    pub async fn greet(address: SocketAddr, made: &CreatedSession) -> Self {
        let mut client = Self::connect(address, made).await;
        client.hello(vec![]).await;
        client
    }

    /// Connects, says hello and joins the lobby.
    pub async fn in_lobby(address: SocketAddr, made: &CreatedSession) -> Self {
        let mut client = Self::greet(address, made).await;
        client.join("lobby", None).await;
        client
    }

    pub fn session(&self) -> CreatedSession {
        CreatedSession { user: self.user.clone(), token: self.token.clone() }
    }

    pub async fn say(&mut self, frame: &ClientFrame) {
        self.say_text(frame.encode()).await;
    }

    /// Sends a frame; `None` if the connection has ended.
    pub async fn try_say(&mut self, frame: &ClientFrame) -> Option<()> {
        self.socket.send(Message::Text(frame.encode().into())).await.ok()
    }

    pub async fn say_text(&mut self, text: impl Into<tungstenite::Utf8Bytes>) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    async fn next_or_end(&mut self) -> Result<ServerFrame, Option<CloseFrame>> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(ServerFrame::decode(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(frame))) => return Err(frame),
                Some(Ok(other)) => panic!("unexpected {other:?}"),
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// The events up to this seq, checked to be without gaps.
    pub async fn events_to(&mut self, seq: Seq) -> Vec<Event> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Event| event.seq < seq) {
            events.push(self.event().await);
        }
        assert_gap_free(&events);
        events
    }

    /// The code of the next refusal.
    pub async fn refusal(&mut self) -> String {
        self.until(|frame| match frame {
            ServerFrame::Refused { code, .. } => Some(code.clone()),
            _ => None,
        })
        .await
    }

    /// Reads to the end of the connection.
    pub async fn ended(&mut self) -> Ended {
        let mut bye = None;
        let end = async {
            loop {
                match self.next_or_end().await {
                    Ok(ServerFrame::Bye { code, .. }) => bye = Some(code),
                    Ok(_) => {}
                    Err(close) => return close.map(|close| close.code.into()),
                }
            }
        };
        let code = tokio::time::timeout(PATIENCE, end).await.expect("an end in time");
        Ended { code, bye }
    }

    pub async fn hello(&mut self, resume: Vec<Cursor>) -> ServerFrame {
        self.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await;
        let welcome = self.next().await;
        assert!(matches!(welcome, ServerFrame::Welcome { .. }), "{welcome:?}");
        welcome
    }

    /// Joins a room and returns its head.
    pub async fn join(&mut self, room: &str, after: Option<Seq>) -> Seq {
        self.say(&join(&room.into(), after)).await;
        self.until(|frame| match frame {
            ServerFrame::Joined { room: joined, head, .. } if joined.as_str() == room => Some(*head),
            ServerFrame::Refused { .. } | ServerFrame::Gap { .. } => panic!("{frame:?}"),
            _ => None,
        })
        .await
    }

    /// Sends a message to the lobby without waiting for the ack.
    pub async fn post(&mut self, body: &str) -> CommandId {
        let id = CommandId(Uuid::now_v7());
        self.post_as(id, body).await;
        id
    }

    pub async fn post_as(&mut self, id: CommandId, body: &str) {
        self.say(&message(id, body)).await;
    }

    /// Sends a message to the lobby and returns the seq of its ack.
    pub async fn send(&mut self, body: &str) -> Seq {
        let id = self.post(body).await;
        self.acked(id).await.0
    }

    /// The seq and time of the ack for this id.
    pub async fn acked(&mut self, id: CommandId) -> (Seq, i64) {
        self.until(|frame| match frame {
            ServerFrame::Ack { id: acked, seq, at, .. } if *acked == id => Some((*seq, *at)),
            ServerFrame::Refused { .. } => panic!("{frame:?}"),
            _ => None,
        })
        .await
    }
}

pub fn assert_gap_free(events: &[Event]) {
    for pair in events.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1, "a hole or a double");
    }
    let mut ids: Vec<_> = events.iter().map(|event| event.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), events.len(), "an id at two places");
}

pub fn body(event: &Event) -> &str {
    match &event.event {
        EventKind::Message { body, .. } => body,
        other => panic!("{other:?}"),
    }
}

/// A connection with the smallest possible receive buffer, so that unread data stays on the server.
pub fn narrow_socket(address: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket.into()).unwrap()
}

/// A client on a [`narrow_socket`].
pub async fn narrow(address: SocketAddr, made: &CreatedSession) -> Client {
    let stream = MaybeTlsStream::Plain(narrow_socket(address));
    let bearer = format!("Bearer {}", made.token);
    let request = upgrade_request(address, &[("authorization", bearer.as_str())]);
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    Client { user: made.user.clone(), token: made.token.clone(), socket }
}
