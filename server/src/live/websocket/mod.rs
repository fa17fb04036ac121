//! Frames over WebSocket (RFC 6455): `GET /live/ws`, one JSON text message a frame.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Extension, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use parlor_protocol::{CloseCode, SUBPROTOCOL, limits, refusal};
use tokio::net::TcpStream;

use super::{CLOSE_TIMEOUT, bye_frame, expect_hello};
use crate::{
    connection::{Frame, Outgoing},
    http::{App, Caller, Failure, SameOrigin, Slot},
    session::Session,
    websocket::{
        decode::{Decoder, Message, Violation},
        frame,
        handshake::{self, Refused},
    },
};

mod socket;

use socket::{Reader, Writer};

/// Upgrades a request of someone who has a session.
pub async fn upgrade(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    slot: Option<Extension<Slot>>,
    mut request: Request,
) -> Result<Response, Failure> {
    let accept = handshake::accept(request.method(), request.version(), request.headers());
    let accept = match accept {
        Ok(accept) => accept,
        Err(Refused::BadRequest(message)) => return Err(Failure::bad_request(message)),
        Err(Refused::Version) => return Ok(other_version()),
    };
    let offered = handshake::offers(request.headers(), SUBPROTOCOL);
    let upgrade = hyper::upgrade::on(&mut request);
    // Held until the socket is gone: it counts as one of the server's connections, and of its address's.
    let places = slot.map(|Extension(slot)| (slot.place, slot.in_crowd));
    tokio::spawn(async move {
        let _places = places;
        if let Some((stream, early)) = upgraded(upgrade).await {
            run(stream, &early, Session::new(app.live.clone(), caller.signed_in(), caller.token)).await;
        }
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, header_value(accept));
    if offered {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

/// Base64 is always a valid header.
fn header_value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

/// RFC 6455, section 4.2.2: says which version would do.
fn other_version() -> Response {
    let failure = Failure::new(StatusCode::UPGRADE_REQUIRED, refusal::BAD_REQUEST, "This is WebSocket version 13.");
    let versions: [(HeaderName, &str); 3] =
        [(header::SEC_WEBSOCKET_VERSION, "13"), (header::UPGRADE, "websocket"), (header::CONNECTION, "Upgrade")];
    (versions, failure).into_response()
}

/// The socket itself, and what has been read of it with the request's head.
async fn upgraded(upgrade: OnUpgrade) -> Option<(TcpStream, Vec<u8>)> {
    let upgraded: Upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(%error, "no upgrade after all");
            return None;
        }
    };
    match upgraded.downcast::<TokioIo<TcpStream>>() {
        Ok(parts) => Some((parts.io.into_inner(), parts.read_buf.to_vec())),
        Err(_) => {
            tracing::error!("a WebSocket over something that is no TCP socket");
            None
        }
    }
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

async fn run(stream: TcpStream, early: &[u8], session: Session) {
    let (incoming, outgoing) = stream.into_split();
    let outgoing = Arc::new(outgoing);
    session.connection().queue.attach(outgoing.clone());
    let mut reader = Reader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut writer = Writer::new(outgoing);
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
        Message::Binary => session.receive_binary(),
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
