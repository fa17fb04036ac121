//! Frames over WebSocket (RFC 6455): `GET /live/ws`, one JSON text message a frame.

use std::{sync::Arc, time::Instant};

use axum::{extract::State, response::Response};
use parlor_protocol::{CloseCode, SUBPROTOCOL, limits};
use tokio::net::TcpStream;

use super::{CLOSE_TIMEOUT, bye_frame, expect_hello};
use crate::{
    connection::{Frame, Outgoing},
    http::{App, Caller, SameOrigin},
    session::Session,
    socket::{Reader, Upgrade},
    websocket::{
        decode::{Decoder, Message, Violation},
        frame,
    },
};

mod writer;

use writer::Writer;

/// Upgrades a request of someone who has a session.
pub async fn upgrade(_origin: SameOrigin, caller: Caller, State(app): State<App>, upgrade: Upgrade) -> Response {
    upgrade
        .offering(SUBPROTOCOL)
        .run(move |stream, early| run(stream, &early, Session::new(app.live.clone(), caller.signed_in(), caller.token)))
}

/// How a connection came to its end.
enum End {
    /// We said `bye`, or the socket broke while we wrote.
    Ours,
    /// The peer sent a close frame.
    Close(Option<u16>),
    /// The peer did what must not be.
    Violation(Violation),
    /// The peer went without a word.
    Gone,
}

/// Not an `async fn`: that would keep room for its arguments beside what is made of them, in each connection.
fn run(stream: TcpStream, early: &[u8], session: Session) -> impl Future<Output = ()> + Send + use<> {
    let (incoming, outgoing) = stream.into_split();
    let outgoing = Arc::new(outgoing);
    session.connection().queue.attach(outgoing.clone());
    let mut reader = Reader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut writer = Writer::new(outgoing);
    async move {
        let queue = &session.connection().queue;
        // Reading goes on while a write waits, and the other way round.
        let end = tokio::select! {
            biased;
            () = write(&mut writer, &session) => End::Ours,
            end = read(&mut reader, &session) => end,
            () = expect_hello(&session) => End::Ours,
            // A peer that takes nothing any more does not hold its socket.
            () = async { queue.ending().await; Box::pin(tokio::time::sleep(CLOSE_TIMEOUT)).await } => return,
        };
        let close = match end {
            End::Gone => return,
            End::Ours => None,
            // Section 5.5.1: answered with the same code.
            End::Close(None) => Some(frame::single(frame::Opcode::Close, &[])),
            End::Close(Some(code)) => Some(frame::close(code, "")),
            End::Violation(violation) => Some(frame::close(violation.close_code(), "")),
        };
        let begun = queue.detach();
        // Without reading on, the system would reset the connection, and the peer would never see why it ended.
        let farewell = Box::pin(async {
            if let Some(close) = close {
                writer.last(begun, close).await?;
            }
            writer.shutdown()?;
            reader.discard().await
        });
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await;
    }
}

/// Takes messages until the peer has gone. When it is the server that ends the connection, the writer decides.
async fn read(reader: &mut Reader, session: &Session) -> End {
    let end = loop {
        match reader.decoder.message() {
            Ok(Some(message)) => {
                if let Some(end) = take(message, session).await {
                    break end;
                }
            }
            Ok(None) => match reader.fill().await {
                Ok(true) => session.connection().hear(Instant::now()),
                Ok(false) | Err(_) => break End::Gone,
            },
            Err(Violation::TooLarge) => {
                session.close(CloseCode::FrameTooLarge);
                let _ = reader.discard().await;
                break End::Gone;
            }
            Err(violation) => break End::Violation(violation),
        }
    };
    if matches!(end, End::Gone) && session.connection().queue.is_ending() {
        std::future::pending::<()>().await;
    }
    end
}

async fn take(message: Message<'_>, session: &Session) -> Option<End> {
    match message {
        Message::Text(text) => session.receive(text).await,
        Message::Binary(_) => session.receive_binary(),
        Message::Ping(payload) => session.receive_ping(payload),
        // It has done its work by being heard.
        Message::Pong => {}
        Message::Close(code) => return Some(End::Close(code)),
    }
    None
}

/// Everything that waits goes out in one write.
async fn write(writer: &mut Writer, session: &Session) {
    loop {
        session.next(&mut writer.outgoing).await;
        let Outgoing { frames, ping, bye, .. } = &mut writer.outgoing;
        if *ping {
            frames.push_back(Frame::Static(frame::PING));
        }
        if let Some(bye) = *bye {
            frames.push_back(Frame::One((&bye_frame(bye)).into()));
            frames.push_back(Frame::Control(frame::close(bye.code.code(), bye.code.reason()).into()));
        }
        if writer.flush().await.is_err() || writer.outgoing.bye.is_some() {
            return;
        }
    }
}
