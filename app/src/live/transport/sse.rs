//! Server-sent events for received frames, POST requests for sent ones.

use std::task::{Context, Poll};

use web_sys::EventSource;

use super::{
    Transport, TransportEvent, TransportStatus, connection_lost, frame_event,
    inbox::{EventListener, Inbox, message_text},
    uplink::{Uplink, UplinkEvent},
};
use crate::{i18n::Key, json, live::transport_fallback::TransportKind};

struct Stream {
    source: EventSource,
    inbox: Inbox,
    uplink: Uplink,
    accepted: bool,
    _listener: EventListener,
}

pub(super) fn open() -> Option<Box<dyn Transport>> {
    let query = super::poll::query();
    let source = EventSource::new(&(TransportKind::EventStream.path().to_owned() + &query)).ok()?;
    let inbox = Inbox::default();
    let sender = inbox.clone();
    let listener = EventListener::new(&source, &["open", "message", "heartbeat", "full", "error"], move |event| {
        sender.put(match event.type_().as_str() {
            "open" => TransportEvent::Open,
            "message" => message_text(&event).map_or(TransportEvent::Alive, |text| frame_event(json::decode(&text))),
            "heartbeat" => TransportEvent::Alive,
            "full" => TransportEvent::Full,
            // It would reconnect by itself, but without backoff and without showing it.
            _ => connection_lost(Key::EventStreamEnded),
        });
    });
    let uplink = Uplink::new(format!("/live/frames{query}"));
    Some(Box::new(Stream { source, inbox, uplink, accepted: false, _listener: listener }))
}

impl Transport for Stream {
    fn send(&mut self, text: String) {
        self.uplink.send(text);
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        if let Poll::Ready(event) = self.inbox.poll(context) {
            // A hidden page's timers are late but network events are not, so the server's heartbeat triggers ours.
            if event == TransportEvent::Alive {
                self.uplink.keep_alive();
            }
            return Poll::Ready(event);
        }
        while let Poll::Ready(sent) = self.uplink.poll(context) {
            match sent {
                UplinkEvent::Closed(end) => return Poll::Ready(*end),
                UplinkEvent::Accepted if !std::mem::replace(&mut self.accepted, true) => {
                    return Poll::Ready(TransportEvent::Accepted);
                }
                UplinkEvent::Accepted => {}
            }
        }
        Poll::Pending
    }

    fn status(&self) -> TransportStatus {
        let state = match self.source.ready_state() {
            EventSource::CONNECTING => "CONNECTING",
            EventSource::OPEN => "OPEN",
            _ => "CLOSED",
        };
        TransportStatus { state, buffered: u32::try_from(self.uplink.buffered()).unwrap_or(u32::MAX) }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.close();
    }
}
