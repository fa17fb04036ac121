//! Link addresses: which are allowed.

use std::fmt::Write as _;

use ammonia::Url;

use super::characters::is_hidden;

/// Allowed prefixes. Other addresses (`javascript:`, `data:`, relative paths …) stay text.
const SCHEMES: [&str; 3] = ["https://", "http://", "mailto:"];

/// The address for an `href`, or `None` if it is not allowed. Spaces, quotes, control characters and bidirectional marks are
/// percent-encoded, as a browser would do it.
pub(super) fn safe_href(address: &str) -> Option<String> {
    let address = address.trim();
    let has_prefix = |prefix: &str| address.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let scheme = SCHEMES.into_iter().find(|scheme| has_prefix(scheme))?;
    if address.len() == scheme.len() {
        return None;
    }
    let mut safe = String::with_capacity(address.len());
    for c in address.chars() {
        if c.is_whitespace() || c.is_control() || is_hidden(c) || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\\') {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(safe, "%{byte:02X}");
            }
        } else {
            safe.push(c);
        }
    }
    // The sanitiser would remove an invalid URL; it stays text instead.
    Url::parse(&safe).is_ok().then_some(safe)
}
