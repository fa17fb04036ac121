//! The connection of a plain gateway over WebSocket.

use std::time::Instant;

use parlor_protocol::{CloseCode, CommandId, ServerFrame, limits};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::{
    connection::{self, ClientGone, ClientReader, ClientSignals, ClientWriter, ConnectionEnd},
    participant::Participant,
    plain_format::PlainFormat,
    translate::{Notice, NoticeKind},
};
use crate::{
    clock,
    connection::Disconnect,
    session::Session,
    socket::{MessageReader, MessageWriter, ReadError},
    websocket::{
        decode::{Decoder, Message, Violation},
        frame::Opcode,
    },
};

/// Policy violation (RFC 6455, section 7.4.1).
const POLICY_VIOLATION: u16 = 1008;

struct PlainReader {
    reader: MessageReader,
    format: PlainFormat,
    /// The message that gave the guest's name, to be handled again under this name.
    first: Option<String>,
}

struct PlainWriter {
    writer: MessageWriter,
    format: PlainFormat,
    /// No message is partially written.
    is_complete: bool,
}

pub(super) async fn run(stream: TcpStream, early: &[u8], participant: Participant, format: PlainFormat) {
    let (incoming, outgoing) = stream.into_split();
    let reader = MessageReader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut reader = PlainReader { reader, format, first: None };
    let mut writer = PlainWriter { writer: MessageWriter::new(outgoing), format, is_complete: true };
    let end = connection::run(participant, &mut reader, &mut writer, &ClientSignals::default()).await;
    if let (Some((code, reason)), true) = (close_frame(&end), writer.is_complete) {
        writer.writer.close(&mut reader.reader, code, reason).await;
    }
}

/// The code and reason of the close frame.
fn close_frame(end: &ConnectionEnd) -> Option<(Option<u16>, &str)> {
    match end {
        ConnectionEnd::ByServer(disconnect) => Some((Some(disconnect.code.code()), disconnect.code.reason())),
        ConnectionEnd::RemovedFromRoom => Some((Some(POLICY_VIOLATION), "removed from this room")),
        ConnectionEnd::Closed(code) => Some((*code, "")),
        ConnectionEnd::Gone => None,
    }
}

impl ClientReader for PlainReader {
    type Input = String;

    async fn next(&mut self, session: &Session) -> Result<String, ConnectionEnd> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        loop {
            let message = self.reader.next().await;
            session.connection().record_activity(Instant::now());
            match message {
                Ok(Message::Text(text)) => return Ok(text.to_owned()),
                Ok(Message::Binary(_)) => session.receive_binary(),
                Ok(Message::Ping(payload)) => session.receive_ping(payload),
                // Its arrival was recorded as activity.
                Ok(Message::Pong) => {}
                // Section 5.5.1: answered with the same code.
                Ok(Message::Close(code)) => return Err(ConnectionEnd::Closed(code)),
                Err(ReadError::Violation(Violation::TooLarge)) => {
                    session.close(CloseCode::FrameTooLarge);
                    return Err(ConnectionEnd::Gone);
                }
                Err(ReadError::Violation(violation)) => {
                    return Err(ConnectionEnd::Closed(Some(violation.close_code())));
                }
                Err(ReadError::Gone) => return Err(ConnectionEnd::Gone),
            }
        }
    }

    async fn handle(
        &mut self,
        text: String,
        participant: &Participant,
        session: &Session,
    ) -> Result<Option<Participant>, ClientGone> {
        session.turn().await;
        let message = match self.format.parse(&text) {
            Ok(message) => message,
            Err((code, reason)) => {
                participant.refuse(session, &text, code, reason);
                return Ok(None);
            }
        };
        if participant.takes_name(&message.nickname) {
            match participant.with_name(&message.nickname).await {
                Ok(successor) => {
                    self.first = Some(text);
                    return Ok(Some(successor));
                }
                Err(error) => participant.refuse(session, &message.message, error.code(), error.to_string()),
            }
        } else if participant.is_other_name(&message.nickname) {
            participant.refuse_name(session, &message.message);
        } else if let Err(refusal) = participant.send_text(session, &message.message, CommandId(Uuid::now_v7())).await {
            participant.refuse(session, &message.message, refusal.code, refusal.message);
        }
        Ok(None)
    }
}

impl PlainWriter {
    async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), ClientGone> {
        self.is_complete = false;
        self.writer.send(opcode, payload).await.map_err(|_| ClientGone)?;
        self.is_complete = true;
        Ok(())
    }
}

impl ClientWriter for PlainWriter {
    async fn frame(&mut self, frame: ServerFrame, _: &Participant) -> Result<Option<ServerFrame>, ClientGone> {
        Ok(Some(frame))
    }

    async fn notice(&mut self, notice: &Notice) -> Result<(), ClientGone> {
        match self.format.format(notice) {
            Some(text) => self.send(Opcode::Text, text.as_bytes()).await,
            None => Ok(()),
        }
    }

    async fn bye(&mut self, disconnect: Disconnect) -> Result<(), ClientGone> {
        let message = disconnect.code.reason().into();
        let kind = NoticeKind::Error { code: "bye".into(), message, text: None };
        self.notice(&Notice { at: clock::now(), kind }).await
    }

    async fn ping(&mut self, _: &Session) -> Result<(), ClientGone> {
        self.send(Opcode::Ping, &[]).await
    }

    async fn pong(&mut self, payload: &[u8]) -> Result<(), ClientGone> {
        self.send(Opcode::Pong, payload).await
    }
}
