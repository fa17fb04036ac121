//! Frames by long polling: `GET /live/poll` answers with a JSON array of those that wait, or is held until there are.

use std::sync::Arc;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use parlor_protocol::limits;
use tokio_util::sync::CancellationToken;

use super::{bye_frame, carried::Carried, registry::Named};
use crate::http::{App, Failure, Guest, SameOrigin};

/// `GET /live/poll`: an array of frames, empty when there was nothing to say in time or another poll has taken over.
pub async fn poll(
    _origin: SameOrigin,
    guest: Guest,
    Named(name): Named,
    State(app): State<App>,
) -> Result<Response, Failure> {
    let (carried, turn) = app.carried.for_poll(&guest, name.as_ref())?;
    let mut held = Held { carried, turn, answered: false };
    let array = held.answer().await;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, array).into_response())
}

/// One poll. Dropped unanswered, its client has broken it off.
struct Held {
    carried: Arc<Carried>,
    /// Another poll has taken over.
    turn: CancellationToken,
    answered: bool,
}

impl Held {
    async fn answer(&mut self) -> String {
        let longest = limits::MAX_POLL_HOLD.min(self.carried.session.heartbeat());
        let array = tokio::select! {
            biased;
            () = self.carried.gone.cancelled() => None,
            () = self.turn.cancelled() => None,
            array = frames(&self.carried) => Some(array),
            () = tokio::time::sleep(longest) => None,
        };
        self.answered = true;
        array.unwrap_or_else(|| "[]".into())
    }
}

/// Waits for frames. A heartbeat is no frame: what shows that this way is open is that polls are answered.
async fn frames(carried: &Carried) -> String {
    loop {
        let outgoing = carried.session.next().await;
        let mut array = String::with_capacity(outgoing.frames.iter().map(|frame| frame.text().len() + 1).sum());
        for frame in &outgoing.frames {
            array.push(if array.is_empty() { '[' } else { ',' });
            array.push_str(frame.text());
        }
        if let Some(bye) = outgoing.bye {
            array.push(if array.is_empty() { '[' } else { ',' });
            array.push_str(&bye_frame(bye).encode());
            carried.gone.cancel();
        }
        if !array.is_empty() {
            array.push(']');
            return array;
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.answered && !self.turn.is_cancelled() {
            self.carried.broke_off();
        }
    }
}
