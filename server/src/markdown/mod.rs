//! Message bodies: chat markdown in, sanitised HTML out. Done once, when a message is written, and stored beside its source.
//!
//! The way of a text: bounds → pulldown-cmark's events → [`write`], which knows every tag it writes and none of the
//! source's → [`sanitise`], the second line of defence. Nothing here reads a clock or draws a random number: the same
//! source always gives the same HTML. Nothing here may panic, whatever was typed.

mod address;
mod grammar;
mod highlight;
mod languages;
mod mention;
mod sanitise;
mod write;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use parlor_protocol::UserId;
use pulldown_cmark::{Options, Parser, TextMergeStream};

pub use mention::Names;

/// Stands beside stored HTML. Raised whenever [`render`] gives other HTML for the same source, so that rows written by an
/// older renderer can be found and rendered anew.
pub const RENDERER_VERSION: i64 = 1;

/// Longer sources are shown as plain text. A body of [`parlor_protocol::limits::MAX_BODY_CHARS`] always fits.
const MAX_SOURCE_BYTES: usize = parlor_protocol::limits::MAX_BODY_CHARS * 4;

/// Longer HTML is given up for the plain text: a message goes to everyone in the room, so markup must not multiply it.
/// The longest plain text (each character one `&quot;` at worst) fits as well.
const MAX_HTML_BYTES: usize = 64 * 1024;

/// Quote markers or list bullets at a line's start beyond which the source is shown as plain text: the parser looks at
/// every open container again for every line, and nobody reads that deep.
const MAX_LINE_MARKERS: usize = 64;

/// Columns beyond which a line does not make a table: rows are filled up with empty cells, which multiplies short lines.
const MAX_COLUMNS: usize = 32;

/// A message, rendered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Sanitised.
    pub html: String,
    /// Whom it names, each once, at most [`parlor_protocol::limits::MAX_MENTIONS`].
    pub mentions: Vec<UserId>,
}

/// Renders a message's markdown source in which nobody is named.
///
/// Takes microseconds for what people usually write, some milliseconds at worst.
#[must_use]
pub fn render(source: &str) -> String {
    render_naming(source, &Names::default()).html
}

/// Renders a message's markdown source. What stands behind an `@` at a word's beginning, and is one of these names, names
/// someone: not in code, links and what is shown as typed.
#[must_use]
pub fn render_naming(source: &str, names: &Names) -> Rendered {
    let source = normalise(source);
    let rendered = if source.len() > MAX_SOURCE_BYTES || is_bomb(&source) {
        None
    } else {
        let parser = TextMergeStream::new(Parser::new_ext(&source, options(&source)));
        write::html(parser, MAX_HTML_BYTES, names)
    };
    let Rendered { html, mentions } =
        rendered.unwrap_or_else(|| Rendered { html: write::plain(&source), mentions: Vec::new() });
    Rendered { html: sanitise::clean(&html), mentions }
}

fn options(source: &str) -> Options {
    let wide = source.lines().any(|line| line.bytes().filter(|&b| b == b'|').count() > MAX_COLUMNS + 1);
    let mut options = Options::ENABLE_STRIKETHROUGH;
    options.set(Options::ENABLE_TABLES, !wide);
    options
}

/// One kind of line end, and none of the characters that HTML parsers replace: so the sanitiser finds nothing to change.
fn normalise(source: &str) -> Cow<'_, str> {
    if !source.contains(['\r', '\0']) {
        return Cow::Borrowed(source);
    }
    Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}"))
}

fn is_bomb(source: &str) -> bool {
    source.lines().any(|line| {
        let markers = line
            .bytes()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'>' | b'-' | b'+' | b'*' | b'0'..=b'9' | b'.' | b')'));
        // A rule or an underline is one marker however long: its bytes stand without a space between them.
        let mut count = 0;
        let mut before = b' ';
        for byte in markers {
            count += usize::from(byte == b'>' || (!byte.is_ascii_whitespace() && before.is_ascii_whitespace()));
            before = byte;
        }
        count > MAX_LINE_MARKERS
    })
}
