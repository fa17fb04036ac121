//! Frames down a stream of server-sent events, and up by POST.

use std::task::{Context, Poll};

use web_sys::EventSource;

use super::{
    Incoming, Readiness, Transport, frame,
    inbox::{Ears, Inbox, data},
    lost,
    uplink::{Sent, Uplink},
};
use crate::{browser, i18n::Key, live::transport_fallback::TransportKind};

struct Stream {
    source: EventSource,
    inbox: Inbox,
    uplink: Uplink,
    taken: bool,
    _ears: Ears,
}

/// Begins to connect.
pub(super) fn open() -> Option<Box<dyn Transport>> {
    if !browser::has("EventSource") {
        return None;
    }
    let query = super::poll::query();
    let source = EventSource::new(&(TransportKind::Stream.path().to_owned() + &query)).ok()?;
    let inbox = Inbox::default();
    let put = inbox.clone();
    let ears = Ears::new(&source, &["open", "message", "heartbeat", "error"], move |event| {
        put.put(match event.type_().as_str() {
            "open" => Incoming::Open,
            "message" => frame(data(&event)),
            "heartbeat" => Incoming::Alive,
            // It would come back by itself, but not know when to stop, nor say how it stands.
            _ => lost(Key::EventStreamEnded),
        });
    });
    let uplink = Uplink::new(format!("/live/frames{query}"));
    Some(Box::new(Stream { source, inbox, uplink, taken: false, _ears: ears }))
}

impl Transport for Stream {
    fn send(&mut self, text: String) {
        self.uplink.send(text);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        if let Poll::Ready(report) = self.inbox.poll(context) {
            // A hidden page's timers run late, what comes from the network does not: so the server's beat gives ours.
            if report == Incoming::Alive {
                self.uplink.beat();
            }
            return Poll::Ready(report);
        }
        while let Poll::Ready(sent) = self.uplink.poll(context) {
            match sent {
                Sent::Ended(end) => return Poll::Ready(end),
                Sent::Taken if !std::mem::replace(&mut self.taken, true) => return Poll::Ready(Incoming::Taken),
                Sent::Taken => {}
            }
        }
        Poll::Pending
    }

    fn readiness(&self) -> Readiness {
        let state = match self.source.ready_state() {
            EventSource::CONNECTING => "CONNECTING",
            EventSource::OPEN => "OPEN",
            _ => "CLOSED",
        };
        Readiness { state, buffered: u32::try_from(self.uplink.buffered()).unwrap_or(u32::MAX) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}
