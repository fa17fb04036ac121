//! Long polling: GET requests, which the server answers when it has frames, for received frames; POST requests for sent ones.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use parlor_protocol::Millis;

use super::{
    Transport, TransportEvent, TransportStatus, connection_lost, frame_event,
    request::Request,
    uplink::{Uplink, UplinkEvent},
};
use crate::{browser, clock, i18n::Key, json, live::transport_fallback::TransportKind};

/// The most requests of this browser that wait for frames. The rest of the six that a browser makes of a host at a time, over
/// HTTP/1.1 and for all its tabs, is for everything else.
const MAX_STREAMS: &str = "4";
/// An empty answer that comes sooner than this means that other tabs have all the waiting requests.
const QUICK_ANSWER: Millis = 500;
/// Time until the next request after a quick empty answer, in milliseconds, and in a hidden page.
const PAUSE: u32 = 2_000;
const HIDDEN_PAUSE: u32 = 8_000;

struct LongPoll {
    path: String,
    opened: bool,
    accepted: bool,
    uplink: Uplink,
    get: Option<Request>,
    asked_at: Millis,
    pause: Option<Pin<Box<dyn Future<Output = ()>>>>,
    pending: VecDeque<TransportEvent>,
}

/// A query that names the connection to which a request belongs.
pub(super) fn query() -> String {
    // 2^53 names are enough to distinguish the connections of one session.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let name = (clock::random() * 9e15) as u64;
    ["?max_streams=", MAX_STREAMS, "&connection=", &name.to_string()].concat()
}

pub(super) fn open() -> Box<dyn Transport> {
    let query = query();
    Box::new(LongPoll {
        path: TransportKind::Poll.path().to_owned() + &query,
        opened: false,
        accepted: false,
        uplink: Uplink::new(format!("/live/frames{query}")),
        get: None,
        asked_at: 0,
        pause: None,
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
                    // The answers to what was sent may be there.
                    UplinkEvent::Accepted => self.pause = None,
                }
                continue;
            }
            if !self.accepted {
                return Poll::Pending;
            }
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let (path, asked_at) = (&self.path, &mut self.asked_at);
            let get = self.get.get_or_insert_with(|| {
                *asked_at = clock::monotonic();
                Request::new(path, None)
            });
            let Poll::Ready(answer) = get.poll(context) else { return Poll::Pending };
            self.get = None;
            match answer.map(|body| json::decode_each(&body)) {
                Err(error) => return Poll::Ready(error.into()),
                Ok(None) => return Poll::Ready(connection_lost(Key::InvalidResponse)),
                Ok(Some(frames)) if frames.is_empty() => {
                    self.pending.push_back(TransportEvent::Alive);
                    if clock::monotonic() - self.asked_at < QUICK_ANSWER {
                        let pause = if browser::is_hidden() { HIDDEN_PAUSE } else { PAUSE };
                        self.pause = Some(Box::pin(clock::sleep(pause)));
                    }
                }
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
