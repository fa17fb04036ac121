//! How a WebSocket of the lab comes to its end, and what is said last.

use crate::{
    socket::{Ended, Reader, Writer},
    websocket::decode::Violation,
};

/// Why the server ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It has lasted as long as one may.
    TimeIsUp,
    /// The server stops.
    Stopping,
}

impl Ending {
    /// For people.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::TimeIsUp => "The lab's time is up. Begin again if you like.",
            Self::Stopping => "The server is stopping.",
        }
    }
}

/// How a WebSocket ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Last {
    /// The server wants it.
    Server(Ending),
    /// The client said its close frame, with this code or none.
    Client(Option<u16>),
    /// The client did what must not be.
    Violation(Violation),
    /// The client has gone without a word, or takes nothing.
    Gone,
}

impl From<Ended> for Last {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Gone => Self::Gone,
            Ended::Violation(violation) => Self::Violation(violation),
        }
    }
}

impl Last {
    /// Says why, and waits a moment for the client to go (RFC 6455, sections 5.5.1 and 7.4.1).
    pub(super) async fn say(self, writer: Writer, reader: &mut Reader) {
        let (code, reason) = match self {
            Self::Gone => return,
            Self::Client(code) => (code, ""),
            Self::Server(ending @ Ending::TimeIsUp) => (Some(1000), ending.reason()),
            Self::Server(ending @ Ending::Stopping) => (Some(1001), ending.reason()),
            Self::Violation(violation) => (
                Some(violation.close_code()),
                match violation {
                    Violation::Protocol => "A frame is not as RFC 6455 has it.",
                    Violation::Utf8 => "A text is no UTF-8.",
                    Violation::TooLarge => "The message is too long.",
                },
            ),
        };
        writer.close(reader, code, reason).await;
    }
}
