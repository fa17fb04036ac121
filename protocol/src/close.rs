//! Why the server ends a connection. 4000-4499: come back, with backoff and jitter. 4500-4999: do not.

/// A close code of the live protocol, in the range that RFC 6455 (section 7.4.2) leaves to applications.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server is restarting.
    Restarting = 4001,
    /// No `hello` within [`crate::limits::HELLO_TIMEOUT`], or another frame before it.
    NoHello = 4002,
    /// Nothing was heard for a heartbeat and its grace.
    HeartbeatMissed = 4003,
    /// The client does not read fast enough (G5).
    TooSlow = 4008,
    /// A frame was over [`crate::limits::MAX_FRAME_BYTES`].
    FrameTooLarge = 4009,
    /// The person's name, kind or role has changed, or this session has a new token: come back to be known as what one is
    /// now. Not before `after_ms`, so that a page has the answer with its new cookie.
    IdentityChanged = 4010,
    /// Too many frames in too short a time.
    Flooding = 4029,
    /// The client speaks another version of the protocol.
    BadProtocol = 4500,
    /// The session was revoked.
    SessionRevoked = 4501,
    /// The person was banned.
    Banned = 4503,
}

impl CloseCode {
    /// All codes, for tests and documentation.
    pub const ALL: [Self; 10] = [
        Self::Restarting,
        Self::NoHello,
        Self::HeartbeatMissed,
        Self::TooSlow,
        Self::FrameTooLarge,
        Self::IdentityChanged,
        Self::Flooding,
        Self::BadProtocol,
        Self::SessionRevoked,
        Self::Banned,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The words on the wire.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Restarting => "server is restarting",
            Self::NoHello => "no hello",
            Self::HeartbeatMissed => "heartbeat missed",
            Self::TooSlow => "too slow",
            Self::FrameTooLarge => "frame too large",
            Self::IdentityChanged => "who you are has changed",
            Self::Flooding => "flooding",
            Self::BadProtocol => "bad protocol version",
            Self::SessionRevoked => "session revoked",
            Self::Banned => "banned",
        }
    }

    /// The code with this number, if it is one of ours.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|close| close.code() == code)
    }
}

/// Whether a client may come back after this close code. Codes that are not ours (1006, a proxy's) count as a failed network.
#[must_use]
pub const fn may_reconnect(code: u16) -> bool {
    !matches!(code, 4500..=4999)
}
