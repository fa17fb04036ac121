//! Frames over WebSocket (RFC 6455): `GET /live/ws`, one JSON text message a frame.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{
        Extension, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use futures::{Sink, SinkExt, Stream, StreamExt};
use parlor_protocol::{CloseCode, SUBPROTOCOL, limits};

use super::{CLOSE_TIMEOUT, bye_frame, expect_hello};
use crate::{
    connection::{Bye, Frame, Outgoing},
    http::{App, Guest, SameOrigin, Slot},
    session::Session,
};

/// Buffers of one connection. axum's defaults hold 128 KiB each.
const BUFFER: usize = 4 * 1024;

/// What may wait in the WebSocket's own buffer beyond [`BUFFER`] before writing waits for the network.
const MAX_WRITE_BUFFER: usize = 256 * 1024;

/// Messages over [`limits::MAX_FRAME_BYTES`] up to this size are read to their end, so that the client gets to see why it
/// is closed. Beyond, the connection is cut.
const MAX_READ: usize = 2 * 1024 * 1024;

/// Upgrades a request of someone who has a session.
pub async fn upgrade(
    _origin: SameOrigin,
    Guest { user, .. }: Guest,
    State(app): State<App>,
    slot: Option<Extension<Slot>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        .protocols([SUBPROTOCOL])
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_READ)
        .max_frame_size(MAX_READ)
        .on_upgrade(move |socket| async move {
            // Held until the socket is gone: it counts as one of the server's connections.
            let _slot = slot;
            run(socket, Session::new(app.live.clone(), Arc::new(user))).await;
        })
}

async fn run(socket: WebSocket, session: Session) {
    let (mut sink, mut stream) = socket.split();
    let queue = &session.connection().queue;
    // Reading goes on while a write waits, and the other way round.
    let peer_has_gone = tokio::select! {
        () = read(&mut stream, &session) => true,
        () = write(&mut sink, &session) => false,
        () = expect_hello(&session) => false,
        // A peer that takes nothing any more does not hold its socket.
        () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => return,
    };
    // Either our answer to the peer's close frame goes out, or the peer's answer to ours comes in. Without reading on,
    // the system would reset the connection, and the peer would never see why.
    let farewell = async {
        if peer_has_gone {
            let _ = sink.close().await;
        } else {
            while let Some(Ok(_)) = stream.next().await {}
        }
    };
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await;
}

/// Takes messages until the peer has gone. When it is the server that ends the connection, the writer decides.
async fn read(stream: &mut Messages<'_>, session: &Session) {
    while read_one(stream, session).await {}
    if session.connection().queue.is_ending() {
        std::future::pending::<()>().await;
    }
}

type Messages<'a> = dyn Stream<Item = Result<Message, axum::Error>> + Unpin + Send + 'a;

/// Takes one message; false at the end of the stream.
async fn read_one(stream: &mut Messages<'_>, session: &Session) -> bool {
    let message = match stream.next().await {
        Some(Ok(message)) => message,
        Some(Err(error)) => {
            if is_too_large(&error) {
                session.close(CloseCode::FrameTooLarge);
            }
            return false;
        }
        None => return false,
    };
    session.connection().hear(Instant::now());
    match message {
        Message::Text(text) if text.len() > limits::MAX_FRAME_BYTES => session.close(CloseCode::FrameTooLarge),
        Message::Binary(bytes) if bytes.len() > limits::MAX_FRAME_BYTES => session.close(CloseCode::FrameTooLarge),
        Message::Text(text) => session.receive(&text).await,
        Message::Binary(_) => session.receive_binary(),
        // Pings are answered by the library; a pong has done its work by being heard.
        Message::Ping(_) | Message::Pong(_) => {}
        Message::Close(_) => return false,
    }
    true
}

/// axum passes the library's errors on without their type; the words are all there is to tell them by.
fn is_too_large(error: &axum::Error) -> bool {
    error.to_string().contains("too long")
}

async fn write(sink: &mut (impl Sink<Message> + Unpin), session: &Session) {
    loop {
        let Outgoing { frames, ping, bye, .. } = session.next().await;
        if write_all(sink, frames, ping, bye).await.is_err() || bye.is_some() {
            return;
        }
    }
}

/// Everything that waits goes out in one flush.
async fn write_all<S: Sink<Message> + Unpin>(
    sink: &mut S,
    frames: Vec<Frame>,
    ping: bool,
    bye: Option<Bye>,
) -> Result<(), S::Error> {
    for frame in frames {
        sink.feed(Message::Text(frame.text().clone())).await?;
    }
    if ping {
        sink.feed(Message::Ping(Default::default())).await?;
    }
    if let Some(bye) = bye {
        sink.feed(Message::Text(bye_frame(bye).encode().into())).await?;
        let close = CloseFrame { code: bye.code.code(), reason: bye.code.reason().into() };
        sink.feed(Message::Close(Some(close))).await?;
    }
    sink.flush().await
}
