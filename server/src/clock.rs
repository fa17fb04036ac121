//! The server's clock, in the protocol's unit.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parlor_protocol::Millis;

/// Now, in milliseconds since 1970. A clock set before that year reads 0.
#[must_use]
pub fn now() -> Millis {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A span in milliseconds.
#[must_use]
pub fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}
