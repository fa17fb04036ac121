//! `GET /lab/clock/ws`: the clock over WebSocket (RFC 6455), one text message per tick.

use std::sync::Arc;

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use parlor_protocol::limits;
use tokio::net::TcpStream;

use super::{HeadLength, Ticks};
use crate::{
    extract::{ConnectionInfo, SameOrigin},
    lab::{
        close::CloseCause,
        metered_reader::MeteredReader,
        streams::{OpenStream, StreamKind, Streams},
    },
    socket::{MessageWriter, Upgrade},
    websocket::{
        decode::{Decoder, Message},
        frame::Opcode,
    },
};

pub(in crate::lab) async fn upgrade(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    info: Option<Extension<ConnectionInfo>>,
    Extension(streams): Extension<Arc<Streams>>,
    upgrade: Upgrade,
) -> Response {
    match streams.open(StreamKind::Ws, info.map(|Extension(info)| info)) {
        Ok(open) => upgrade.run(async move |stream, early| run(stream, &early, open, Ticks::new(up)).await),
        Err(full) => full.into_response(),
    }
}

/// Messages from the client are ignored, except pings and its close frame.
async fn run(stream: TcpStream, early: &[u8], open: OpenStream, mut ticks: Ticks) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = MeteredReader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early, open.memory());
    let mut writer = MessageWriter::new(outgoing);
    let cause = loop {
        let (opcode, payload) = tokio::select! {
            tick = ticks.next() => (Opcode::Text, tick.json().into_bytes()),
            message = reader.next() => match message {
                Ok(Message::Ping(payload)) => (Opcode::Pong, payload.to_vec()),
                Ok(Message::Close(code)) => break CloseCause::Client(code),
                Ok(Message::Text(_) | Message::Binary(_) | Message::Pong) => continue,
                Err(cause) => break cause,
            },
            reason = open.stopped() => break CloseCause::Server(reason),
        };
        if !open.write(writer.send(opcode, &payload)).await {
            break CloseCause::Gone;
        }
    };
    cause.close(writer, &mut reader.reader).await;
}
