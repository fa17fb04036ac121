//! `GET /lab/clock/events`: the clock as server-sent events (WHATWG HTML, section 9.2).

use axum::{
    Extension,
    extract::State,
    http::{HeaderName, header},
    response::{IntoResponse, Response},
};

use super::{
    HeadLength, Tick, Ticks,
    stream::{self, Form},
};
use crate::{
    http::{ApiError, App, ConnectionInfo, SameOrigin},
    lab::{ending::Ending, streams::Kind},
};

/// Something to see at once, and how long a browser waits before it comes again, in milliseconds.
const OPENING: &str = ": parlor's clock\nretry: 1000\n\n";

pub(in crate::lab) async fn stream(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    slot: Option<Extension<ConnectionInfo>>,
    State(app): State<App>,
) -> Result<Response, ApiError> {
    let open = app.lab.open(Kind::Events, slot.map(|Extension(slot)| slot))?;
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
        // When the stream ends, the network connection does.
        (header::CONNECTION, "close"),
    ];
    Ok((headers, stream::body(open, Ticks::new(up), Events)).into_response())
}

struct Events;

impl Form for Events {
    fn opening(&self) -> String {
        OPENING.into()
    }

    fn tick(&self, tick: &Tick) -> String {
        format!("id: {}\nevent: message\ndata: {}\n\n", tick.now, tick.json())
    }

    /// By itself a browser comes again. That is right when the server stops, to be there again soon; else its script has
    /// to take this as the end.
    fn end(&self, ending: Ending) -> String {
        match ending {
            Ending::TimeIsUp => format!("event: end\ndata: {}\n\n", ending.reason()),
            Ending::Stopping => format!(": {}\n\n", ending.reason()),
        }
    }
}
