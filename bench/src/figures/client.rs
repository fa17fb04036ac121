//! A lightweight client; thousands fit into one process.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail};
use futures::{SinkExt, Stream, StreamExt, TryStreamExt};
use parlor_bench::sessions;
use parlor_protocol::{ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, RoomId, SUBPROTOCOL, Seq, ServerFrame};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message, Utf8Bytes,
        client::IntoClientRequest,
        http::{HeaderValue, header},
        protocol::WebSocketConfig,
    },
};
use uuid::Uuid;

/// Buffer size; the library's default is 128 KiB per connection and direction.
const BUFFER: usize = 4 * 1024;

/// Connections opened concurrently. More would measure the system's accept queue.
const AT_ONCE: usize = 64;

const STEP_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
}

/// What a client does after its hello.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Stay,
    /// Joins the lobby without replay.
    JoinLobby,
}

/// Creates guests and connects them concurrently. Returns each client with the lobby's head when it joined, or 0.
pub(crate) fn enter(
    address: SocketAddr,
    count: usize,
    then: Then,
) -> impl Stream<Item = anyhow::Result<(Client, Seq)>> {
    let http = reqwest::Client::new();
    futures::stream::iter(0..count)
        .map(move |number| {
            let http = http.clone();
            async move {
                let token = sessions::one(&http, address, number).await.context("making a session")?;
                let connecting = Client::connect(address, &token);
                let mut client = connecting.await.with_context(|| format!("connecting client {number}"))?;
                let head = if then == Then::JoinLobby { client.join().await? } else { 0 };
                Ok((client, head))
            }
        })
        .buffer_unordered(AT_ONCE)
}

/// Clients that joined the lobby, and its head.
pub(crate) async fn enter_lobby(address: SocketAddr, count: usize) -> anyhow::Result<(Vec<Client>, Seq)> {
    let joined: Vec<_> = enter(address, count, Then::JoinLobby).try_collect().await?;
    let head = joined.iter().map(|(_, head)| *head).max().unwrap_or_default();
    Ok((joined.into_iter().map(|(client, _)| client).collect(), head))
}

impl Client {
    /// Connects and sends `hello`.
    async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{address}/live/ws").into_client_request()?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        let config = WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER);
        let upgrade = client_async_with_config(request, stream, Some(config));
        let (socket, _) = tokio::time::timeout(STEP_TIMEOUT, upgrade).await.context("no upgrade")??;
        let mut client = Self { socket };
        client.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: Vec::new() }).await?;
        client
            .wait_for(|frame| matches!(frame, ServerFrame::Welcome { .. }).then_some(()))
            .await
            .context("no welcome")?;
        Ok(client)
    }

    async fn join(&mut self) -> anyhow::Result<Seq> {
        self.say(&ClientFrame::Join(Cursor { room: RoomId::lobby(), after: None, tail: None })).await?;
        let head = self.wait_for(|frame| match frame {
            ServerFrame::Joined { head, .. } => Some(head),
            _ => None,
        });
        head.await.context("not joined")
    }

    async fn wait_for<T>(&mut self, wanted: impl Fn(ServerFrame) -> Option<T>) -> anyhow::Result<T> {
        let found = async {
            loop {
                match self.receive().await? {
                    ServerFrame::Refused { code, message, .. } => bail!("refused, {code}: {message}"),
                    ServerFrame::Gap { reason, .. } => bail!("a gap: {reason:?}"),
                    frame => {
                        if let Some(found) = wanted(frame) {
                            return Ok(found);
                        }
                    }
                }
            }
        };
        tokio::time::timeout(STEP_TIMEOUT, found).await.context("no answer in time")?
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        Ok(self.socket.send(Message::text(frame.encode())).await?)
    }

    /// Sends a message to the lobby and returns its id.
    pub(crate) async fn send(&mut self, body: String) -> anyhow::Result<CommandId> {
        let id = CommandId(Uuid::now_v7());
        self.say(&ClientFrame::Send { id, room: RoomId::lobby(), body, reply_to: None }).await?;
        Ok(id)
    }

    /// The next decoded frame.
    pub(crate) async fn receive(&mut self) -> anyhow::Result<ServerFrame> {
        let text = self.receive_text().await?;
        ServerFrame::decode(&text).with_context(|| format!("no frame: {text}"))
    }

    /// The next frame as text. Answers pings.
    pub(crate) async fn receive_text(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => bail!("closed by the server: {frame:?}"),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error).context("the connection broke"),
                None => bail!("the connection ended"),
            }
        }
    }
}
