//! The server's clock, once a second over each transport: request, long poll, event stream, forever frame and WebSocket.

use std::sync::Arc;

use axum::{
    Extension, Json,
    extract::FromRequestParts,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use parlor_protocol::error_code;

use super::streams::{StreamKind, Streams};
use crate::extract::{ApiError, AppState, ConnectionInfo, SameOrigin};

pub(super) mod events;
pub(super) mod frame;
mod stream;
mod ticks;
pub(super) mod websocket;

use ticks::{Tick, Ticks};

/// The length of the request's head in bytes, as an extractor. Computed from the parsed head, so it is off by a few bytes
/// for a client that does not write exactly one space after each colon.
pub(super) struct HeadLength(u64);

impl FromRequestParts<AppState> for HeadLength {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _app: &AppState) -> Result<Self, Self::Rejection> {
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

/// `GET /lab/clock/poll`: one tick, at the next full second.
pub(super) async fn poll(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    info: Option<Extension<ConnectionInfo>>,
    Extension(streams): Extension<Arc<Streams>>,
) -> Result<Response, ApiError> {
    let open = streams.open(StreamKind::Poll, info.map(|Extension(info)| info))?;
    let mut ticks = Ticks::after_this_second(up);
    tokio::select! {
        biased;
        reason = open.stopped() => {
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error_code::UNAVAILABLE, reason.text()))
        }
        tick = ticks.next() => Ok(answer(&tick)),
    }
}

fn answer(tick: &Tick) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(tick)).into_response()
}
