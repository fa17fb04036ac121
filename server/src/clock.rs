//! Wall clock time in milliseconds.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parlor_protocol::Millis;

/// Milliseconds since 1970, or 0 if the clock is set before that.
pub fn now() -> Millis {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A duration in milliseconds.
pub fn millis(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}
