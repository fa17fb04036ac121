//! A real server on port 0 and clients on real sockets.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, unreachable_pub)]

pub mod browser;
pub mod http_connection;
pub mod people;
pub mod process;
pub mod rooms;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::{SinkExt, StreamExt};
use parlor::{
    Running,
    config::{Config, Switch},
};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, EventKind, PROTOCOL_VERSION, RoomId, Seq, ServerFrame, User,
    http::{CreatedRoom, CreatedSession, MessagePage},
};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, http, protocol::CloseFrame},
};
use uuid::Uuid;

/// Nothing here takes longer on a busy machine; what does is a hang.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Server {
    pub address: SocketAddr,
    pub folder: PathBuf,
    running: Option<Running>,
    temp: Option<TempDir>,
}

impl Server {
    /// With everything as it is by default, but for what [`unlimited`] changes.
    pub async fn start() -> Self {
        Self::start_with(unlimited()).await
    }

    /// With other settings; address and folder are set here.
    pub async fn start_with(config: Config) -> Self {
        let temp = TempDir::new().unwrap();
        let mut server = Self::start_in(temp.path(), config).await;
        server.temp = Some(temp);
        server
    }

    pub async fn start_in(folder: &Path, config: Config) -> Self {
        let config = Config { addr: ([127, 0, 0, 1], 0).into(), data: folder.to_owned(), ..config };
        let running = parlor::start(config).await.unwrap();
        Self { address: running.address, folder: folder.to_owned(), running: Some(running), temp: None }
    }

    pub async fn stop(mut self) -> Option<TempDir> {
        self.running.take().unwrap().stop().await;
        self.temp.take()
    }

    /// Returns when every connection that HTTP requests carry is gone, whichever way it ended.
    pub async fn no_http_connections(&self) {
        let begun = std::time::Instant::now();
        while self.http_connections() > 0 {
            assert!(begun.elapsed() < PATIENCE, "{} connections are left", self.http_connections());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// How many live connections there are, of whatever kind.
    pub fn connections(&self) -> usize {
        self.running.as_ref().unwrap().connections()
    }

    /// Returns when the server holds so many polls.
    pub async fn holds(&self, polls: usize) {
        let begun = std::time::Instant::now();
        while self.running.as_ref().unwrap().pending_polls() != polls {
            assert!(begun.elapsed() < PATIENCE, "{} polls are held", self.running.as_ref().unwrap().pending_polls());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How many connections are carried by HTTP requests.
    pub fn http_connections(&self) -> usize {
        self.running.as_ref().unwrap().http_connections()
    }

    /// Stops and starts again on the same data.
    pub async fn restart(mut self) -> Self {
        let temp = self.temp.take();
        let folder = self.folder.clone();
        self.running.take().unwrap().stop().await;
        let mut server = Self::start_in(&folder, unlimited()).await;
        server.temp = temp;
        server
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub async fn session(&self, name: &str) -> CreatedSession {
        session(self.address, name).await
    }

    /// A client who has said hello and joined the lobby.
    pub async fn client(&self, name: &str) -> Client {
        let mut client = self.greeted(name).await;
        client.join("lobby", None).await;
        client
    }

    /// A client who has said hello.
    pub async fn greeted(&self, name: &str) -> Client {
        let made = self.session(name).await;
        let mut client = Client::connect(self.address, &made).await;
        client.hello(vec![]).await;
        client
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

/// No limits on how fast one may send, and nobody is given up for their silence, however slow the machine that tests.
pub fn unlimited() -> Config {
    Config { rate_limits: Switch::Off, heartbeat: Duration::from_secs(300), ..Config::default() }
}

/// Follows no redirects and uses no proxy.
pub fn http_client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
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

/// Tries to upgrade; the status of the answer when the server refuses.
pub async fn try_upgrade(address: SocketAddr, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    match tokio_tungstenite::connect_async(upgrade_request(address, headers)).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

impl Client {
    pub async fn connect(address: SocketAddr, made: &CreatedSession) -> Self {
        let bearer = format!("Bearer {}", made.token);
        let headers = [("authorization", bearer.as_str()), ("sec-websocket-protocol", "parlor.v1")];
        let socket = try_upgrade(address, &headers).await.unwrap();
        Self { user: made.user.clone(), token: made.token.clone(), socket }
    }

    pub async fn say(&mut self, frame: &ClientFrame) {
        self.say_text(frame.encode()).await;
    }

    /// Says a frame; `None` when the connection has ended.
    pub async fn try_say(&mut self, frame: &ClientFrame) -> Option<()> {
        self.socket.send(Message::Text(frame.encode().into())).await.ok()
    }

    pub async fn say_text(&mut self, text: impl Into<tungstenite::Utf8Bytes>) {
        self.socket.send(Message::Text(text.into())).await.unwrap();
    }

    /// The next frame.
    pub async fn next(&mut self) -> ServerFrame {
        match tokio::time::timeout(PATIENCE, self.next_or_end()).await.expect("a frame in time") {
            Ok(frame) => frame,
            Err(ended) => panic!("the connection ended: {ended:?}"),
        }
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

    /// Passes frames over until one fits.
    pub async fn until<T>(&mut self, mut fits: impl FnMut(&ServerFrame) -> Option<T>) -> T {
        loop {
            if let Some(found) = fits(&self.next().await) {
                return found;
            }
        }
    }

    /// The next frame; `None` when the connection has ended.
    pub async fn next_or_none(&mut self) -> Option<ServerFrame> {
        tokio::time::timeout(PATIENCE, self.next_or_end()).await.expect("a frame in time").ok()
    }

    pub async fn event(&mut self) -> Event {
        self.until(|frame| match frame {
            ServerFrame::Event(event) => Some(event.clone()),
            ServerFrame::Gap { .. } => panic!("{frame:?}"),
            _ => None,
        })
        .await
    }

    /// Events up to this seq, each one after the other.
    pub async fn events_to(&mut self, seq: Seq) -> Vec<Event> {
        let mut events = Vec::new();
        while events.last().is_none_or(|event: &Event| event.seq < seq) {
            events.push(self.event().await);
        }
        assert_gap_free(&events);
        events
    }

    /// The refusal's code.
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

    /// Joins and returns the head.
    pub async fn join(&mut self, room: &str, after: Option<Seq>) -> Seq {
        self.say(&ClientFrame::Join(Cursor { room: room.into(), after, tail: None })).await;
        self.until(|frame| match frame {
            ServerFrame::Joined { room: joined, head, .. } if joined.as_str() == room => Some(*head),
            ServerFrame::Refused { .. } | ServerFrame::Gap { .. } => panic!("{frame:?}"),
            _ => None,
        })
        .await
    }

    /// Sends and does not wait.
    pub async fn post(&mut self, body: &str) -> CommandId {
        let id = CommandId(Uuid::now_v7());
        self.post_as(id, body).await;
        id
    }

    pub async fn post_as(&mut self, id: CommandId, body: &str) {
        self.say(&ClientFrame::Send { id, room: RoomId::lobby(), body: body.into(), reply_to: None }).await;
    }

    /// Sends and waits for the ack; its seq.
    pub async fn send(&mut self, body: &str) -> Seq {
        let id = self.post(body).await;
        self.acked(id).await.0
    }

    /// Waits for the ack of this id: its seq and time.
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

/// A connection whose own buffers are as small as the system allows: what is not read stays with the server.
pub fn narrow_socket(address: SocketAddr) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    socket.connect(&address.into()).unwrap();
    socket.set_nonblocking(true).unwrap();
    TcpStream::from_std(socket.into()).unwrap()
}

/// A client on such a one.
pub async fn narrow(address: SocketAddr, made: &CreatedSession) -> Client {
    let stream = MaybeTlsStream::Plain(narrow_socket(address));
    let bearer = format!("Bearer {}", made.token);
    let request = upgrade_request(address, &[("authorization", bearer.as_str())]);
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    Client { user: made.user.clone(), token: made.token.clone(), socket }
}
