//! `GET /lab/echo`: a WebSocket that says back what it is told.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use tokio::net::TcpStream;

use super::{
    ending::Last,
    streams::{Kind, Open},
};
use crate::{
    http::{App, ConnectionInfo, SameOrigin},
    socket::{Reader, Upgrade, Writer},
    websocket::{
        decode::{Decoder, Message},
        frame::Opcode,
    },
};

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 1_048_576;

/// Upgrades anyone's request.
pub(super) async fn upgrade(
    _origin: SameOrigin,
    State(app): State<App>,
    slot: Option<Extension<ConnectionInfo>>,
    upgrade: Upgrade,
) -> Response {
    match app.lab.open(Kind::Echo, slot.map(|Extension(slot)| slot)) {
        Ok(open) => upgrade.run(async move |stream, early| run(stream, &early, open).await),
        Err(full) => full.into_response(),
    }
}

/// One message after the other: the next is read when the last has been written, so that a peer that sends and does not
/// read fills its own buffers and not this process, and answers come in the order of what they answer.
async fn run(stream: TcpStream, early: &[u8], open: Open) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = Reader::new(incoming, Decoder::new(MAX_MESSAGE), early);
    let mut writer = Writer::new(outgoing);
    let last = loop {
        let said = tokio::select! {
            said = reader.next() => said,
            ending = open.ending() => break Last::Server(ending),
        };
        let (opcode, payload) = match said {
            Ok(Message::Text(text)) => (Opcode::Text, text.as_bytes()),
            Ok(Message::Binary(bytes)) => (Opcode::Binary, bytes),
            Ok(Message::Ping(payload)) => (Opcode::Pong, payload),
            Ok(Message::Pong) => continue,
            Ok(Message::Close(code)) => break Last::Client(code),
            Err(ended) => break ended.into(),
        };
        if !open.write(writer.send(opcode, payload)).await {
            break Last::Gone;
        }
    };
    last.say(writer, &mut reader).await;
}
