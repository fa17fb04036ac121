//! `GET /lab/clock/events`: the clock as server-sent events (WHATWG HTML, section 9.2).

use std::sync::Arc;

use axum::{
    Extension,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};

use super::{
    HeadLength, Tick, Ticks,
    stream::{self, TickFormat},
};
use crate::{
    extract::{ApiError, ConnectionInfo, SameOrigin},
    lab::{
        close::StopReason,
        streams::{StreamKind, Streams},
    },
};

/// The beginning of a stream: a comment that reaches the client at once, and its reconnection time in milliseconds.
const OPENING: &str = ": parlor's clock\nretry: 1000\n\n";

pub(in crate::lab) async fn stream(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    info: Option<Extension<ConnectionInfo>>,
    Extension(streams): Extension<Arc<Streams>>,
) -> Result<Response, ApiError> {
    let open = streams.open(StreamKind::Events, info.map(|Extension(info)| info))?;
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
        // The network connection ends with the stream.
        (header::CONNECTION, "close"),
    ];
    Ok((headers, stream::body(open, Ticks::new(up), Events)).into_response())
}

struct Events;

impl TickFormat for Events {
    fn opening(&self) -> String {
        OPENING.into()
    }

    fn tick(&self, tick: &Tick) -> String {
        format!("id: {}\nevent: message\ndata: {}\n\n", tick.now, tick.json())
    }

    /// Browsers reconnect by themselves. That is right when the server restarts; after the time limit the script must stop it.
    fn end(&self, reason: StopReason) -> String {
        match reason {
            StopReason::TimeLimit | StopReason::MemoryLimit => format!("event: end\ndata: {}\n\n", reason.text()),
            StopReason::ShuttingDown => format!(": {}\n\n", reason.text()),
        }
    }
}
