//! Frames as server-sent events (WHATWG HTML, section 9.2): `GET /live/sse`.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::Extension,
    http::{HeaderMap, HeaderName, header},
    response::{IntoResponse, Response},
};
use parlor_protocol::{ClientFrame, Cursor, PROTOCOL_VERSION, ServerFrame};

use super::{
    bye_frame,
    cursors::{self, Cursors},
    http_connection::HttpConnection,
    http_connections::{ConnectionParams, HttpConnections, no_connection},
};
use crate::{
    connection::{Frame, Outgoing},
    extract::{ApiError, ConnectionInfo, SameOrigin},
    limits::AddressPermit,
    services::{Caller, ClientInfo},
};

/// The beginning of a stream: a comment that reaches the client at once, and its reconnection time in milliseconds.
const OPENING: &str = ": parlor\nretry: 1000\n\n";

/// Tells the client that no proxy on the way buffers the stream.
const HEARTBEAT: &str = "event: heartbeat\ndata: {\"type\":\"heartbeat\"}\n\n";

/// The whole stream for a session that has as many waiting requests as the client allows.
const FULL: &str = "event: full\ndata: {\"type\":\"full\"}\n\n";

/// `GET /live/sse`: the frames of a connection, one event each. With a `Last-Event-ID` of ours it resumes after that
/// event, as if the client had sent `hello` with its cursors.
pub(super) async fn stream(
    _origin: SameOrigin,
    caller: Caller,
    client: ClientInfo,
    params: ConnectionParams,
    Extension(connections): Extension<Arc<HttpConnections>>,
    info: Option<Extension<ConnectionInfo>>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let resume = last_event_id(&headers);
    let cut = info.as_ref().map(|Extension(info)| info.cut.clone());
    let Some(connection) = connections.for_stream(&caller, &client, params, resume.is_some(), cut)? else {
        return Ok((stream_headers(), FULL).into_response());
    };
    let stream = EventStream {
        connection,
        _address_permit: info.and_then(|Extension(info)| info.address_permit),
        opened: false,
        ended: false,
        cursors: Cursors::default(),
        cursors_version: 0,
    };
    if let Some(resume) = resume {
        stream.connection.expect_hello_post();
        let hello = ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }.encode();
        stream.connection.post(&[&hello]).await.map_err(|_| no_connection())?;
    }
    let chunks = futures::stream::unfold(stream, |mut stream| async move {
        let chunk = stream.next().await?;
        Some((Ok::<_, Infallible>(chunk), stream))
    });
    Ok((stream_headers(), Body::from_stream(chunks)).into_response())
}

fn stream_headers() -> [(HeaderName, &'static str); 4] {
    [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache, no-transform"),
        (HeaderName::from_static("x-accel-buffering"), "no"),
        // The network connection may have to be cut, so it must not be used for other requests.
        (header::CONNECTION, "close"),
    ]
}

fn last_event_id(headers: &HeaderMap) -> Option<Vec<Cursor>> {
    cursors::parse(headers.get("last-event-id")?.to_str().ok()?)
}

/// Writes the stream of one connection. Dropped when the client has gone, which ends the connection.
struct EventStream {
    connection: Arc<HttpConnection>,
    /// Held until the stream ends.
    _address_permit: Option<Arc<AddressPermit>>,
    opened: bool,
    ended: bool,
    cursors: Cursors,
    /// The version of the session's joined rooms that `cursors` follows.
    cursors_version: u64,
}

impl EventStream {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.opened, true) {
            return Some(Bytes::from_static(OPENING.as_bytes()));
        }
        while !self.ended {
            let mut outgoing = Outgoing::default();
            tokio::select! {
                biased;
                () = self.connection.closed.cancelled() => return None,
                () = self.connection.session.next(&mut outgoing) => {}
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
        if let Some(joined) = self.connection.session.joined_cursors(&mut self.cursors_version) {
            self.cursors.follow(joined);
        }
        for frame in &outgoing.frames {
            match frame {
                Frame::Events { batch, skip } => {
                    for event in batch.events_after(*skip) {
                        self.cursors.advance(&event);
                        if !self.cursors.is_empty() {
                            text.extend_from_slice(b"id: ");
                            self.cursors.write(&mut text);
                            text.push(b'\n');
                        }
                        push_data(&mut text, event.json);
                    }
                }
                Frame::One(frame) => push_data(&mut text, frame.json()),
                // Only WebSockets have control frames.
                Frame::Control(_) | Frame::Static(_) => {}
            }
        }
        if outgoing.ping {
            text.extend_from_slice(HEARTBEAT.as_bytes());
        }
        if let Some(disconnect) = outgoing.disconnect {
            let frame = bye_frame(disconnect);
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

/// Writes a frame as one `data` line: encoded frames have no line breaks.
fn push_data(text: &mut Vec<u8>, frame: &[u8]) {
    text.extend_from_slice(b"data: ");
    text.extend_from_slice(frame);
    text.extend_from_slice(b"\n\n");
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.connection.closed.cancel();
    }
}
