//! A chat like axum's example: a `broadcast` channel for each room, a split socket with a task for each half, one send
//! for each message, and default socket settings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use parlor_peers::{Said, Sent, Settings};
use tokio::sync::broadcast;
use tokio::time::{Instant, interval_at};

/// Messages that a member may be behind before it is dropped. With the 100 of the example, a loaded room loses its members
/// at once.
const CAPACITY: usize = 4096;

struct Chat {
    rooms: Mutex<HashMap<String, broadcast::Sender<String>>>,
    heartbeat: Option<Duration>,
}

impl Chat {
    fn room(&self, name: String) -> broadcast::Sender<String> {
        let mut rooms = self.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.entry(name).or_insert_with(|| broadcast::channel(CAPACITY).0).clone()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    let chat = Arc::new(Chat { rooms: Mutex::default(), heartbeat: settings.heartbeat });
    let app = Router::new().route("/room/{name}", get(join)).with_state(chat);
    let listener = tokio::net::TcpListener::bind(settings.address).await?;
    parlor_peers::announce(listener.local_addr()?)?;
    axum::serve(listener, app).await?;
    Ok(())
}

async fn join(upgrade: WebSocketUpgrade, Path(name): Path<String>, State(chat): State<Arc<Chat>>) -> Response {
    let room = chat.room(name);
    // Before the response, so that clients that received it are members.
    let messages = room.subscribe();
    upgrade.on_upgrade(move |socket| serve(socket, room, messages, chat.heartbeat))
}

async fn serve(
    socket: WebSocket,
    room: broadcast::Sender<String>,
    messages: broadcast::Receiver<String>,
    heartbeat: Option<Duration>,
) {
    let (sender, receiver) = socket.split();
    let mut send = tokio::spawn(send(sender, messages, heartbeat));
    let mut receive = tokio::spawn(receive(receiver, room));
    tokio::select! {
        _ = &mut send => receive.abort(),
        _ = &mut receive => send.abort(),
    }
}

async fn send(
    mut sender: SplitSink<WebSocket, Message>,
    mut messages: broadcast::Receiver<String>,
    heartbeat: Option<Duration>,
) {
    let mut beats = heartbeat.map(|every| interval_at(Instant::now() + every, every));
    loop {
        let message = tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => Message::text(message),
                Err(_) => return,
            },
            () = parlor_peers::beat(&mut beats) => Message::Ping(Default::default()),
        };
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

async fn receive(mut receiver: SplitStream<WebSocket>, room: broadcast::Sender<String>) {
    while let Some(Ok(message)) = receiver.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(sent) = serde_json::from_str::<Sent>(&text) else { return };
        let Ok(said) = serde_json::to_string(&Said::by_guest(&sent.body)) else { return };
        // Fails if the room is empty.
        let _ = room.send(said);
    }
}
