//! Frames by long polling: `GET /live/poll` answers with a JSON array of the waiting frames, or waits for one.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    Extension,
    http::header,
    response::{IntoResponse, Response},
};
use parlor_protocol::limits;
use tokio_util::sync::CancellationToken;

use super::{
    bye_frame,
    http_connection::HttpConnection,
    http_connections::{ConnectionParams, HttpConnections},
};
use crate::{
    connection::{Frame, Outgoing},
    extract::{ApiError, SameOrigin},
    services::{Caller, ClientInfo},
};

/// The wait of a poll that may not occupy a connection: what is being read from the store still comes with it.
const BRIEF_WAIT: Duration = Duration::from_millis(100);

/// `GET /live/poll`: an array of frames, empty after the longest wait or when another poll has taken over. While the session
/// has as many waiting requests as the client allows, it waits only briefly.
pub(super) async fn poll(
    _origin: SameOrigin,
    caller: Caller,
    client: ClientInfo,
    params: ConnectionParams,
    Extension(connections): Extension<Arc<HttpConnections>>,
) -> Result<Response, ApiError> {
    let (connection, superseded, may_wait) = connections.for_poll(&caller, &client, &params)?;
    let max_wait = if may_wait { limits::MAX_POLL_WAIT } else { BRIEF_WAIT };
    connections.pending_polls.fetch_add(1, Ordering::Relaxed);
    let mut poll = PendingPoll { connections, connection, superseded, max_wait, answered: false };
    let array = poll.answer().await;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, array).into_response())
}

/// A poll that waits for frames. Dropped before it is answered, the client has aborted it.
struct PendingPoll {
    connections: Arc<HttpConnections>,
    connection: Arc<HttpConnection>,
    superseded: CancellationToken,
    max_wait: Duration,
    answered: bool,
}

impl PendingPoll {
    async fn answer(&mut self) -> Vec<u8> {
        let max_wait = self.max_wait.min(self.connection.session.heartbeat());
        let array = tokio::select! {
            biased;
            () = self.connection.closed.cancelled() => None,
            () = self.superseded.cancelled() => None,
            array = next_frames(&self.connection) => Some(array),
            () = tokio::time::sleep(max_wait) => None,
        };
        self.answered = true;
        array.unwrap_or_else(|| b"[]".to_vec())
    }
}

/// Waits for frames. A heartbeat is not one: an answered poll shows that the connection works.
async fn next_frames(connection: &HttpConnection) -> Vec<u8> {
    let mut outgoing = Outgoing::default();
    loop {
        connection.session.next(&mut outgoing).await;
        let mut array = Vec::with_capacity(outgoing.frames.iter().map(|frame| frame.bytes().len() + 1).sum());
        for frame in &outgoing.frames {
            match frame {
                Frame::Events { batch, skip } => {
                    batch.events_after(*skip).for_each(|event| push_element(&mut array, event.json));
                }
                Frame::One(frame) => push_element(&mut array, frame.json()),
                // Only WebSockets have control frames.
                Frame::Control(_) | Frame::Static(_) => {}
            }
        }
        if let Some(disconnect) = outgoing.disconnect {
            push_element(&mut array, bye_frame(disconnect).encode().as_bytes());
            connection.closed.cancel();
        }
        if !array.is_empty() {
            array.push(b']');
            return array;
        }
    }
}

fn push_element(array: &mut Vec<u8>, element: &[u8]) {
    array.push(if array.is_empty() { b'[' } else { b',' });
    array.extend_from_slice(element);
}

impl Drop for PendingPoll {
    fn drop(&mut self) {
        self.connections.pending_polls.fetch_sub(1, Ordering::Relaxed);
        self.connection.end_poll();
        if !self.answered && !self.superseded.is_cancelled() {
            self.connection.abort_poll();
        }
    }
}
