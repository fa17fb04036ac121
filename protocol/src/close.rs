//! Close codes of the live protocol. 4000-4499: reconnect with backoff and jitter. 4500-4999: do not reconnect.

/// A close code of the live protocol, from the range for private use (RFC 6455, section 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server is restarting.
    Restarting = 4001,
    /// No `hello` within [`crate::limits::HELLO_TIMEOUT`], or another frame came first.
    NoHello = 4002,
    /// Nothing was received for a heartbeat interval plus [`crate::limits::HEARTBEAT_GRACE`].
    HeartbeatMissed = 4003,
    /// The client reads too slowly (guarantee G5).
    TooSlow = 4008,
    /// A frame exceeded [`crate::limits::MAX_FRAME_BYTES`].
    FrameTooLarge = 4009,
    /// The user's name, kind or role changed, or the session has a new token. Reconnect after `after_ms`, so that a browser
    /// has received its new cookie by then.
    IdentityChanged = 4010,
    /// The client sent frames too quickly.
    Flooding = 4029,
    /// The client uses another version of the protocol.
    BadProtocol = 4500,
    /// The session was revoked.
    SessionRevoked = 4501,
    /// The user was banned.
    Banned = 4503,
}

impl CloseCode {
    /// All codes.
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

    /// The code as a number, as on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The reason as text, as on the wire.
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

    /// Returns the code with this number, if Parlor defines one.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|close| close.code() == code)
    }
}

/// Whether a client may reconnect after this close code. Other codes, such as 1006 or a proxy's, count as network failures.
#[must_use]
pub const fn may_reconnect(code: u16) -> bool {
    !matches!(code, 4500..=4999)
}
