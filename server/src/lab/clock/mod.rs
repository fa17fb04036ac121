//! The server's clock, told once a second by each way there is: asked for, waited for, streamed and over WebSocket.

use axum::{
    Extension, Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use parlor_protocol::error_code;

use super::streams::Kind;
use crate::http::{ApiError, App, ConnectionInfo, SameOrigin};

pub(super) mod events;
pub(super) mod frame;
mod stream;
mod ticks;
pub(super) mod websocket;

use ticks::{Tick, Ticks};

/// The length of the request's head, in bytes: its first line, its header lines and the empty one. Counted from what was
/// understood of it, so a client that writes other than one space behind a colon has written a little more or less.
pub(super) struct HeadLength(u64);

impl FromRequestParts<App> for HeadLength {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Self::Rejection> {
        let first = parts.method.as_str().len() + parts.uri.to_string().len() + " ".len() + " HTTP/1.1\r\n".len();
        let lines = parts.headers.iter().map(|(name, value)| name.as_str().len() + ": \r\n".len() + value.len());
        let length = first + lines.sum::<usize>() + "\r\n".len();
        Ok(Self(u64::try_from(length).unwrap_or(u64::MAX)))
    }
}

/// `GET /lab/clock`: one tick, at once.
pub(super) async fn now(_origin: SameOrigin, HeadLength(up): HeadLength) -> Response {
    answer(&Ticks::new(up).next().await)
}

/// `GET /lab/clock/poll`: one tick, when the next second begins.
pub(super) async fn poll(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    slot: Option<Extension<ConnectionInfo>>,
    State(app): State<App>,
) -> Result<Response, ApiError> {
    let open = app.lab.open(Kind::Poll, slot.map(|Extension(slot)| slot))?;
    let mut ticks = Ticks::after_this_second(up);
    tokio::select! {
        biased;
        ending = open.ending() => {
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, ending.reason()))
        }
        tick = ticks.next() => Ok(answer(&tick)),
    }
}

fn answer(tick: &Tick) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(tick)).into_response()
}
