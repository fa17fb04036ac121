//! A plain gateway's connection, from its first byte to its last.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use parlor_protocol::{ClientFrame, CloseCode, CommandId, RoomId, ServerFrame, limits};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    backlog::{Backlog, Item},
    dialect::Dialect,
    participant::Participant,
    translate::{Said, Todo, Translator, What},
};
use crate::{
    clock,
    connection::{Bye, Frame},
    session::Session,
    socket::{Ended, Reader, Writer},
    websocket::{
        decode::{Decoder, Message, Violation},
        frame::{self, Opcode},
    },
};

/// Time for the last messages, and for the peer to take them.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// RFC 6455, section 7.4.1: it is against the rules to go on here.
const POLICY: u16 = 1008;

/// How a session, or its part of the connection, came to its end.
enum End {
    /// We said so.
    Bye(Bye),
    /// The room is no longer theirs.
    Out,
    /// Who they are has changed.
    Renewed,
    /// A guest has a name from now on, and has said this.
    Named(Box<Participant>, String),
    /// The peer sent a close frame.
    Close(Option<u16>),
    /// The peer did what must not be.
    Violation(Violation),
    /// The peer went without a word, or takes nothing.
    Gone,
}

/// What the writing side asks of the reading one, which alone speaks to the session.
enum Errand {
    Say(ClientFrame),
    Listen(RoomId),
}

/// What is written.
struct Down {
    writer: Writer,
    dialect: Dialect,
    /// No message is half written.
    whole: bool,
}

impl Down {
    async fn say(&mut self, said: &Said) -> Result<(), End> {
        match self.dialect.write(said) {
            Some(text) => self.send(Opcode::Text, text.as_bytes()).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), End> {
        self.whole = false;
        self.writer.send(opcode, payload).await.map_err(|_| End::Gone)?;
        self.whole = true;
        Ok(())
    }
}

/// Runs a connection.
pub(super) async fn run(stream: TcpStream, early: &[u8], mut participant: Participant, dialect: Dialect) {
    let (incoming, outgoing) = stream.into_split();
    let mut reader = Reader::new(incoming, Decoder::new(limits::MAX_FRAME_BYTES), early);
    let mut down = Down { writer: Writer::new(outgoing), dialect, whole: true };
    let mut translator = Translator::new(&participant.who.user, participant.room.clone());
    let mut session = participant.connect(Vec::new()).await;
    let mut said = None;
    let end = loop {
        let end = talk(&participant, &session, &mut reader, &mut down, &mut translator, said.take()).await;
        match end {
            End::Named(successor, message) => {
                session = participant.succeeded_by(*successor, session, &mut translator).await;
                said = Some(message);
            }
            End::Renewed => match participant.renewed(&mut translator).await {
                Ok(renewed) => session = renewed,
                Err(bye) => break End::Bye(bye),
            },
            end => break end,
        }
    };
    // Others see at once that they have gone, while the socket still fades.
    participant.leave(Some(session)).await;
    if let (Some((code, reason)), true) = (farewell(&end), down.whole) {
        down.writer.close(&mut reader, code, reason).await;
    }
}

/// The code and reason to close with.
fn farewell(end: &End) -> Option<(Option<u16>, &str)> {
    match end {
        End::Bye(bye) => Some((Some(bye.code.code()), bye.code.reason())),
        End::Out => Some((Some(POLICY), "this room is no longer yours")),
        // Section 5.5.1: answered with the same code.
        End::Close(code) => Some((*code, "")),
        End::Violation(violation) => Some((Some(violation.close_code()), "")),
        End::Renewed | End::Named(..) | End::Gone => None,
    }
}

/// Reads and writes at the same time, until there is an end to this session.
async fn talk(
    participant: &Participant,
    session: &Session,
    reader: &mut Reader,
    down: &mut Down,
    translator: &mut Translator,
    first: Option<String>,
) -> End {
    let (errands, mut asked) = mpsc::unbounded_channel();
    let (turn, dialect, queue) = (CancellationToken::new(), down.dialect, &session.connection().queue);
    let mut writing = pin!(write(down, session, translator, &errands, &turn));
    let end = tokio::select! {
        biased;
        end = &mut writing => return end,
        end = read(reader, session, participant, &mut asked, dialect, first) => end,
        // A peer that takes nothing any more does not hold its socket.
        () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => return End::Gone,
    };
    if let End::Named(successor, message) = end {
        // Whoever goes on writes whole messages.
        turn.cancel();
        if let Ok(End::Renewed) = tokio::time::timeout(CLOSE_TIMEOUT, writing).await {
            return End::Named(successor, message);
        }
        successor.leave(None).await;
        return End::Gone;
    }
    end
}

/// Takes messages until the peer has gone. When it is the server that ends the connection, the writer decides.
async fn read(
    reader: &mut Reader,
    session: &Session,
    participant: &Participant,
    asked: &mut mpsc::UnboundedReceiver<Errand>,
    dialect: Dialect,
    first: Option<String>,
) -> End {
    if let Some(message) = first {
        say(session, participant, &message).await;
    }
    let end = loop {
        let message = tokio::select! {
            biased;
            Some(errand) = asked.recv() => {
                match errand {
                    Errand::Say(frame) => session.receive(&frame.encode()).await,
                    Errand::Listen(room) => participant.listen(session, &room).await,
                }
                continue;
            }
            message = reader.next() => message,
        };
        session.connection().hear(Instant::now());
        match message {
            Ok(Message::Text(text)) => {
                if let Some(end) = take(text, session, participant, dialect).await {
                    break end;
                }
            }
            Ok(Message::Binary(_)) => session.receive_binary(),
            Ok(Message::Ping(payload)) => session.receive_ping(payload),
            // It has done its work by being heard.
            Ok(Message::Pong) => {}
            Ok(Message::Close(code)) => break End::Close(code),
            Err(Ended::Violation(Violation::TooLarge)) => {
                session.close(CloseCode::FrameTooLarge);
                let _ = reader.discard().await;
                break End::Gone;
            }
            Err(Ended::Violation(violation)) => break End::Violation(violation),
            Err(Ended::Gone) => break End::Gone,
        }
    };
    if matches!(end, End::Gone) && session.connection().queue.is_ending() {
        std::future::pending::<()>().await;
    }
    end
}

async fn take(text: &str, session: &Session, participant: &Participant, dialect: Dialect) -> Option<End> {
    let up = match dialect.read(text) {
        Ok(up) => up,
        Err((code, message)) => {
            session.receive_bad(code, message);
            return None;
        }
    };
    if participant.takes(&up.nickname) {
        match Box::pin(participant.named(&up.nickname)).await {
            Ok(successor) => return Some(End::Named(Box::new(successor), up.message.into_owned())),
            Err(failure) => session.receive_bad(failure.code(), failure.message()),
        }
    } else if participant.is_other(&up.nickname) {
        participant.refuse_name(session);
    } else {
        Box::pin(say(session, participant, &up.message)).await;
    }
    None
}

async fn say(session: &Session, participant: &Participant, text: &str) {
    if let Err(failure) = participant.say(session, text, CommandId(Uuid::now_v7())).await {
        session.receive_bad(failure.code(), failure.message());
    }
}

/// Says what the session gives, until its end. When it is another's turn, [`End::Renewed`].
async fn write(
    down: &mut Down,
    session: &Session,
    translator: &mut Translator,
    errands: &mpsc::UnboundedSender<Errand>,
    turn: &CancellationToken,
) -> End {
    let backlog = Backlog::default();
    let writing = async {
        loop {
            let Some(item) = turn.run_until_cancelled(backlog.next()).await else { return End::Renewed };
            let done = match item {
                Item::Frame(Frame::Events { batch, skip }) => {
                    let mut done = Ok(());
                    for event in batch.events_after(skip) {
                        done = pass_on(event.json, down, translator, errands).await;
                        if done.is_err() || turn.is_cancelled() {
                            break;
                        }
                    }
                    done
                }
                Item::Frame(Frame::One(frame)) => pass_on(frame.json(), down, translator, errands).await,
                // Pings are asked for, so this answers one.
                Item::Frame(Frame::Control(bytes)) => down.send(Opcode::Pong, frame::payload(&bytes)).await,
                Item::Frame(Frame::Static(_)) => Ok(()),
                Item::Ping => down.send(Opcode::Ping, &[]).await,
                Item::Bye(bye) if bye.code == CloseCode::IdentityChanged => return End::Renewed,
                Item::Bye(bye) => {
                    let what = What::Error { code: "bye".into(), message: bye.code.reason().into() };
                    return down.say(&Said { at: clock::now(), what }).await.err().unwrap_or(End::Bye(bye));
                }
            };
            if let Err(end) = done {
                return end;
            }
            if turn.is_cancelled() {
                return End::Renewed;
            }
        }
    };
    tokio::select! {
        biased;
        end = writing => end,
        () = backlog.fill(session) => End::Gone,
    }
}

async fn pass_on(
    json: &[u8],
    down: &mut Down,
    translator: &mut Translator,
    errands: &mpsc::UnboundedSender<Errand>,
) -> Result<(), End> {
    // It is the server's own.
    let frame = serde_json::from_slice(json).unwrap_or(ServerFrame::Unknown);
    for todo in translator.take(frame) {
        match todo {
            Todo::Say(said) => down.say(&said).await?,
            // Whoever reads lives as long.
            Todo::Answer(frame) => drop(errands.send(Errand::Say(frame))),
            Todo::Listen(room) => drop(errands.send(Errand::Listen(room))),
            Todo::Out => {
                let what = What::Error { code: "removed".into(), message: "this room is no longer yours".into() };
                down.say(&Said { at: clock::now(), what }).await?;
                return Err(End::Out);
            }
        }
    }
    Ok(())
}
