//! Sends events and acknowledgements on a Socket.IO connection. They wait while its channel is full.

use std::{convert::Infallible, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::{Value, json};
use socketioxide::{
    SendError, SocketError,
    adapter::LocalAdapter,
    extract::AckSender,
    handler::{FromMessageParts, Value as Raw},
    socket::Socket,
};

use crate::gateway::{connection::ClientGone, pending_texts::excerpt, refusal::Refusal};

/// The library does not notify when its channel has capacity, so it is polled.
const RETRY: Duration = Duration::from_millis(1);

/// The acknowledgement that an event requests, if it does.
pub(super) struct Ack {
    socket: Arc<Socket>,
    id: Option<i64>,
    /// Required by the library to extract the [`AckSender`], but not read.
    raw: Raw,
}

impl FromMessageParts<LocalAdapter> for Ack {
    type Error = Infallible;

    fn from_message_parts(socket: &Arc<Socket>, _: &mut Raw, id: &Option<i64>) -> Result<Self, Infallible> {
        let raw = Raw::Bytes(axum::body::Bytes::new());
        Ok(Self { socket: socket.clone(), id: *id, raw })
    }
}

impl Ack {
    pub(super) fn is_requested(&self) -> bool {
        self.id.is_some()
    }

    /// Sends the acknowledgement. If none was requested, only an error is sent, as an event.
    pub(super) async fn send(mut self, data: Value) -> Result<(), ClientGone> {
        if !self.is_requested() {
            return match data.get("error") {
                Some(error) => emit(&self.socket, "error", error).await,
                None => Ok(()),
            };
        }
        loop {
            let Ok(sender) = AckSender::from_message_parts(&self.socket, &mut self.raw, &self.id);
            if was_sent(sender.send(&data))? {
                return Ok(());
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    pub(super) async fn refuse(self, code: &str, message: &str) -> Result<(), ClientGone> {
        self.send(json!({ "error": error(code, message, None) })).await
    }

    pub(super) async fn fail(self, refusal: &Refusal) -> Result<(), ClientGone> {
        self.refuse(refusal.code, &refusal.message).await
    }

    /// Like [`Ack::fail`], but an error event quotes the text.
    pub(super) async fn fail_with_text(self, refusal: &Refusal, text: &str) -> Result<(), ClientGone> {
        let text = (!self.is_requested()).then(|| excerpt(text));
        self.send(json!({ "error": error(refusal.code, &refusal.message, text.as_deref()) })).await
    }
}

/// The data of an error, with the beginning of its text if there is one.
pub(super) fn error(code: &str, message: &str, text: Option<&str>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        error["text"] = text.into();
    }
    error
}

/// Sends an event. Waits while the channel is full.
pub(super) async fn emit<T: Serialize + ?Sized>(socket: &Socket, event: &str, data: &T) -> Result<(), ClientGone> {
    while !was_sent(socket.emit(event, data))? {
        tokio::time::sleep(RETRY).await;
    }
    Ok(())
}

/// False when the channel is full.
fn was_sent(result: Result<(), SendError>) -> Result<bool, ClientGone> {
    match result {
        Ok(()) => Ok(true),
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Ok(false),
        Err(SendError::Socket(SocketError::Closed)) => Err(ClientGone),
        Err(SendError::Serialize(error)) => {
            tracing::error!(%error, "cannot serialise a Socket.IO packet");
            Ok(true)
        }
    }
}
