//! `GET /lab/clock/ws`: the clock over WebSocket (RFC 6455), one tick a text message.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use parlor_protocol::limits;
use tokio::net::TcpStream;

use super::{HeadLength, Ticks};
use crate::{
    http::{App, ConnectionInfo, SameOrigin},
    lab::{
        ending::Last,
        streams::{Kind, Open},
    },
    socket::{Reader, Upgrade, Writer},
    websocket::{
        decode::{Decoder, Message},
        frame::Opcode,
    },
};

/// Upgrades anyone's request.
pub(in crate::lab) async fn upgrade(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    slot: Option<Extension<ConnectionInfo>>,
    State(app): State<App>,
    upgrade: Upgrade,
) -> Response {
    match app.lab.open(Kind::Ws, slot.map(|Extension(slot)| slot)) {
        Ok(open) => upgrade.run(async move |stream, early| run(stream, &early, open, Ticks::new(up)).await),
        Err(full) => full.into_response(),
    }
}

/// What the client says is read and forgotten, but for pings and its close.
async fn run(stream: TcpStream, early: &[u8], open: Open, mut ticks: Ticks) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = Reader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut writer = Writer::new(outgoing);
    let last = loop {
        let (opcode, payload) = tokio::select! {
            tick = ticks.next() => (Opcode::Text, tick.json().into_bytes()),
            said = reader.next() => match said {
                Ok(Message::Ping(payload)) => (Opcode::Pong, payload.to_vec()),
                Ok(Message::Close(code)) => break Last::Client(code),
                Ok(Message::Text(_) | Message::Binary(_) | Message::Pong) => continue,
                Err(ended) => break ended.into(),
            },
            ending = open.ending() => break Last::Server(ending),
        };
        if !open.write(writer.send(opcode, &payload)).await {
            break Last::Gone;
        }
    };
    last.say(writer, &mut reader).await;
}
