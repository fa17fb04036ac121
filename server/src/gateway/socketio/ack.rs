//! What goes out on a Socket.IO connection: events and acknowledgements. Where its channel is full they wait.

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

use crate::{
    gateway::{talk::Gone, unanswered::beginning},
    http::ApiError,
};

/// The library does not say when there is room again: it is asked.
const RETRY: Duration = Duration::from_millis(1);

/// The answer that an event asks for, if it does.
pub(super) struct Ack {
    socket: Arc<Socket>,
    id: Option<i64>,
    /// What the library reads acknowledgements out of; it looks at nothing in it.
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
    /// Whether anyone waits for it.
    pub(super) fn is_wanted(&self) -> bool {
        self.id.is_some()
    }

    /// Answers. What is not wanted is not sent, but an error, as an event.
    pub(super) async fn answer(mut self, data: Value) -> Result<(), Gone> {
        if !self.is_wanted() {
            return match data.get("error") {
                Some(error) => emit(&self.socket, "error", error).await,
                None => Ok(()),
            };
        }
        loop {
            let Ok(sender) = AckSender::from_message_parts(&self.socket, &mut self.raw, &self.id);
            if sent(sender.send(&data))? {
                return Ok(());
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Answers that it had no effect.
    pub(super) async fn refuse(self, code: &str, message: &str) -> Result<(), Gone> {
        self.answer(json!({ "error": error(code, message, None) })).await
    }

    /// The same.
    pub(super) async fn fail(self, failure: &ApiError) -> Result<(), Gone> {
        self.refuse(failure.code(), failure.message()).await
    }

    /// The same of a text, which an answer to nobody says.
    pub(super) async fn fail_of(self, failure: &ApiError, text: &str) -> Result<(), Gone> {
        let text = (!self.is_wanted()).then(|| beginning(text));
        self.answer(json!({ "error": error(failure.code(), failure.message(), text.as_deref()) })).await
    }
}

/// What had no effect, and of which text this is, where that is to be said.
pub(super) fn error(code: &str, message: &str, text: Option<&str>) -> Value {
    let mut error = json!({ "code": code, "message": message });
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        error["text"] = text.into();
    }
    error
}

/// Sends an event, when there is room for it.
pub(super) async fn emit<T: Serialize + ?Sized>(socket: &Socket, event: &str, data: &T) -> Result<(), Gone> {
    while !sent(socket.emit(event, data))? {
        tokio::time::sleep(RETRY).await;
    }
    Ok(())
}

/// Whether it is out; it is not where there was no room.
fn sent(result: Result<(), SendError>) -> Result<bool, Gone> {
    match result {
        Ok(()) => Ok(true),
        Err(SendError::Socket(SocketError::InternalChannelFull)) => Ok(false),
        Err(SendError::Socket(SocketError::Closed)) => Err(Gone),
        Err(SendError::Serialize(error)) => {
            tracing::error!(%error, "nothing that Socket.IO can carry");
            Ok(true)
        }
    }
}
