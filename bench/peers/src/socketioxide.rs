//! socketioxide on axum: Socket.IO rooms, with the same events as the Node.js peer.

use std::time::Duration;

use axum::Router;
use parlor_peers::{Said, Settings};
use serde::Deserialize;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};

/// Engine.IO requires heartbeats: one per day stands for none.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Packets queued for a client before further ones are lost. With the default of 128 a loaded room loses many.
const CAPACITY: usize = 4096;

#[derive(Debug, Deserialize)]
struct Sent {
    room: String,
    body: String,
}

// Each event is handled in a task. Only this runtime runs tasks in the order of their creation; with even one worker of the
// multi-thread runtime, messages of a sender overtake each other.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let settings = Settings::from_env()?;
    let (layer, io) =
        SocketIo::builder().ping_interval(settings.heartbeat.unwrap_or(NEVER)).max_buffer_size(CAPACITY).build_layer();
    io.ns("/", connected);
    let listener = tokio::net::TcpListener::bind(settings.address).await?;
    parlor_peers::announce(listener.local_addr()?)?;
    axum::serve(listener, Router::new().layer(layer)).await?;
    Ok(())
}

async fn connected(socket: SocketRef) {
    socket.on("join", join);
    socket.on("message", message);
}

async fn join(socket: SocketRef, Data(room): Data<String>) {
    socket.join(room.clone());
    // Fails if the socket is closed, as below.
    let _ = socket.emit("joined", &room);
}

async fn message(io: SocketIo, Data(sent): Data<Sent>) {
    let _ = io.to(sent.room).emit("message", &Said::by_guest(&sent.body)).await;
}
