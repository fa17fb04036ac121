//! Frames as server-sent events (WHATWG HTML, section 9.2): `GET /live/sse`.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Extension, State},
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use parlor_protocol::{ClientFrame, Cursor, PROTOCOL_VERSION, ServerFrame};

use super::{
    bye_frame,
    cursors::{self, Cursors},
    http_connection::HttpConnection,
    registry::{Named, no_connection},
};
use crate::{
    connection::{Frame, Outgoing},
    http::{ApiError, App, Caller, ConnectionInfo, SameOrigin},
    limits::AddressPermit,
};

/// How a stream begins: something to see at once, and how long a browser waits before it comes again, in milliseconds.
const OPENING: &str = ": parlor\nretry: 1000\n\n";

/// Tells the client, and shows that no proxy on the way gathers the stream.
const HEARTBEAT: &str = "event: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n";

/// `GET /live/sse`: the frames of a connection, one event each. With a `Last-Event-ID` of ours it goes on where that
/// one was written, as if the client had said `hello` with its cursors.
pub async fn stream(
    _origin: SameOrigin,
    caller: Caller,
    Named(name): Named,
    State(app): State<App>,
    slot: Option<Extension<ConnectionInfo>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let resume = resume(&headers);
    let cut = slot.as_ref().map(|Extension(slot)| slot.cut.clone());
    let carried = app.carried.for_stream(&caller, name, resume.is_some(), cut)?;
    let writer = Writer {
        carried,
        _in_crowd: slot.and_then(|Extension(slot)| slot.in_crowd),
        opened: false,
        ended: false,
        cursors: Cursors::default(),
        seen: 0,
    };
    if let Some(resume) = resume {
        writer.carried.greets();
        let hello = ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }.encode();
        writer.carried.post(&[&hello]).await.map_err(|_| no_connection())?;
    }
    let chunks = futures::stream::unfold(writer, |mut writer| async move {
        let chunk = writer.next().await?;
        Some((Ok::<_, Infallible>(chunk), writer))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
        // When it ends, the network connection does: nothing else travels on what may have to be cut.
        (header::CONNECTION, "close"),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

fn resume(headers: &HeaderMap) -> Option<Vec<Cursor>> {
    cursors::parse(headers.get("last-event-id")?.to_str().ok()?)
}

/// Writes one connection's stream. Dropped when the client has gone, and then so has the connection.
struct Writer {
    carried: Arc<HttpConnection>,
    /// Held until the stream ends.
    _in_crowd: Option<Arc<AddressPermit>>,
    opened: bool,
    ended: bool,
    cursors: Cursors,
    /// What of the session's rooms is in `cursors`.
    seen: u64,
}

impl Writer {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.opened, true) {
            return Some(Bytes::from_static(OPENING.as_bytes()));
        }
        while !self.ended {
            let mut outgoing = Outgoing::default();
            tokio::select! {
                biased;
                () = self.carried.gone.cancelled() => return None,
                () = self.carried.session.next(&mut outgoing) => {}
            }
            let text = self.write(&outgoing);
            if !text.is_empty() {
                return Some(text.into());
            }
        }
        None
    }

    fn write(&mut self, outgoing: &Outgoing) -> Vec<u8> {
        let mut text = Vec::with_capacity(outgoing.frames.iter().map(|frame| frame.bytes().len() + 64).sum());
        if let Some(joined) = self.carried.session.joined_from(&mut self.seen) {
            self.cursors.follow(joined);
        }
        for frame in &outgoing.frames {
            match frame {
                Frame::Events { batch, skip } => {
                    for event in batch.events_after(*skip) {
                        self.cursors.pass(&event);
                        if !self.cursors.is_empty() {
                            text.extend_from_slice(b"id: ");
                            self.cursors.write(&mut text);
                            text.push(b'\n');
                        }
                        push_data(&mut text, event.json);
                    }
                }
                Frame::One(frame) => push_data(&mut text, frame.json()),
                // There is no such thing here.
                Frame::Control(_) | Frame::Static(_) => {}
            }
        }
        if outgoing.ping {
            text.extend_from_slice(HEARTBEAT.as_bytes());
        }
        if let Some(bye) = outgoing.bye {
            let frame = bye_frame(bye);
            if let ServerFrame::Bye { after_ms: Some(after), .. } = &frame {
                text.extend_from_slice(b"retry: ");
                text.extend_from_slice(after.to_string().as_bytes());
                text.push(b'\n');
            }
            push_data(&mut text, frame.encode().as_bytes());
            self.ended = true;
        }
        text
    }
}

/// A frame is one line: JSON has no line breaks but those that it was given, and ours is given none.
fn push_data(text: &mut Vec<u8>, frame: &[u8]) {
    text.extend_from_slice(b"data: ");
    text.extend_from_slice(frame);
    text.extend_from_slice(b"\n\n");
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.carried.gone.cancel();
    }
}
