//! Link addresses: which are allowed, and where bare ones are in a text.

use std::fmt::Write as _;

use ammonia::Url;
use linkify::{LinkFinder, LinkKind};

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

/// Splits a text into bare addresses with their `href`, and the text between them.
pub(super) fn split_links(text: &str) -> impl Iterator<Item = (&str, Option<String>)> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let mut links = Vec::new();
    // Most texts have none, and searching costs time.
    if text.contains("://") {
        links.extend(finder.links(text).filter_map(|link| {
            let address = &text[link.start()..link.start() + visible_end(link.as_str())];
            Some((link.start(), address, safe_href(address)?))
        }));
    }
    let mut found = links.into_iter();
    let mut next = found.next();
    let mut at = 0;
    std::iter::from_fn(move || match next.take() {
        Some((start, address, href)) if start == at => {
            at += address.len();
            next = found.next();
            Some((address, Some(href)))
        }
        Some(link) => {
            let between = &text[at..link.0];
            at = link.0;
            next = Some(link);
            Some((between, None))
        }
        None if at < text.len() => {
            let rest = &text[at..];
            at = text.len();
            Some((rest, None))
        }
        None => None,
    })
}

/// The end of an address for a reader: before the punctuation of scripts without spaces, and before marks that would change
/// the displayed order.
fn visible_end(address: &str) -> usize {
    let ends = |c| {
        is_hidden(c)
            || matches!(c, '\u{2018}'..='\u{201d}' | '\u{2026}' | '\u{3000}'..='\u{303f}')
            || matches!(c, '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}' | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}')
    };
    address.find(ends).unwrap_or(address.len())
}

fn is_hidden(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}
