//! Finds bare URLs in a text.

use super::characters::{is_hidden, is_unspaced, is_unspaced_punctuation, is_word};

const SCHEMES: [&str; 2] = ["https://", "http://"];

/// Length of the URL at the beginning of `text`, which follows `before`; `None` if there is none.
///
/// A URL ends before white space, characters that no valid URL has, an unmatched closing bracket and punctuation that
/// belongs to the sentence. In scripts without spaces, the text goes on directly after a URL: their letters continue one
/// only after a delimiter (`/wiki/中文`), not after Latin letters (`example.com很好`).
pub(super) fn length(before: &str, text: &str) -> Option<usize> {
    let has_prefix = |prefix: &&str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let scheme = SCHEMES.iter().find(|scheme| has_prefix(scheme))?.len();
    if !can_begin_after(before) {
        return None;
    }
    let rest = &text[scheme..];
    let host = host_length(rest);
    if !rest[..host].contains(char::is_alphanumeric) && !rest.starts_with('[') {
        return None;
    }
    let has_path = rest[host..].starts_with(['/', '?', '#']);
    let end = scheme + host + if has_path { path_length(before, &rest[host..]) } else { 0 };
    let length = trimmed(before, &text[..end]).len();
    (length > scheme).then_some(length)
}

/// Not within a word or another scheme, such as `git+https`.
fn can_begin_after(before: &str) -> bool {
    let mut before = before.chars().rev();
    match before.next() {
        Some('+' | '-') => !before.next().is_some_and(|c| c.is_ascii_alphanumeric()),
        Some(last) => !last.is_ascii_alphanumeric(),
        None => true,
    }
}

/// Length of the authority: user information, host and port.
fn host_length(text: &str) -> usize {
    let mut last = '/';
    for (at, c) in text.char_indices() {
        let continues = match c {
            '-' | '.' | '_' | '%' | ':' | '@' | '~' | '$' | '&' | '+' | '=' => true,
            // The address of IPv6.
            '[' => matches!(last, '/' | '@'),
            ']' => text[..at].contains('['),
            c if c.is_ascii() => c.is_ascii_alphanumeric(),
            c if is_unspaced(c) => matches!(last, '/' | '@' | '.' | '-') || is_unspaced(last),
            c => is_word(c) || (!ends_url(c) && is_word(last)),
        };
        if !continues {
            return at;
        }
        last = c;
    }
    text.len()
}

/// Length of path, query and fragment.
fn path_length(before: &str, text: &str) -> usize {
    let is_quoted = before.ends_with('\'');
    let mut brackets = Vec::new();
    let mut last = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let ends = match c {
            '(' => {
                brackets.push(')');
                false
            }
            '[' => {
                brackets.push(']');
                false
            }
            '{' => {
                brackets.push('}');
                false
            }
            ')' | ']' | '}' => brackets.pop() != Some(c),
            '\'' => is_quoted,
            // An escape of Markdown (`a\_b`). No valid URL has a backslash.
            '\\' => chars.next_if(|(_, escaped)| escaped.is_ascii_punctuation() && !ends_url(*escaped)).is_none(),
            c if is_unspaced(c) => {
                !matches!(last, '/' | '?' | '#' | '=' | '&' | '-' | '_' | '+' | '(') && !is_unspaced(last)
            }
            c => ends_url(c),
        };
        if ends {
            return at;
        }
        last = c;
    }
    text.len()
}

fn ends_url(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || is_hidden(c)
        || is_unspaced_punctuation(c)
        || matches!(c, '"' | '<' | '>' | '`' | '|' | '\\')
        // Typographic quotes, dashes and the ellipsis.
        || matches!(c, '\u{ab}' | '\u{bb}' | '\u{2014}' | '\u{2015}' | '\u{2018}'..='\u{201f}' | '\u{2026}' | '\u{2039}' | '\u{203a}')
}

/// Without punctuation of the sentence at the end, and without the end of emphasis that began before the URL.
fn trimmed<'a>(before: &str, url: &'a str) -> &'a str {
    let line = before.rsplit('\n').next().unwrap_or_default();
    url.trim_end_matches(|c| match c {
        '?' | '!' | '.' | ',' | ':' | ';' | '\'' | '(' | '[' | '{' => true,
        '*' | '_' | '~' => line.contains(c),
        _ => false,
    })
}
