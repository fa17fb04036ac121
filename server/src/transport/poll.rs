//! Frames by long polling: `GET /live/poll` answers with a JSON array of those that wait, or is held until there are.

use std::sync::{Arc, atomic::Ordering};

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use parlor_protocol::limits;
use tokio_util::sync::CancellationToken;

use super::{
    bye_frame,
    http_connection::HttpConnection,
    registry::{Named, Registry},
};
use crate::{
    connection::{Frame, Outgoing},
    http::{ApiError, App, Caller, SameOrigin},
};

/// `GET /live/poll`: an array of frames, empty when there was nothing to say in time or another poll has taken over.
pub async fn poll(
    _origin: SameOrigin,
    caller: Caller,
    Named(name): Named,
    State(app): State<App>,
) -> Result<Response, ApiError> {
    let (carried, turn) = app.carried.for_poll(&caller, name.as_ref())?;
    app.carried.held.fetch_add(1, Ordering::Relaxed);
    let mut held = Held { registry: app.carried.clone(), carried, turn, answered: false };
    let array = held.answer().await;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, array).into_response())
}

/// One poll. Dropped unanswered, its client has broken it off.
struct Held {
    /// Counts it.
    registry: Arc<Registry>,
    carried: Arc<HttpConnection>,
    /// Another poll has taken over.
    turn: CancellationToken,
    answered: bool,
}

impl Held {
    async fn answer(&mut self) -> Vec<u8> {
        let longest = limits::MAX_POLL_WAIT.min(self.carried.session.heartbeat());
        let array = tokio::select! {
            biased;
            () = self.carried.gone.cancelled() => None,
            () = self.turn.cancelled() => None,
            array = frames(&self.carried) => Some(array),
            () = tokio::time::sleep(longest) => None,
        };
        self.answered = true;
        array.unwrap_or_else(|| b"[]".to_vec())
    }
}

/// Waits for frames. A heartbeat is no frame: what shows that this way is open is that polls are answered.
async fn frames(carried: &HttpConnection) -> Vec<u8> {
    let mut outgoing = Outgoing::default();
    loop {
        carried.session.next(&mut outgoing).await;
        let mut array = Vec::with_capacity(outgoing.frames.iter().map(|frame| frame.bytes().len() + 1).sum());
        for frame in &outgoing.frames {
            match frame {
                Frame::Events { batch, skip } => {
                    batch.events_after(*skip).for_each(|event| push_element(&mut array, event.json));
                }
                Frame::One(frame) => push_element(&mut array, frame.json()),
                // There is no such thing here.
                Frame::Control(_) | Frame::Static(_) => {}
            }
        }
        if let Some(bye) = outgoing.bye {
            push_element(&mut array, bye_frame(bye).encode().as_bytes());
            carried.gone.cancel();
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

impl Drop for Held {
    fn drop(&mut self) {
        self.registry.held.fetch_sub(1, Ordering::Relaxed);
        if !self.answered && !self.turn.is_cancelled() {
            self.carried.broke_off();
        }
    }
}
