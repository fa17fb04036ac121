//! A clock in the body of an answer that does not end.
//!
//! All that one says in its ten minutes fits into what the system holds for a slow reader (`serve.rs`), so one whose
//! client has stopped to read still comes to its end here.

use std::convert::Infallible;

use axum::body::{Body, Bytes};

use super::{Tick, Ticks};
use crate::lab::{ending::Ending, streams::Open};

/// How a clock is written.
pub(super) trait Form: Send + 'static {
    /// What comes before the first tick, and with it.
    fn opening(&self) -> String;
    /// One tick.
    fn tick(&self, tick: &Tick) -> String;
    /// The end, when it is the server's.
    fn end(&self, ending: Ending) -> String;
}

/// The body. Dropped when the client has gone, and then nothing ticks any more.
pub(super) fn body(open: Open, ticks: Ticks, form: impl Form) -> Body {
    let clock = Clock { open, ticks, form, opened: false, ended: false };
    let chunks = futures::stream::unfold(clock, |mut clock| async move {
        let chunk = clock.next().await?;
        Some((Ok::<_, Infallible>(chunk), clock))
    });
    Body::from_stream(chunks)
}

struct Clock<F> {
    open: Open,
    ticks: Ticks,
    form: F,
    opened: bool,
    ended: bool,
}

impl<F: Form> Clock<F> {
    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let text = tokio::select! {
            biased;
            ending = self.open.ending() => {
                self.ended = true;
                self.form.end(ending)
            }
            tick = self.ticks.next() => {
                let opening = if std::mem::replace(&mut self.opened, true) { String::new() } else { self.form.opening() };
                opening + &self.form.tick(&tick)
            }
        };
        Some(text.into())
    }
}
