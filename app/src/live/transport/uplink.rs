//! Frames up by POST: one request at a time, so that they arrive in order; what is said meanwhile goes together in the next.

use std::task::{Context, Poll};

use super::{Incoming, request::Request};

/// The most frames in a request; the server takes no more.
const FRAMES: usize = 256;
/// The most bytes in a request. The server takes 256 KiB; a single frame is below 64 KiB.
const BYTES: usize = 190 * 1024;

/// The way up.
pub(super) struct Uplink {
    path: String,
    waiting: Vec<String>,
    bytes: usize,
    post: Option<Request>,
    posted: usize,
}

/// What the way up reports.
pub(super) enum Sent {
    /// The server has taken a request.
    Taken,
    /// It is over.
    Ended(Incoming),
}

impl Uplink {
    /// For the connection of this name.
    pub(super) const fn new(path: String) -> Self {
        Self { path, waiting: Vec::new(), bytes: 0, post: None, posted: 0 }
    }

    /// A frame for the next request.
    pub(super) fn send(&mut self, text: String) {
        self.bytes += text.len();
        self.waiting.push(text);
    }

    /// Shows that this side lives. A request that is on its way does so too.
    pub(super) fn beat(&mut self) {
        if self.post.is_none() && self.waiting.is_empty() {
            self.post = Some(Request::new(&self.path, Some("[]".into())));
        }
    }

    /// Bytes that have not been taken.
    pub(super) const fn buffered(&self) -> usize {
        self.bytes + self.posted
    }

    /// Moves on.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Sent> {
        if self.post.is_none() && !self.waiting.is_empty() {
            let body = self.batch();
            self.posted = body.len();
            self.post = Some(Request::new(&self.path, Some(body)));
        }
        let Some(post) = &mut self.post else { return Poll::Pending };
        post.poll(context).map(|answer| {
            self.post = None;
            self.posted = 0;
            match answer {
                Ok(_) => Sent::Taken,
                Err(lost) => Sent::Ended(lost.into()),
            }
        })
    }

    /// The next request's body: an array of what waits.
    fn batch(&mut self) -> String {
        let mut body = String::from("[");
        let mut count = 0;
        for text in &self.waiting {
            if count > 0 && (count == FRAMES || body.len() + text.len() > BYTES) {
                break;
            }
            if count > 0 {
                body.push(',');
            }
            body.push_str(text);
            count += 1;
        }
        body.push(']');
        for text in self.waiting.drain(..count) {
            self.bytes -= text.len();
        }
        body
    }
}
