//! Reads from and writes to a Socket.IO client.

use std::{future::ready, sync::Arc, time::Instant};

use parlor_protocol::{CloseCode, ServerFrame, close, error_code};
use serde_json::{Value, json};
use socketioxide::{TransportType, extract::SocketRef};

use super::{
    ack::{emit, error},
    commands::PendingAcks,
    connect::{Connected, Inbox, IncomingEvent, PendingConnection},
};
use crate::{
    connection::Disconnect,
    gateway::{
        connection::{self, CLOSE_TIMEOUT, ClientGone, ClientReader, ClientWriter, ConnectionEnd},
        participant::Participant,
        pending_texts::excerpt,
        plain_format,
        translate::{Notice, NoticeKind},
    },
    session::Session,
};

struct SocketIoReader {
    socket: SocketRef,
    inbox: Inbox,
    pending: Arc<PendingAcks>,
}

struct SocketIoWriter {
    socket: SocketRef,
    pending: Arc<PendingAcks>,
    /// The last frame is also sent as a `message` event in plain text.
    with_text: bool,
}

/// Called when the client has been told that it is connected.
pub(super) fn start(socket: SocketRef) -> std::future::Ready<()> {
    let entered = socket.extensions.remove::<PendingConnection>().and_then(|waiting| waiting.0.lock().take());
    if let Some(entered) = entered {
        tokio::spawn(run(socket, entered));
    }
    ready(())
}

async fn run(socket: SocketRef, Connected { participant, inbox, handle, signals, info }: Connected) {
    let pending = Arc::<PendingAcks>::default();
    let mut reader = SocketIoReader { socket: socket.clone(), inbox, pending: pending.clone() };
    let mut writer = SocketIoWriter { socket: socket.clone(), pending, with_text: true };
    let end = connection::run(participant, &mut reader, &mut writer, &signals).await;
    drop(info);
    let polls = socket.transport_type() == TransportType::Polling;
    match end {
        // Clients reconnect after a lost connection, but not after a disconnect packet. A polling client notices a restart by
        // its next poll.
        ConnectionEnd::ByServer(disconnect) if close::may_reconnect(disconnect.code.code()) && !polls => {
            handle.ending.cancel();
        }
        ConnectionEnd::ByServer(Disconnect { code: CloseCode::Restarting, .. }) => {}
        _ => {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, disconnect(socket)).await;
            handle.ending.cancel();
        }
    }
}

/// Sends a disconnect packet. Waits while the channel is full.
async fn disconnect(socket: SocketRef) {
    while socket.connected() && socket.clone().disconnect().is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

impl ClientReader for SocketIoReader {
    type Input = IncomingEvent;

    async fn next(&mut self, _: &Session) -> Result<IncomingEvent, ConnectionEnd> {
        self.inbox.next().await.ok_or(ConnectionEnd::Gone)
    }

    async fn handle(
        &mut self,
        IncomingEvent { event, data, ack, .. }: IncomingEvent,
        participant: &Participant,
        session: &Session,
    ) -> Result<Option<Participant>, ClientGone> {
        session.turn().await;
        if event != "message" {
            self.pending.command(participant, session, &event, data, ack).await?;
            return Ok(None);
        }
        let Some(Value::String(text)) = data else {
            if session.take_frame_quota() {
                ack.refuse(error_code::BAD_FRAME, "A message is a text: send(\"…\").").await?;
            }
            return Ok(None);
        };
        if participant.takes_name(&text) {
            return match participant.with_name(&text).await {
                Ok(successor) => {
                    ack.send(json!({ "name": successor.caller.user.name })).await?;
                    Ok(Some(successor))
                }
                Err(rejection) if ack.is_requested() => ack.fail(&rejection.into()).await.map(|()| None),
                Err(rejection) => {
                    let error = error(rejection.code(), &rejection.to_string(), Some(&excerpt(&text)));
                    emit(&self.socket, "error", &error).await.map(|()| None)
                }
            };
        }
        self.pending.message(participant, session, &text, ack).await?;
        Ok(None)
    }
}

impl ClientWriter for SocketIoWriter {
    async fn frame(
        &mut self,
        frame: ServerFrame,
        participant: &Participant,
    ) -> Result<Option<ServerFrame>, ClientGone> {
        let Some(frame) = self.pending.resolve(frame).await? else { return Ok(None) };
        self.with_text = true;
        match &frame {
            ServerFrame::Event(event) => {
                emit(&self.socket, "event", event).await?;
                // Events of other joined rooms are only for clients that handle `event`.
                self.with_text = event.room == participant.room || participant.is_listening(&event.room);
            }
            ServerFrame::Presence { .. } => emit(&self.socket, "presence", &frame).await?,
            // The notice is for the others only.
            ServerFrame::Joined { .. } => self.with_text = false,
            ServerFrame::Welcome { .. }
            | ServerFrame::Ack { .. }
            | ServerFrame::Refused { .. }
            | ServerFrame::Room { .. }
            | ServerFrame::Typing { .. }
            | ServerFrame::Gap { .. }
            | ServerFrame::Pong { .. }
            | ServerFrame::Bye { .. }
            | ServerFrame::Unknown => {}
        }
        Ok(Some(frame))
    }

    async fn notice(&mut self, notice: &Notice) -> Result<(), ClientGone> {
        match &notice.kind {
            NoticeKind::Error { code, message, text } => {
                emit(&self.socket, "error", &error(code, message, text.as_deref())).await
            }
            kind if self.with_text => emit(&self.socket, "message", &plain_format::lines(kind)).await,
            _ => Ok(()),
        }
    }

    async fn bye(&mut self, disconnect: Disconnect) -> Result<(), ClientGone> {
        let error = json!({ "code": "bye", "message": disconnect.code.reason(), "close": disconnect.code.code() });
        emit(&self.socket, "error", &error).await
    }

    async fn ping(&mut self, session: &Session) -> Result<(), ClientGone> {
        // The library sends heartbeats and reports when the client has gone.
        session.connection().record_activity(Instant::now());
        Ok(())
    }

    async fn pong(&mut self, _: &[u8]) -> Result<(), ClientGone> {
        // Socket.IO clients do not ping.
        Ok(())
    }
}
