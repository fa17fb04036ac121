//! Who comes in through Socket.IO, and what they say: taken in its order, before anything is done about it.

use std::{
    fmt,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{
    extract::{FromRequestParts, Query},
    http::header,
};
use parking_lot::Mutex;
use parlor_protocol::RoomId;
use serde::Deserialize;
use serde_json::Value;
use socketioxide::extract::{Event, SocketRef, TryData};
use tokio::sync::mpsc;

use super::{
    Held,
    ack::Ack,
    carrier::{Carrier, Carriers},
};
use crate::{
    gateway::{participant::Participant, talk::Signs},
    http::{ApiError, App, Caller, ConnectionInfo, Visitor},
};

/// What may wait to be taken, in bytes. Nobody can be made to wait before they say more.
const INBOX: usize = 1024 * 1024;

/// What an event counts beside its text.
const EVENT_COST: usize = 64;

/// Something that a client says.
pub(super) struct Said {
    pub(super) event: String,
    /// `None`: nothing that could be read.
    pub(super) data: Option<Value>,
    pub(super) ack: Ack,
    cost: usize,
}

/// What a client has said and nobody has taken.
pub(super) struct Inbox {
    said: mpsc::UnboundedReceiver<Said>,
    waiting: Arc<AtomicUsize>,
}

impl Inbox {
    /// The next of it.
    pub(super) async fn next(&mut self) -> Option<Said> {
        let said = self.said.recv().await?;
        self.waiting.fetch_sub(said.cost, Ordering::Relaxed);
        Some(said)
    }
}

/// Someone who was let in.
pub(super) struct Entered {
    pub(super) participant: Participant,
    pub(super) inbox: Inbox,
    pub(super) carrier: Arc<Carrier>,
    pub(super) signs: Signs,
    /// Given back at the end.
    pub(super) place: Option<ConnectionInfo>,
}

/// Where they wait until their client has been told.
#[derive(Clone)]
pub(super) struct Waiting(pub(super) Arc<Mutex<Option<Entered>>>);

/// What a client says of itself.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Auth {
    token: String,
    name: String,
    room: String,
}

impl Auth {
    /// Clients of older versions say nothing.
    fn read(said: Option<Value>) -> Result<Self, ApiError> {
        match said {
            Some(said @ Value::Object(_)) => serde_json::from_value(said)
                .map_err(|error| ApiError::bad_request(format!("auth has texts: token, name, room. {error}"))),
            _ => Ok(Self::default()),
        }
    }
}

/// Why someone was not let in: the text of the client's `connect_error`.
pub(super) struct Refused(ApiError);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message(), self.0.code())
    }
}

/// Lets a client in, or not. What it says from now on is heard.
pub(super) async fn enter(
    app: App,
    carriers: Carriers,
    socket: SocketRef,
    TryData(auth): TryData<Value>,
) -> Result<(), Refused> {
    let place = socket.req_parts().extensions.get().and_then(Held::take);
    let participant =
        participant(app, &socket, place.clone(), Auth::read(auth.ok()).map_err(Refused)?).await.map_err(Refused)?;
    let carrier = socket.req_parts().extensions.get::<Arc<Carrier>>().cloned();
    let carrier = carrier.unwrap_or_else(|| carriers.of(socket.id.to_string()));
    let signs = Signs::default();
    let inbox = listen(&socket, &signs);
    let entered = Entered { participant, inbox, carrier, signs, place };
    socket.extensions.insert(Waiting(Arc::new(Mutex::new(Some(entered)))));
    Ok(())
}

async fn participant(
    app: App,
    socket: &SocketRef,
    place: Option<ConnectionInfo>,
    auth: Auth,
) -> Result<Participant, ApiError> {
    // The library has the request from which the connection began.
    let mut parts = socket.req_parts().clone();
    if let Some(place) = place {
        parts.extensions.insert(place);
    }
    let Ok(visitor) = Visitor::from_request_parts(&mut parts, &app).await;
    let caller = if auth.token.is_empty() {
        let caller = Option::<Caller>::from_request_parts(&mut parts, &app).await?;
        if caller.is_none() && parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(ApiError::unauthorized());
        }
        caller
    } else {
        let caller = Caller::by_token(&app, &auth.token, Some(visitor.address)).await?;
        Some(caller.ok_or_else(ApiError::unauthorized)?)
    };
    let asked = Query::<Auth>::try_from_uri(&parts.uri).map(|Query(asked)| asked).unwrap_or_default();
    let or = |one: String, other: String| if one.is_empty() { other } else { one };
    let (name, room) = (or(auth.name, asked.name), or(auth.room, asked.room));
    let room = if room.is_empty() { RoomId::lobby() } else { room.into() };
    Participant::enter(app, visitor, caller, &name, room).await
}

/// Hears everything in its order: what is called here must not wait, or the library would call it in any.
fn listen(socket: &SocketRef, signs: &Signs) -> Inbox {
    let (sender, said) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let inbox = Inbox { said, waiting: waiting.clone() };
    let Signs { gone, flooded } = signs.clone();
    let hear = move |Event(event): Event, TryData(data): TryData<Value>, ack: Ack| {
        let data = data.ok();
        let cost = EVENT_COST + event.len() + data.as_ref().map_or(0, size);
        if waiting.fetch_add(cost, Ordering::Relaxed) + cost > INBOX {
            flooded.cancel();
        } else {
            // Nobody takes it any more only when the client has gone.
            drop(sender.send(Said { event, data, ack, cost }));
        }
        ready(())
    };
    socket.on_fallback(hear);
    socket.on_disconnect(move || {
        gone.cancel();
        ready(())
    });
    inbox
}

/// About as many bytes as it takes.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(|value| 8 + size(value)).sum(),
        Value::Object(fields) => fields.iter().map(|(key, value)| 16 + key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
    }
}
