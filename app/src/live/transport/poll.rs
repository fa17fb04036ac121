//! Frames down by requests that the server holds until it has something to say, and up by POST.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use serde_json::Value;

use super::{
    Incoming, Readiness, Transport, frame, lost,
    request::Request,
    uplink::{Sent, Uplink},
};
use crate::{clock, i18n::Key, live::transport_fallback::TransportKind};

struct LongPoll {
    path: String,
    opened: bool,
    taken: bool,
    uplink: Uplink,
    get: Option<Request>,
    came: VecDeque<Incoming>,
}

/// Names a connection, so that its requests belong together.
pub(super) fn query() -> String {
    // 2^53 of them: enough to tell the connections of one session apart.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let name = (clock::random() * 9e15) as u64;
    "?connection=".to_owned() + &name.to_string()
}

/// Begins to connect.
pub(super) fn open() -> Box<dyn Transport> {
    let query = query();
    Box::new(LongPoll {
        path: TransportKind::Poll.path().to_owned() + &query,
        opened: false,
        taken: false,
        uplink: Uplink::new(format!("/live/frames{query}")),
        get: None,
        came: VecDeque::new(),
    })
}

impl Transport for LongPoll {
    fn send(&mut self, text: String) {
        self.uplink.send(text);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        // Nothing has to be opened: the first POST begins the connection.
        if !std::mem::replace(&mut self.opened, true) {
            return Poll::Ready(Incoming::Open);
        }
        loop {
            if let Some(report) = self.came.pop_front() {
                return Poll::Ready(report);
            }
            if let Poll::Ready(sent) = self.uplink.poll(context) {
                match sent {
                    Sent::Ended(end) => return Poll::Ready(end),
                    Sent::Taken if !std::mem::replace(&mut self.taken, true) => return Poll::Ready(Incoming::Taken),
                    Sent::Taken => {}
                }
                continue;
            }
            if !self.taken {
                return Poll::Pending;
            }
            let path = &self.path;
            let get = self.get.get_or_insert_with(|| Request::new(path, None));
            let Poll::Ready(answer) = get.poll(context) else { return Poll::Pending };
            self.get = None;
            match answer.map(|body| serde_json::from_str(&body)) {
                Err(lost) => return Poll::Ready(lost.into()),
                Ok(Ok(Value::Array(frames))) if frames.is_empty() => self.came.push_back(Incoming::Alive),
                Ok(Ok(Value::Array(frames))) => self.came.extend(frames.into_iter().map(|value| frame(Some(value)))),
                Ok(_) => return Poll::Ready(lost(Key::InvalidResponse)),
            }
        }
    }

    fn readiness(&self) -> Readiness {
        let state = if self.taken { "OPEN" } else { "CONNECTING" };
        Readiness { state, buffered: u32::try_from(self.uplink.buffered()).unwrap_or(u32::MAX) }
    }
}
