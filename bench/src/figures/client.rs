//! A lightweight client; thousands fit into one process.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use futures::{Stream, StreamExt, TryStreamExt};
use parlor_bench::sessions;
use parlor_protocol::{ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, RoomId, Seq, ServerFrame};
use uuid::Uuid;

use crate::wire::{Received, Wire};

/// Connections opened concurrently. More would measure the system's accept queue.
const AT_ONCE: usize = 64;

pub(crate) struct Client(Wire);

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
        let mut client = Self(Wire::connect(address, token, None).await?);
        client.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume: Vec::new() }).await?;
        let welcome = |frame| matches!(frame, ServerFrame::Welcome { .. }).then_some(());
        client.0.wait_for(welcome).await.context("no welcome")?;
        Ok(client)
    }

    async fn join(&mut self) -> anyhow::Result<Seq> {
        self.say(&ClientFrame::Join(Cursor { room: RoomId::lobby(), after: None, tail: None })).await?;
        let head = self.0.wait_for(|frame| match frame {
            ServerFrame::Joined { head, .. } => Some(head),
            _ => None,
        });
        head.await.context("not joined")
    }

    async fn say(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        self.0.up.say(frame).await
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
    pub(crate) async fn receive_text(&mut self) -> anyhow::Result<String> {
        let Wire { down, up } = &mut self.0;
        loop {
            match down.next().await? {
                Received::Text(text) => return Ok(text.to_owned()),
                Received::Ping => up.pong().await?,
                Received::Closed(code) => bail!("closed by the server with {code}"),
                Received::Other => {}
            }
        }
    }
}
