//! `GET /lab/clock/frame`: the clock in a document that never ends, for an `iframe` ("forever frame"). Each tick is a script
//! that posts it to the parent page.

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
    services,
};

/// Browsers buffer about this much of a document, in bytes, before they run its scripts.
const PADDING: usize = 1_024;

pub(in crate::lab) async fn document(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    info: Option<Extension<ConnectionInfo>>,
    Extension(streams): Extension<Arc<Streams>>,
) -> Result<Response, ApiError> {
    let open = streams.open(StreamKind::Frame, info.map(|Extension(info)| info))?;
    let nonce = services::new_secret()?;
    // The only page that may be framed. It may do nothing but run its own scripts.
    let policy = format!("default-src 'none'; script-src 'nonce-{nonce}'; frame-ancestors 'self'");
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (header::CONNECTION, "close"),
    ];
    Ok((headers, stream::body(open, Ticks::new(up), Document { nonce })).into_response())
}

struct Document {
    nonce: String,
}

impl Document {
    /// A script that posts a message to the parent page.
    fn script(&self, message: &str) -> String {
        format!("<script nonce=\"{}\">parent.postMessage({message}, location.origin)</script>\n", self.nonce)
    }
}

impl TickFormat for Document {
    fn opening(&self) -> String {
        let padding = ".".repeat(PADDING);
        format!("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n<!--{padding}-->\n")
    }

    fn tick(&self, tick: &Tick) -> String {
        // A tick's JSON contains only numbers, so it cannot end the element.
        self.script(&format!("{{clock: {}}}", tick.json()))
    }

    /// The parent page sees that the document is complete; a message tells it when that was intended.
    fn end(&self, reason: StopReason) -> String {
        let told = match reason {
            StopReason::TimeLimit | StopReason::MemoryLimit => self.script("{end: true}"),
            StopReason::ShuttingDown => String::new(),
        };
        told + "</body>\n</html>\n"
    }
}
