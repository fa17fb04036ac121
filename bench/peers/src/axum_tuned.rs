//! The fastest chat that axum's own WebSocket allows: messages are encoded once, each connection is one task with one
//! bounded queue that is flushed as a whole, buffers are small, and Nagle's algorithm is off.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use futures::{SinkExt, StreamExt};
use parlor_peers::{Said, Sent, Settings};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

/// Size of each of a connection's two buffers. The default of the read buffer is 128 KiB.
const BUFFER: usize = 4 * 1024;

/// Queued messages after which a member is dropped.
const CAPACITY: usize = 4096;

#[derive(Clone, Default)]
struct Room(Arc<Mutex<HashMap<u64, mpsc::Sender<Utf8Bytes>>>>);

impl Room {
    fn join(&self) -> (u64, mpsc::Receiver<Utf8Bytes>) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::channel(CAPACITY);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, sender);
        (id, receiver)
    }

    fn leave(&self, id: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    fn say(&self, said: &Utf8Bytes) {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|_, member| member.try_send(said.clone()).is_ok());
    }
}

#[derive(Default)]
struct Chat {
    rooms: Mutex<HashMap<String, Room>>,
    heartbeat: Option<Duration>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    let chat = Arc::new(Chat { heartbeat: settings.heartbeat, ..Chat::default() });
    let app = Router::new().route("/room/{name}", get(join)).with_state(chat);
    let listener = tokio::net::TcpListener::bind(settings.address).await?;
    parlor_peers::announce(listener.local_addr()?)?;
    // Without it the connection is only slower.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await?;
    Ok(())
}

async fn join(upgrade: WebSocketUpgrade, Path(name): Path<String>, State(chat): State<Arc<Chat>>) -> Response {
    let room = chat.rooms.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone();
    let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    // Before the response, so that clients that received it are members.
    let (id, messages) = room.join();
    upgrade.on_upgrade(move |socket| async move {
        serve(socket, &room, messages, chat.heartbeat).await;
        room.leave(id);
    })
}

async fn serve(
    mut socket: WebSocket,
    room: &Room,
    mut messages: mpsc::Receiver<Utf8Bytes>,
    heartbeat: Option<Duration>,
) {
    let mut beats = heartbeat.map(tokio::time::interval);
    if let Some(beats) = &mut beats {
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beats.tick().await;
    }
    let mut waiting = Vec::new();
    loop {
        tokio::select! {
            count = messages.recv_many(&mut waiting, CAPACITY) => {
                if count == 0 {
                    return;
                }
                for message in waiting.drain(..) {
                    if socket.feed(Message::Text(message)).await.is_err() {
                        return;
                    }
                }
                if socket.flush().await.is_err() {
                    return;
                }
            }
            received = socket.next() => match received {
                Some(Ok(Message::Text(text))) => {
                    let Ok(sent) = serde_json::from_str::<Sent>(&text) else { return };
                    let Ok(said) = serde_json::to_string(&Said::by_guest(&sent.body)) else { return };
                    room.say(&said.into());
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
            () = parlor_peers::beat(&mut beats) => {
                if socket.send(Message::Ping(Default::default())).await.is_err() {
                    return;
                }
            }
        }
    }
}
