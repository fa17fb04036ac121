//! Transports over HTTP requests. Most pages never use them, so their code is loaded when one does.

use std::{
    mem,
    task::{Context, Poll},
};

use super::{Transport, TransportEvent, TransportStatus, connection_lost, poll, sse};
use crate::{
    browser,
    i18n::Key,
    live::transport_fallback::TransportKind,
    split::{SplitFuture, split},
};

type Open = fn(TransportKind) -> Option<Box<dyn Transport>>;

split!(http_transports, Open, |kind| match kind {
    TransportKind::WebSocket => None,
    TransportKind::EventStream => sse::open(),
    TransportKind::Poll => Some(poll::open()),
});

enum HttpTransport {
    /// The frames are sent once the code is there.
    Loading {
        kind: TransportKind,
        code: SplitFuture<Open>,
        frames: Vec<String>,
    },
    Loaded(Box<dyn Transport>),
}

/// Starts to connect. None if the browser does not have this transport.
pub(super) fn open(kind: TransportKind) -> Option<Box<dyn Transport>> {
    if kind == TransportKind::EventStream && !browser::has("EventSource") {
        return None;
    }
    Some(Box::new(HttpTransport::Loading { kind, code: http_transports(), frames: Vec::new() }))
}

impl Transport for HttpTransport {
    fn send(&mut self, text: String) {
        match self {
            Self::Loading { frames, .. } => frames.push(text),
            Self::Loaded(transport) => transport.send(text),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        if let Self::Loading { kind, code, frames } = self {
            let Poll::Ready(loaded) = code.as_mut().poll(context) else { return Poll::Pending };
            let Some(mut transport) = loaded.ok().and_then(|open| open(*kind)) else {
                return Poll::Ready(connection_lost(Key::PartUnavailable));
            };
            mem::take(frames).into_iter().for_each(|frame| transport.send(frame));
            *self = Self::Loaded(transport);
        }
        match self {
            Self::Loading { .. } => Poll::Pending,
            Self::Loaded(transport) => transport.poll(context),
        }
    }

    fn status(&self) -> TransportStatus {
        match self {
            Self::Loading { .. } => TransportStatus { state: "CONNECTING", buffered: 0 },
            Self::Loaded(transport) => transport.status(),
        }
    }
}
