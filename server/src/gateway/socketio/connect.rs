//! Accepts Socket.IO clients and receives their events in order.

use std::{
    fmt,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{extract::FromRequestParts, http::header};
use parking_lot::Mutex;
use parlor_protocol::RoomId;
use serde::Deserialize;
use serde_json::Value;
use socketioxide::extract::{Event, SocketRef, TryData};
use tokio::sync::mpsc;

use super::{
    HeldPermit,
    ack::Ack,
    transport_handle::{TransportHandle, TransportHandles},
};
use crate::{
    extract::{ApiError, AppState, ConnectionInfo},
    gateway::{connection::ClientSignals, participant::Participant},
    services::{Caller, ClientInfo},
};

/// Most bytes of unhandled events. The library has no back-pressure, so beyond that the client is disconnected.
const MAX_INBOX: usize = 1024 * 1024;

/// Cost of an event in addition to its text.
const EVENT_COST: usize = 64;

pub(super) struct IncomingEvent {
    pub(super) event: String,
    /// `None` when it could not be parsed.
    pub(super) data: Option<Value>,
    pub(super) ack: Ack,
    cost: usize,
}

/// Events that were received but not handled.
pub(super) struct Inbox {
    events: mpsc::UnboundedReceiver<IncomingEvent>,
    bytes: Arc<AtomicUsize>,
}

impl Inbox {
    pub(super) async fn next(&mut self) -> Option<IncomingEvent> {
        let event = self.events.recv().await?;
        self.bytes.fetch_sub(event.cost, Ordering::Relaxed);
        Some(event)
    }
}

/// An accepted client.
pub(super) struct Connected {
    pub(super) participant: Participant,
    pub(super) inbox: Inbox,
    pub(super) handle: Arc<TransportHandle>,
    pub(super) signals: ClientSignals,
    /// Released at the end.
    pub(super) info: Option<ConnectionInfo>,
}

/// An accepted client until the library has told it so.
#[derive(Clone)]
pub(super) struct PendingConnection(pub(super) Arc<Mutex<Option<Connected>>>);

/// The client's `auth` data, or its query.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Auth {
    token: String,
    name: String,
    room: String,
}

impl Auth {
    /// Clients of older versions have none.
    fn parse(data: Option<Value>) -> Result<Self, ApiError> {
        match data {
            Some(data @ Value::Object(_)) => serde_json::from_value(data).map_err(|error| {
                ApiError::bad_request(format!("\"auth\" may have the strings token, name and room: {error}"))
            }),
            _ => Ok(Self::default()),
        }
    }
}

/// Why a client was rejected: the message of its `connect_error`.
pub(super) struct ConnectError(ApiError);

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message(), self.0.code())
    }
}

/// Accepts or rejects a client. Its events are received from now on.
pub(super) async fn connect(
    app: AppState,
    handles: TransportHandles,
    socket: SocketRef,
    TryData(auth): TryData<Value>,
) -> Result<(), ConnectError> {
    let info = socket.req_parts().extensions.get().and_then(HeldPermit::take);
    let auth = Auth::parse(auth.ok()).map_err(ConnectError)?;
    let participant = participant(app, &socket, info.clone(), auth).await.map_err(ConnectError)?;
    let handle = socket.req_parts().extensions.get::<Arc<TransportHandle>>().cloned();
    let handle = handle.unwrap_or_else(|| handles.get_or_create(socket.id.to_string()));
    let signals = ClientSignals::default();
    let inbox = receive_events(&socket, &signals);
    let entered = Connected { participant, inbox, handle, signals, info };
    socket.extensions.insert(PendingConnection(Arc::new(Mutex::new(Some(entered)))));
    Ok(())
}

async fn participant(
    app: AppState,
    socket: &SocketRef,
    info: Option<ConnectionInfo>,
    auth: Auth,
) -> Result<Participant, ApiError> {
    // The library keeps the first request of the connection.
    let mut parts = socket.req_parts().clone();
    if let Some(info) = info {
        parts.extensions.insert(info);
    }
    let Ok(visitor) = ClientInfo::from_request_parts(&mut parts, &app).await;
    let caller = if auth.token.is_empty() {
        let caller = Option::<Caller>::from_request_parts(&mut parts, &app).await?;
        if caller.is_none() && parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(ApiError::unauthorized());
        }
        caller
    } else {
        let caller = app.services.authenticate(&auth.token, Some(visitor.address)).await?;
        Some(caller.ok_or_else(ApiError::unauthorized)?)
    };
    if let Some(caller) = &caller {
        // Creating a guest is limited as such.
        app.services.limit_mutations(&visitor, Some(&caller.token))?;
    }
    let query: Auth = serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let or = |one: String, other: String| if one.is_empty() { other } else { one };
    let (name, room) = (or(auth.name, query.name), or(auth.room, query.room));
    let room = if room.is_empty() { RoomId::lobby() } else { room.into() };
    Ok(Participant::join(app.session_context, visitor, caller, &name, room).await?)
}

/// Receives all events in order. The handler must not wait: the library runs asynchronous handlers in any order.
fn receive_events(socket: &SocketRef, signals: &ClientSignals) -> Inbox {
    let (sender, events) = mpsc::unbounded_channel();
    let bytes = Arc::new(AtomicUsize::new(0));
    let inbox = Inbox { events, bytes: bytes.clone() };
    let ClientSignals { gone, flooded } = signals.clone();
    let on_event = move |Event(event): Event, TryData(data): TryData<Value>, ack: Ack| {
        let data = data.ok();
        let cost = EVENT_COST + event.len() + data.as_ref().map_or(0, size);
        if bytes.fetch_add(cost, Ordering::Relaxed) + cost > MAX_INBOX {
            flooded.cancel();
        } else {
            // The receiver is dropped only when the client has gone.
            drop(sender.send(IncomingEvent { event, data, ack, cost }));
        }
        ready(())
    };
    socket.on_fallback(on_event);
    socket.on_disconnect(move || {
        gone.cancel();
        ready(())
    });
    inbox
}

/// The approximate size in memory, in bytes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| 8 + size(value)).sum(),
        Value::Object(fields) => fields.iter().map(|(key, value)| 16 + key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
