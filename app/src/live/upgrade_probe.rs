//! A connection over a better transport, opened beside the running one until it is welcomed or given up.

use std::task::{Context, Poll};

use parlor_protocol::{ClientFrame, Millis, ServerFrame};

use super::{
    session::{CONNECT_TIMEOUT, WELCOME_TIMEOUT},
    transport::{self, Transport, TransportEvent},
    transport_fallback::TransportKind,
};

pub(super) struct UpgradeProbe {
    pub(super) transport: Box<dyn Transport>,
    pub(super) kind: TransportKind,
    pub(super) hello: Option<ClientFrame>,
    /// Rooms joined on the running connection since then, which the probe's `hello` does not name.
    pub(super) joined: Vec<ClientFrame>,
    started_at: Millis,
    hello_accepted_at: Option<Millis>,
}

/// What follows from a transport event.
pub(super) enum ProbeStep {
    Wait,
    SendHello,
    Welcomed(Box<ServerFrame>),
    Failed,
}

impl UpgradeProbe {
    /// None if the browser does not have this transport.
    pub(super) fn start(kind: TransportKind, now: Millis) -> Option<Self> {
        let transport = transport::open(kind)?;
        Some(Self { transport, kind, hello: None, joined: Vec::new(), started_at: now, hello_accepted_at: None })
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        self.transport.poll(context)
    }

    pub(super) fn send_hello(&mut self, hello: ClientFrame) {
        self.transport.send(hello.encode());
        self.hello = Some(hello);
    }

    pub(super) fn on_event(&mut self, event: TransportEvent, now: Millis) -> ProbeStep {
        match event {
            TransportEvent::Open => return ProbeStep::SendHello,
            TransportEvent::Accepted => self.hello_accepted_at = Some(now),
            TransportEvent::Frame(frame @ ServerFrame::Welcome { .. }) => return ProbeStep::Welcomed(Box::new(frame)),
            TransportEvent::Closed { .. } | TransportEvent::Full => return ProbeStep::Failed,
            TransportEvent::Alive | TransportEvent::Frame(_) => {}
        }
        ProbeStep::Wait
    }

    pub(super) fn deadline(&self) -> Millis {
        self.hello_accepted_at.map_or(self.started_at + CONNECT_TIMEOUT, |at| at + WELCOME_TIMEOUT)
    }
}
