//! `GET /lab/clock/frame`: the clock in a document that never ends, for an `iframe`. Each tick is a script that hands it to
//! the page around it. Before browsers had anything better, this was how a server spoke first.

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
    http::{ApiError, App, ConnectionInfo, SameOrigin, new_secret},
    lab::{ending::Ending, streams::Kind},
};

/// Browsers look at about this much before they begin to run what is in a document, in bytes.
const PADDING: usize = 1_024;

pub(in crate::lab) async fn document(
    _origin: SameOrigin,
    HeadLength(up): HeadLength,
    slot: Option<Extension<ConnectionInfo>>,
    State(app): State<App>,
) -> Result<Response, ApiError> {
    let open = app.lab.open(Kind::Frame, slot.map(|Extension(slot)| slot))?;
    let nonce = new_secret()?;
    // The only page that another may frame, and it may do nothing but run its own scripts.
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
    /// Hands something to the page around it.
    fn script(&self, message: &str) -> String {
        format!("<script nonce=\"{}\">parent.postMessage({message}, location.origin)</script>\n", self.nonce)
    }
}

impl Form for Document {
    fn opening(&self) -> String {
        let padding = ".".repeat(PADDING);
        format!("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n<!--{padding}-->\n")
    }

    fn tick(&self, tick: &Tick) -> String {
        // Nothing in a tick's JSON could end the element.
        self.script(&format!("{{clock: {}}}", tick.json()))
    }

    /// The page around it sees that the document is complete, and is told when that was meant.
    fn end(&self, ending: Ending) -> String {
        let told = match ending {
            Ending::TimeIsUp => self.script("{end: true}"),
            Ending::Stopping => String::new(),
        };
        told + "</body>\n</html>\n"
    }
}
