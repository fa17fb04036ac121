//! How the WebSockets of the lab are closed.

use crate::{
    socket::{MessageReader, MessageWriter, ReadError},
    websocket::decode::Violation,
};

/// Why the server ends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopReason {
    TimeLimit,
    /// All streams together hold too much memory.
    MemoryLimit,
    ShuttingDown,
}

impl StopReason {
    /// A sentence for people.
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::TimeLimit => "This stream has reached the lab's time limit. You can start another one.",
            Self::MemoryLimit => "The lab is busy. Try again in a minute.",
            Self::ShuttingDown => "The server is stopping.",
        }
    }
}

/// Why a WebSocket is closed.
#[derive(Clone, Copy, Debug)]
pub(super) enum CloseCause {
    Server(StopReason),
    /// The client sent a close frame, with this code or none.
    Client(Option<u16>),
    Violation(Violation),
    /// The client went without a close frame, or takes nothing.
    Gone,
}

impl From<ReadError> for CloseCause {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Gone => Self::Gone,
            ReadError::Violation(violation) => Self::Violation(violation),
        }
    }
}

impl CloseCause {
    /// Sends a close frame and waits for the client's (RFC 6455, sections 5.5.1 and 7.4.1).
    pub(super) async fn close(self, writer: MessageWriter, reader: &mut MessageReader) {
        let (code, reason) = match self {
            Self::Gone => return,
            Self::Client(code) => (code, ""),
            Self::Server(reason @ StopReason::TimeLimit) => (Some(1000), reason.text()),
            Self::Server(reason @ StopReason::MemoryLimit) => (Some(1013), reason.text()),
            Self::Server(reason @ StopReason::ShuttingDown) => (Some(1001), reason.text()),
            Self::Violation(violation) => (
                Some(violation.close_code()),
                match violation {
                    Violation::Protocol => "A frame violates RFC 6455.",
                    Violation::Utf8 => "A text message is not UTF-8.",
                    Violation::TooLarge => "The message is too long.",
                },
            ),
        };
        writer.close(reader, code, reason).await;
    }
}
