//! Frames over WebSocket (RFC 6455): `GET /live/ws`, one JSON text message per frame.

use std::{sync::Arc, time::Instant};

use axum::{extract::State, response::Response};
use parlor_protocol::{CloseCode, SUBPROTOCOL, limits};
use tokio::net::TcpStream;

use super::{CLOSE_TIMEOUT, bye_frame, expect_hello};
use crate::{
    connection::{Frame, Outgoing},
    extract::{ApiError, AppState, SameOrigin},
    services::{Caller, ClientInfo},
    session::Session,
    socket::{MessageReader, Upgrade},
    websocket::{
        decode::{Decoder, Message, Violation},
        frame,
    },
};

mod writer;

use writer::SessionWriter;

/// Upgrades a request of someone who has a session.
pub(super) async fn upgrade(
    _origin: SameOrigin,
    caller: Caller,
    client: ClientInfo,
    State(app): State<AppState>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let (context, who) = (app.session_context, caller.signed_in());
    let limits = context.admit(&who, &client)?;
    Ok(upgrade
        .offering(SUBPROTOCOL)
        .run(move |stream, early| run(stream, &early, Session::new(context, who, caller.token, limits))))
}

/// How a connection ended.
enum Ended {
    /// The server sent `bye`, or the socket failed during a write.
    ByServer,
    /// The peer sent a close frame.
    CloseFrame(Option<u16>),
    Violation(Violation),
    /// The peer went without a close frame.
    Gone,
}

/// Not an `async fn`, which would store its arguments in the future as well: memory of each connection.
fn run(stream: TcpStream, early: &[u8], session: Session) -> impl Future<Output = ()> + Send + use<> {
    let (incoming, outgoing) = stream.into_split();
    let outgoing = Arc::new(outgoing);
    session.connection().queue.attach(outgoing.clone());
    let mut reader = MessageReader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut writer = SessionWriter::new(outgoing);
    async move {
        let queue = &session.connection().queue;
        // Reads go on while a write waits, and the other way round.
        let ended = tokio::select! {
            biased;
            () = write(&mut writer, &session) => Ended::ByServer,
            ended = read(&mut reader, &session) => ended,
            () = expect_hello(&session) => Ended::ByServer,
            // A peer that takes nothing any more must not hold its socket.
            () = async { queue.ending().await; Box::pin(tokio::time::sleep(CLOSE_TIMEOUT)).await } => return,
        };
        let close = match ended {
            Ended::Gone => return,
            Ended::ByServer => None,
            // Section 5.5.1: answered with the same code.
            Ended::CloseFrame(None) => Some(frame::single(frame::Opcode::Close, &[])),
            Ended::CloseFrame(Some(code)) => Some(frame::close(code, "")),
            Ended::Violation(violation) => Some(frame::close(violation.close_code(), "")),
        };
        let partial_write = queue.detach();
        // If nothing read on, the system would reset the connection and the peer would miss the close frame.
        let closing_handshake = Box::pin(async {
            if let Some(close) = close {
                writer.write_last(partial_write, close).await?;
            }
            writer.shutdown()?;
            reader.discard().await
        });
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing_handshake).await;
    }
}

/// Takes messages until the peer has gone. When the server ends the connection, [`write`] decides.
async fn read(reader: &mut MessageReader, session: &Session) -> Ended {
    let ended = loop {
        match reader.decoder.message() {
            Ok(Some(message)) => {
                if let Some(ended) = take(message, session).await {
                    break ended;
                }
            }
            Ok(None) => match reader.fill().await {
                Ok(true) => session.connection().record_activity(Instant::now()),
                Ok(false) | Err(_) => break Ended::Gone,
            },
            Err(Violation::TooLarge) => {
                session.close(CloseCode::FrameTooLarge);
                let _ = reader.discard().await;
                break Ended::Gone;
            }
            Err(violation) => break Ended::Violation(violation),
        }
    };
    if matches!(ended, Ended::Gone) && session.connection().queue.is_ending() {
        std::future::pending::<()>().await;
    }
    ended
}

async fn take(message: Message<'_>, session: &Session) -> Option<Ended> {
    if matches!(message, Message::Text(_) | Message::Binary(_) | Message::Ping(_)) {
        session.turn().await;
    }
    match message {
        Message::Text(text) => session.receive(text).await,
        Message::Binary(_) => session.receive_binary(),
        Message::Ping(payload) => session.receive_ping(payload),
        // Its arrival was recorded as activity.
        Message::Pong => {}
        Message::Close(code) => return Some(Ended::CloseFrame(code)),
    }
    None
}

/// Writes everything that waits in one system call.
async fn write(writer: &mut SessionWriter, session: &Session) {
    loop {
        session.next(&mut writer.outgoing).await;
        let Outgoing { frames, ping, disconnect, .. } = &mut writer.outgoing;
        if *ping {
            frames.push_back(Frame::Static(frame::PING));
        }
        if let Some(disconnect) = *disconnect {
            frames.push_back(Frame::One((&bye_frame(disconnect)).into()));
            frames.push_back(Frame::Control(frame::close(disconnect.code.code(), disconnect.code.reason()).into()));
        }
        if writer.flush().await.is_err() || writer.outgoing.disconnect.is_some() {
            return;
        }
    }
}
