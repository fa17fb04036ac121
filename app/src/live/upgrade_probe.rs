//! A try upward: a connection beside the running one, until it is welcomed or given up.

use std::task::{Context, Poll};

use parlor_protocol::{ClientFrame, Millis, ServerFrame};

use super::{
    session::{HELD, OPENING},
    transport::{self, Incoming, Transport},
    transport_fallback::TransportKind,
};

/// The connection beside the running one.
pub(super) struct UpgradeProbe {
    pub(super) transport: Box<dyn Transport>,
    pub(super) rung: TransportKind,
    /// The greeting that went out, if it is open.
    pub(super) hello: Option<ClientFrame>,
    /// Rooms joined on the running connection since then: this one does not know of them.
    pub(super) joined: Vec<ClientFrame>,
    began: Millis,
    taken: Option<Millis>,
}

/// What follows from a report.
pub(super) enum Step {
    /// Nothing yet.
    Wait,
    /// It is open: greet.
    Greet,
    /// It is proven; this is the welcome.
    Proven(Box<ServerFrame>),
    /// It leads nowhere.
    Failed,
}

impl UpgradeProbe {
    /// Opens a transport; none if the browser has no such thing.
    pub(super) fn begin(rung: TransportKind, now: Millis) -> Option<Self> {
        let transport = transport::open(rung)?;
        Some(Self { transport, rung, hello: None, joined: Vec::new(), began: now, taken: None })
    }

    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Incoming> {
        self.transport.poll(context)
    }

    pub(super) fn greet(&mut self, hello: ClientFrame) {
        self.transport.send(hello.encode());
        self.hello = Some(hello);
    }

    pub(super) fn take(&mut self, incoming: Incoming, now: Millis) -> Step {
        match incoming {
            Incoming::Open => return Step::Greet,
            Incoming::Taken => self.taken = Some(now),
            Incoming::Frame(frame @ ServerFrame::Welcome { .. }) => return Step::Proven(Box::new(frame)),
            Incoming::Closed { .. } => return Step::Failed,
            Incoming::Alive | Incoming::Frame(_) => {}
        }
        Step::Wait
    }

    /// When it is given up.
    pub(super) fn until(&self) -> Millis {
        self.taken.map_or(self.began + OPENING, |taken| taken + HELD)
    }
}
