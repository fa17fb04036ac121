//! One who takes part through Socket.IO, from coming to going. One task for each: all that it says is taken in its order,
//! and all that it is told goes out in the order of the session.

use std::{
    future::ready,
    pin::pin,
    time::{Duration, Instant},
};

use parlor_protocol::{ClientFrame, CloseCode, RoomId, ServerFrame, close};
use serde_json::{Value, json};
use socketioxide::{TransportType, extract::SocketRef};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    ack::{Gone, emit},
    door::{Entered, Inbox, Said as Up, Waiting},
    typed::Pending,
};
use crate::{
    connection::{Bye, Frame},
    gateway::{
        backlog::{Backlog, Item},
        dialect,
        participant::Participant,
        translate::{Todo, Translator, What},
    },
    session::Session,
};

/// Time for the last events, and for the client to take them.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How a session came to its end.
enum End {
    /// We said so.
    Bye(Bye),
    /// The room is no longer theirs.
    Out,
    /// Who they are has changed.
    Renewed,
    /// A guest has a name from now on.
    Named(Box<Participant>),
    /// The client has gone, or takes nothing.
    Gone,
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// What the writing side asks of the reading one, which alone speaks to the session.
enum Errand {
    Say(ClientFrame),
    Listen(RoomId),
}

/// The client has been told that it is in.
pub(super) fn begin(socket: SocketRef) -> std::future::Ready<()> {
    let entered = socket.extensions.remove::<Waiting>().and_then(|waiting| waiting.0.lock().take());
    if let Some(entered) = entered {
        tokio::spawn(run(socket, entered));
    }
    ready(())
}

async fn run(socket: SocketRef, Entered { mut participant, mut inbox, carrier, gone, place }: Entered) {
    let mut translator = Translator::new(&participant.who.user, participant.room.clone());
    let mut session = participant.connect(Vec::new()).await;
    let end = loop {
        let talk = talk(&socket, &participant, &session, &mut inbox, &mut translator);
        match gone.run_until_cancelled(talk).await.unwrap_or(End::Gone) {
            End::Named(successor) => {
                session = participant.succeeded_by(*successor, session, &mut translator).await;
            }
            End::Renewed => match participant.renewed(&mut translator).await {
                Ok(renewed) => session = renewed,
                Err(bye) => break End::Bye(bye),
            },
            end => break end,
        }
    };
    participant.leave(Some(session)).await;
    drop(place);
    let polls = socket.transport_type() == TransportType::Polling;
    match end {
        // Clients come back by themselves from a connection that ends, and not from one that they were put out of. A poll
        // that is told of a restart finds out by the next one.
        End::Bye(bye) if close::may_reconnect(bye.code.code()) && !polls => carrier.ending.cancel(),
        End::Bye(Bye { code: CloseCode::Restarting, .. }) => {}
        _ => {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, put_out(socket)).await;
            carrier.ending.cancel();
        }
    }
}

/// Ends the client's part, when there is room to say so.
async fn put_out(socket: SocketRef) {
    while socket.connected() && socket.clone().disconnect().is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Hears and tells at the same time, until there is an end to this session.
async fn talk(
    socket: &SocketRef,
    participant: &Participant,
    session: &Session,
    inbox: &mut Inbox,
    translator: &mut Translator,
) -> End {
    let (errands, mut asked) = mpsc::unbounded_channel();
    let (turn, pending, queue) = (CancellationToken::new(), Pending::default(), &session.connection().queue);
    let mut telling = pin!(tell(socket, participant, session, translator, &pending, &errands, &turn));
    let flooded = inbox.flooded.clone();
    let end = tokio::select! {
        biased;
        end = &mut telling => return end,
        end = hear(socket, participant, session, inbox, &pending, &mut asked) => end,
        () = async { flooded.cancelled().await; session.close(CloseCode::Flooding); std::future::pending().await } => End::Gone,
        // A client that takes nothing any more holds nothing.
        () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => return End::Gone,
    };
    if let End::Named(successor) = end {
        turn.cancel();
        if let Ok(End::Renewed) = tokio::time::timeout(CLOSE_TIMEOUT, telling).await {
            return End::Named(successor);
        }
        successor.leave(None).await;
        return End::Gone;
    }
    end
}

/// Takes what the client says. When it is the server that ends it, the telling side decides.
async fn hear(
    socket: &SocketRef,
    participant: &Participant,
    session: &Session,
    inbox: &mut Inbox,
    pending: &Pending,
    asked: &mut mpsc::UnboundedReceiver<Errand>,
) -> End {
    loop {
        let said = tokio::select! {
            biased;
            Some(errand) = asked.recv() => {
                match errand {
                    Errand::Say(frame) => session.receive(&frame.encode()).await,
                    Errand::Listen(room) => participant.listen(session, &room).await,
                }
                continue;
            }
            said = inbox.next() => said,
        };
        let Some(said) = said else { return End::Gone };
        session.connection().hear(Instant::now());
        if session.connection().queue.is_ending() {
            continue;
        }
        match Box::pin(take(socket, participant, session, pending, said)).await {
            Ok(None) => {}
            Ok(Some(successor)) => return End::Named(Box::new(successor)),
            Err(Gone) => return End::Gone,
        }
    }
}

/// Does what was said. A guest who had no name may come out of it with one.
async fn take(
    socket: &SocketRef,
    participant: &Participant,
    session: &Session,
    pending: &Pending,
    Up { event, data, ack, .. }: Up,
) -> Result<Option<Participant>, Gone> {
    if event != "message" {
        pending.command(participant, session, &event, data, ack).await?;
        return Ok(None);
    }
    let Some(Value::String(text)) = data else {
        if session.counts() {
            ack.refuse(parlor_protocol::refusal::BAD_FRAME, "A message is a text: send(\"…\").").await?;
        }
        return Ok(None);
    };
    if participant.takes(&text) {
        return match participant.named(&text).await {
            Ok(successor) => {
                ack.answer(json!({ "name": successor.who.user.name })).await?;
                Ok(Some(successor))
            }
            Err(failure) if ack.is_wanted() => ack.fail(&failure).await.map(|()| None),
            Err(failure) => {
                let error = json!({ "code": failure.code(), "message": failure.message() });
                emit(socket, "error", &error).await.map(|()| None)
            }
        };
    }
    pending.message(participant, session, &text, ack).await?;
    Ok(None)
}

/// Tells what the session gives, until its end. When it is another's turn, [`End::Renewed`].
async fn tell(
    socket: &SocketRef,
    participant: &Participant,
    session: &Session,
    translator: &mut Translator,
    pending: &Pending,
    errands: &mpsc::UnboundedSender<Errand>,
    turn: &CancellationToken,
) -> End {
    let backlog = Backlog::default();
    let telling = async {
        loop {
            let Some(item) = turn.run_until_cancelled(backlog.next()).await else { return End::Renewed };
            let frame = match item {
                Item::Frame(frame) => frame,
                Item::Ping => {
                    // The library has heartbeats of its own, and says when the client has gone.
                    session.connection().hear(Instant::now());
                    continue;
                }
                Item::Bye(bye) if bye.code == CloseCode::IdentityChanged => return End::Renewed,
                Item::Bye(bye) => {
                    let error = json!({ "code": "bye", "message": bye.code.reason(), "close": bye.code.code() });
                    return emit(socket, "error", &error).await.map_or_else(End::from, |()| End::Bye(bye));
                }
            };
            let jsons: Vec<&[u8]> = match &frame {
                Frame::Events { batch, skip } => batch.events_after(*skip).map(|event| event.json).collect(),
                Frame::One(frame) => vec![frame.json()],
                // There is no such thing here.
                Frame::Control(_) | Frame::Static(_) => Vec::new(),
            };
            for json in jsons {
                // It is the server's own.
                let frame = serde_json::from_slice(json).unwrap_or(ServerFrame::Unknown);
                if let Err(end) = pass_on(frame, socket, participant, translator, pending, errands).await {
                    return end;
                }
                if turn.is_cancelled() {
                    return End::Renewed;
                }
            }
        }
    };
    tokio::select! {
        biased;
        end = telling => end,
        () = backlog.fill(session) => End::Gone,
    }
}

async fn pass_on(
    frame: ServerFrame,
    socket: &SocketRef,
    participant: &Participant,
    translator: &mut Translator,
    pending: &Pending,
    errands: &mpsc::UnboundedSender<Errand>,
) -> Result<(), End> {
    let Some(frame) = pending.answer(frame).await? else { return Ok(()) };
    let mut plain = true;
    match &frame {
        ServerFrame::Event(event) => {
            emit(socket, "event", event).await?;
            // What is said in rooms that were joined beside the own one is for those who know events.
            plain = event.room == participant.room || participant.listens(&event.room);
        }
        ServerFrame::Presence { .. } => emit(socket, "presence", &frame).await?,
        // Others are told.
        ServerFrame::Joined { .. } => plain = false,
        _ => {}
    }
    for todo in translator.take(frame) {
        match todo {
            Todo::Say(said) => match &said.what {
                What::Error { code, message } => {
                    emit(socket, "error", &json!({ "code": code, "message": message })).await?;
                }
                what if plain => emit(socket, "message", &dialect::lines(what)).await?,
                _ => {}
            },
            // Whoever hears lives as long.
            Todo::Answer(frame) => {
                drop(errands.send(Errand::Say(frame)));
                // Answered when that has been done.
                drop(errands.send(Errand::Say(ClientFrame::Ping { at: 0 })));
            }
            Todo::Listen(room) => drop(errands.send(Errand::Listen(room))),
            Todo::Out => {
                emit(socket, "error", &json!({ "code": "removed", "message": "this room is no longer yours" })).await?;
                return Err(End::Out);
            }
        }
    }
    Ok(())
}
