//! Sends frames by POST: one request at a time, so that they arrive in order. Frames queued meanwhile share the next request.

use std::task::{Context, Poll};

use super::{TransportEvent, request::Request};

/// The most frames in a request, which is the server's limit.
const MAX_FRAMES: usize = 256;
/// The most bytes in a request. The server accepts 256 KiB; a frame has less than 64 KiB.
const MAX_BYTES: usize = 190 * 1024;

pub(super) struct Uplink {
    path: String,
    queued: Vec<String>,
    queued_bytes: usize,
    post: Option<Request>,
    posted_bytes: usize,
}

pub(super) enum UplinkEvent {
    /// The server has accepted a request.
    Accepted,
    /// The connection has ended.
    Closed(Box<TransportEvent>),
}

impl Uplink {
    pub(super) const fn new(path: String) -> Self {
        Self { path, queued: Vec::new(), queued_bytes: 0, post: None, posted_bytes: 0 }
    }

    /// Queues a frame for the next request.
    pub(super) fn send(&mut self, text: String) {
        self.queued_bytes += text.len();
        self.queued.push(text);
    }

    /// Sends an empty request as a heartbeat, unless another request is one already.
    pub(super) fn keep_alive(&mut self) {
        if self.post.is_none() && self.queued.is_empty() {
            self.post = Some(Request::new(&self.path, Some("[]".into())));
        }
    }

    /// Bytes that have not been accepted.
    pub(super) const fn buffered(&self) -> usize {
        self.queued_bytes + self.posted_bytes
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<UplinkEvent> {
        if self.post.is_none() && !self.queued.is_empty() {
            let body = self.batch();
            self.posted_bytes = body.len();
            self.post = Some(Request::new(&self.path, Some(body)));
        }
        let Some(post) = &mut self.post else { return Poll::Pending };
        post.poll(context).map(|answer| {
            self.post = None;
            self.posted_bytes = 0;
            match answer {
                Ok(_) => UplinkEvent::Accepted,
                Err(error) => UplinkEvent::Closed(Box::new(error.into())),
            }
        })
    }

    /// The next request's body: a JSON array of queued frames.
    fn batch(&mut self) -> String {
        let mut body = String::from("[");
        let mut count = 0;
        for text in &self.queued {
            if count > 0 && (count == MAX_FRAMES || body.len() + text.len() > MAX_BYTES) {
                break;
            }
            if count > 0 {
                body.push(',');
            }
            body.push_str(text);
            count += 1;
        }
        body.push(']');
        for text in self.queued.drain(..count) {
            self.queued_bytes -= text.len();
        }
        body
    }
}
