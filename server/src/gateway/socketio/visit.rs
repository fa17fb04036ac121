//! A client of Socket.IO: how it is heard and told through what the library carries.

use std::{future::ready, sync::Arc, time::Instant};

use parlor_protocol::{CloseCode, ServerFrame, close, error_code};
use serde_json::{Value, json};
use socketioxide::{TransportType, extract::SocketRef};

use super::{
    ack::{emit, error},
    door::{Entered, Inbox, Said as Up, Waiting},
    typed::Pending,
};
use crate::{
    connection::Bye,
    gateway::{
        dialect,
        participant::Participant,
        talk::{self, CLOSE_TIMEOUT, End, Gone, Hear, Tell},
        translate::{Said, What},
        unanswered::beginning,
    },
    session::Session,
};

/// What it says.
struct Hearing {
    socket: SocketRef,
    inbox: Inbox,
    pending: Arc<Pending>,
}

/// What it is told.
struct Telling {
    socket: SocketRef,
    pending: Arc<Pending>,
    /// What is told as it is, is also told in words.
    plain: bool,
}

/// The client has been told that it is in.
pub(super) fn begin(socket: SocketRef) -> std::future::Ready<()> {
    let entered = socket.extensions.remove::<Waiting>().and_then(|waiting| waiting.0.lock().take());
    if let Some(entered) = entered {
        tokio::spawn(run(socket, entered));
    }
    ready(())
}

async fn run(socket: SocketRef, Entered { participant, inbox, carrier, signs, place }: Entered) {
    let pending = Arc::<Pending>::default();
    let mut hearing = Hearing { socket: socket.clone(), inbox, pending: pending.clone() };
    let mut telling = Telling { socket: socket.clone(), pending, plain: true };
    let end = talk::run(participant, &mut hearing, &mut telling, &signs).await;
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
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

impl Hear for Hearing {
    type Said = Up;

    async fn next(&mut self, _: &Session) -> Result<Up, End> {
        self.inbox.next().await.ok_or(End::Gone)
    }

    async fn take(
        &mut self,
        Up { event, data, ack, .. }: Up,
        participant: &Participant,
        session: &Session,
    ) -> Result<Option<Participant>, Gone> {
        if event != "message" {
            self.pending.command(participant, session, &event, data, ack).await?;
            return Ok(None);
        }
        let Some(Value::String(text)) = data else {
            if session.counts() {
                ack.refuse(error_code::BAD_FRAME, "A message is a text: send(\"…\").").await?;
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
                    let error = error(failure.code(), failure.message(), Some(&beginning(&text)));
                    emit(&self.socket, "error", &error).await.map(|()| None)
                }
            };
        }
        self.pending.message(participant, session, &text, ack).await?;
        Ok(None)
    }
}

impl Tell for Telling {
    async fn frame(&mut self, frame: ServerFrame, participant: &Participant) -> Result<Option<ServerFrame>, Gone> {
        let Some(frame) = self.pending.answer(frame).await? else { return Ok(None) };
        self.plain = true;
        match &frame {
            ServerFrame::Event(event) => {
                emit(&self.socket, "event", event).await?;
                // What is said in rooms that were joined beside the own one is for those who know events.
                self.plain = event.room == participant.room || participant.listens(&event.room);
            }
            ServerFrame::Presence { .. } => emit(&self.socket, "presence", &frame).await?,
            // Others are told.
            ServerFrame::Joined { .. } => self.plain = false,
            _ => {}
        }
        Ok(Some(frame))
    }

    async fn say(&mut self, said: &Said) -> Result<(), Gone> {
        match &said.what {
            What::Error { code, message, text } => {
                emit(&self.socket, "error", &error(code, message, text.as_deref())).await
            }
            what if self.plain => emit(&self.socket, "message", &dialect::lines(what)).await,
            _ => Ok(()),
        }
    }

    async fn bye(&mut self, bye: Bye) -> Result<(), Gone> {
        let error = json!({ "code": "bye", "message": bye.code.reason(), "close": bye.code.code() });
        emit(&self.socket, "error", &error).await
    }

    async fn ping(&mut self, session: &Session) -> Result<(), Gone> {
        // The library has heartbeats of its own, and says when the client has gone.
        session.connection().hear(Instant::now());
        Ok(())
    }

    async fn pong(&mut self, _: &[u8]) -> Result<(), Gone> {
        // There is no such thing here.
        Ok(())
    }
}
