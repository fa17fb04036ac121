//! `GET /lab/echo`: a WebSocket that echoes each message.

use std::sync::Arc;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use tokio::net::TcpStream;

use super::{
    close::CloseCause,
    metered_reader::MeteredReader,
    streams::{OpenStream, StreamKind, Streams},
};
use crate::{
    extract::{ConnectionInfo, SameOrigin},
    socket::{MessageWriter, Upgrade},
    websocket::{
        decode::{Decoder, Message},
        frame::Opcode,
    },
};

/// Longest message, in bytes.
const MAX_MESSAGE: usize = 1_048_576;

pub(super) async fn upgrade(
    _origin: SameOrigin,
    Extension(streams): Extension<Arc<Streams>>,
    info: Option<Extension<ConnectionInfo>>,
    upgrade: Upgrade,
) -> Response {
    match streams.open(StreamKind::Echo, info.map(|Extension(info)| info)) {
        Ok(open) => upgrade.run(async move |stream, early| run(stream, &early, open).await),
        Err(full) => full.into_response(),
    }
}

/// Reads the next message only when the last one has been written, so that a peer that does not read fills its own buffers
/// and not this server's memory.
async fn run(stream: TcpStream, early: &[u8], open: OpenStream) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = MeteredReader::new(incoming, Decoder::new(MAX_MESSAGE), early, open.memory());
    let mut writer = MessageWriter::new(outgoing);
    let cause = loop {
        let message = tokio::select! {
            message = reader.next() => message,
            reason = open.stopped() => break CloseCause::Server(reason),
        };
        let (opcode, payload) = match message {
            Ok(Message::Text(text)) => (Opcode::Text, text.as_bytes()),
            Ok(Message::Binary(bytes)) => (Opcode::Binary, bytes),
            Ok(Message::Ping(payload)) => (Opcode::Pong, payload),
            Ok(Message::Pong) => continue,
            Ok(Message::Close(code)) => break CloseCause::Client(code),
            Err(cause) => break cause,
        };
        if !open.write(writer.send(opcode, payload)).await {
            break CloseCause::Gone;
        }
    };
    cause.close(writer, &mut reader.reader).await;
}
