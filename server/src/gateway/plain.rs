//! A plain gateway's connection: how it is heard and told over a WebSocket of its own.

use std::time::Instant;

use parlor_protocol::{CloseCode, CommandId, ServerFrame, limits};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::{
    dialect::Dialect,
    participant::Participant,
    talk::{self, End, Gone, Hear, Signs, Tell},
    translate::{Said, What},
};
use crate::{
    clock,
    connection::Bye,
    session::Session,
    socket::{Ended, Reader, Writer},
    websocket::{
        decode::{Decoder, Message, Violation},
        frame::Opcode,
    },
};

/// RFC 6455, section 7.4.1: it is against the rules to go on here.
const POLICY: u16 = 1008;

/// What is read.
struct Up {
    reader: Reader,
    dialect: Dialect,
    /// Came with the name of who now says it.
    first: Option<String>,
}

/// What is written.
struct Down {
    writer: Writer,
    dialect: Dialect,
    /// No message is half written.
    whole: bool,
}

/// Runs a connection.
pub(super) async fn run(stream: TcpStream, early: &[u8], participant: Participant, dialect: Dialect) {
    let (incoming, outgoing) = stream.into_split();
    let reader = Reader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut up = Up { reader, dialect, first: None };
    let mut down = Down { writer: Writer::new(outgoing), dialect, whole: true };
    let end = talk::run(participant, &mut up, &mut down, &Signs::default()).await;
    if let (Some((code, reason)), true) = (farewell(&end), down.whole) {
        down.writer.close(&mut up.reader, code, reason).await;
    }
}

/// The code and reason to close with.
fn farewell(end: &End) -> Option<(Option<u16>, &str)> {
    match end {
        End::Bye(bye) => Some((Some(bye.code.code()), bye.code.reason())),
        End::Out => Some((Some(POLICY), "this room is no longer yours")),
        End::Closed(code) => Some((*code, "")),
        End::Gone => None,
    }
}

impl Hear for Up {
    type Said = String;

    async fn next(&mut self, session: &Session) -> Result<String, End> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        loop {
            let message = self.reader.next().await;
            session.connection().hear(Instant::now());
            match message {
                Ok(Message::Text(text)) => return Ok(text.to_owned()),
                Ok(Message::Binary(_)) => session.receive_binary(),
                Ok(Message::Ping(payload)) => session.receive_ping(payload),
                // It has done its work by being heard.
                Ok(Message::Pong) => {}
                // Section 5.5.1: answered with the same code.
                Ok(Message::Close(code)) => return Err(End::Closed(code)),
                Err(Ended::Violation(Violation::TooLarge)) => {
                    session.close(CloseCode::FrameTooLarge);
                    return Err(End::Gone);
                }
                Err(Ended::Violation(violation)) => return Err(End::Closed(Some(violation.close_code()))),
                Err(Ended::Gone) => return Err(End::Gone),
            }
        }
    }

    async fn take(
        &mut self,
        text: String,
        participant: &Participant,
        session: &Session,
    ) -> Result<Option<Participant>, Gone> {
        let said = match self.dialect.read(&text) {
            Ok(said) => said,
            Err((code, message)) => {
                participant.refuse(session, &text, code, message);
                return Ok(None);
            }
        };
        if participant.takes(&said.nickname) {
            match participant.named(&said.nickname).await {
                Ok(successor) => {
                    self.first = Some(text);
                    return Ok(Some(successor));
                }
                Err(failure) => participant.refuse(session, &said.message, failure.code(), failure.message()),
            }
        } else if participant.is_other(&said.nickname) {
            participant.refuse_name(session, &said.message);
        } else if let Err(failure) = participant.say(session, &said.message, CommandId(Uuid::now_v7())).await {
            participant.refuse(session, &said.message, failure.code(), failure.message());
        }
        Ok(None)
    }
}

impl Down {
    async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Gone> {
        self.whole = false;
        self.writer.send(opcode, payload).await.map_err(|_| Gone)?;
        self.whole = true;
        Ok(())
    }
}

impl Tell for Down {
    async fn frame(&mut self, frame: ServerFrame, _: &Participant) -> Result<Option<ServerFrame>, Gone> {
        Ok(Some(frame))
    }

    async fn say(&mut self, said: &Said) -> Result<(), Gone> {
        match self.dialect.write(said) {
            Some(text) => self.send(Opcode::Text, text.as_bytes()).await,
            None => Ok(()),
        }
    }

    async fn bye(&mut self, bye: Bye) -> Result<(), Gone> {
        let what = What::Error { code: "bye".into(), message: bye.code.reason().into(), text: None };
        self.say(&Said { at: clock::now(), what }).await
    }

    async fn ping(&mut self, _: &Session) -> Result<(), Gone> {
        self.send(Opcode::Ping, &[]).await
    }

    async fn pong(&mut self, payload: &[u8]) -> Result<(), Gone> {
        self.send(Opcode::Pong, payload).await
    }
}
