//! Long polling: GET requests, which the server answers when it has frames, for received frames; POST requests for sent ones.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use super::{
    Transport, TransportEvent, TransportStatus, connection_lost, frame_event,
    request::Request,
    uplink::{Uplink, UplinkEvent},
};
use crate::{clock, i18n::Key, json, live::transport_fallback::TransportKind};

struct LongPoll {
    path: String,
    opened: bool,
    accepted: bool,
    uplink: Uplink,
    get: Option<Request>,
    pending: VecDeque<TransportEvent>,
}

/// A query that names the connection to which a request belongs.
pub(super) fn query() -> String {
    // 2^53 names are enough to distinguish the connections of one session.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let name = (clock::random() * 9e15) as u64;
    "?connection=".to_owned() + &name.to_string()
}

pub(super) fn open() -> Box<dyn Transport> {
    let query = query();
    Box::new(LongPoll {
        path: TransportKind::Poll.path().to_owned() + &query,
        opened: false,
        accepted: false,
        uplink: Uplink::new(format!("/live/frames{query}")),
        get: None,
        pending: VecDeque::new(),
    })
}

impl Transport for LongPoll {
    fn send(&mut self, text: String) {
        self.uplink.send(text);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        // Nothing has to be opened: the first POST starts the connection.
        if !std::mem::replace(&mut self.opened, true) {
            return Poll::Ready(TransportEvent::Open);
        }
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Poll::Ready(event);
            }
            if let Poll::Ready(sent) = self.uplink.poll(context) {
                match sent {
                    UplinkEvent::Closed(end) => return Poll::Ready(*end),
                    UplinkEvent::Accepted if !std::mem::replace(&mut self.accepted, true) => {
                        return Poll::Ready(TransportEvent::Accepted);
                    }
                    UplinkEvent::Accepted => {}
                }
                continue;
            }
            if !self.accepted {
                return Poll::Pending;
            }
            let path = &self.path;
            let get = self.get.get_or_insert_with(|| Request::new(path, None));
            let Poll::Ready(answer) = get.poll(context) else { return Poll::Pending };
            self.get = None;
            match answer.map(|body| json::decode_each(&body)) {
                Err(error) => return Poll::Ready(error.into()),
                Ok(None) => return Poll::Ready(connection_lost(Key::InvalidResponse)),
                Ok(Some(frames)) if frames.is_empty() => self.pending.push_back(TransportEvent::Alive),
                Ok(Some(frames)) => {
                    self.pending.extend(frames.into_iter().map(frame_event));
                }
            }
        }
    }

    fn status(&self) -> TransportStatus {
        let state = if self.accepted { "OPEN" } else { "CONNECTING" };
        TransportStatus { state, buffered: u32::try_from(self.uplink.buffered()).unwrap_or(u32::MAX) }
    }
}
