//! A clock in the body of a response that does not end.
//!
//! All ticks of one stream fit into the socket's send buffer (`serve.rs`), so a stream ends in time even if its client has
//! stopped reading.

use std::convert::Infallible;

use axum::body::{Body, Bytes};

use super::{Tick, Ticks};
use crate::lab::{close::StopReason, streams::OpenStream};

pub(super) trait TickFormat: Send + 'static {
    /// Sent before the first tick.
    fn opening(&self) -> String;
    fn tick(&self, tick: &Tick) -> String;
    /// Sent when the server ends the stream.
    fn end(&self, reason: StopReason) -> String;
}

/// The body of the response. Dropped when the client has gone, which stops the clock.
pub(super) fn body(open: OpenStream, ticks: Ticks, form: impl TickFormat) -> Body {
    let clock = Clock { open, ticks, form, opened: false, ended: false };
    let chunks = futures::stream::unfold(clock, |mut clock| async move {
        let chunk = clock.next().await?;
        Some((Ok::<_, Infallible>(chunk), clock))
    });
    Body::from_stream(chunks)
}

struct Clock<F> {
    open: OpenStream,
    ticks: Ticks,
    form: F,
    opened: bool,
    ended: bool,
}

impl<F: TickFormat> Clock<F> {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let text = tokio::select! {
            biased;
            reason = self.open.stopped() => {
                self.ended = true;
                self.form.end(reason)
            }
            tick = self.ticks.next() => {
                let opening = if std::mem::replace(&mut self.opened, true) { String::new() } else { self.form.opening() };
                opening + &self.form.tick(&tick)
            }
        };
        Some(text.into())
    }
}
