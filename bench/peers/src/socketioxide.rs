//! socketioxide on axum: Socket.IO's rooms, with the events that the peer in Node has.

use std::time::Duration;

use axum::Router;
use parlor_peers::{Said, Settings};
use serde::Deserialize;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};

/// Engine.IO knows no connection without heartbeats: this is as good as none.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Packets that wait for one client before more are lost to it. With the default of 128 a loaded room loses many.
const CAPACITY: usize = 4096;

#[derive(Debug, Deserialize)]
struct Sent {
    room: String,
    body: String,
}

// A handler is a task for each event. Only here tasks run in the order in which they were made; with even one worker of
// the other kind of runtime, the messages of one sender overtake each other.
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
    // Fails when the socket has gone, as below.
    let _ = socket.emit("joined", &room);
}

async fn message(io: SocketIo, Data(sent): Data<Sent>) {
    let _ = io.to(sent.room).emit("message", &Said::by_guest(&sent.body)).await;
}
