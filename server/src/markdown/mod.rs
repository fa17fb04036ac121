//! Renders message bodies from Markdown to sanitised HTML. A message is rendered once, and its HTML is stored with its source.
//!
//! Stages: size limits, pulldown-cmark's events, [`writer`], which writes every tag itself and takes none from the source, and
//! [`sanitise`] as a second line of defence. Rendering is deterministic and never panics.

mod grammar;
mod highlight;
mod languages;
mod links;
mod mention;
mod sanitise;
mod writer;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use parlor_protocol::UserId;
use pulldown_cmark::{Options, Parser, TextMergeStream};

pub use mention::Names;

/// Stored with the HTML. Increase it whenever [`render`] gives different HTML for the same source, so that rows of an older
/// renderer can be found and rendered again.
pub const RENDERER_VERSION: i64 = 1;

/// Longer sources are rendered as plain text. A body of [`parlor_protocol::limits::MAX_BODY_CHARS`] always fits.
const MAX_SOURCE_BYTES: usize = parlor_protocol::limits::MAX_BODY_CHARS * 4;

/// Longer HTML is replaced by plain text, because markup must not multiply what is sent to everyone in a room. The longest plain
/// text, with each character escaped as `&quot;`, fits.
const MAX_HTML_BYTES: usize = 64 * 1024;

/// Maximum quote markers or list bullets at the start of a line; sources with more are rendered as plain text. The parser visits
/// every open container for every line.
const MAX_LINE_MARKERS: usize = 64;

/// Maximum columns of a table. Rows are padded with empty cells, which would multiply short lines.
const MAX_COLUMNS: usize = 32;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    pub html: String,
    /// The mentioned people, each once, at most [`parlor_protocol::limits::MAX_MENTIONS`].
    pub mentions: Vec<UserId>,
}

/// Renders a Markdown source without mentions.
///
/// Takes microseconds for typical messages, and some milliseconds at worst.
pub fn render(source: &str) -> String {
    render_naming(source, &Names::default()).html
}

/// Renders a Markdown source. An `@` at the beginning of a word followed by one of `names` is a mention, except in code, links and
/// escaped HTML.
pub fn render_naming(source: &str, names: &Names) -> Rendered {
    let source = normalise(source);
    let rendered = if source.len() > MAX_SOURCE_BYTES || is_too_nested(&source) {
        None
    } else {
        let parser = TextMergeStream::new(Parser::new_ext(&source, options(&source)));
        writer::html(parser, MAX_HTML_BYTES, names)
    };
    let Rendered { html, mentions } =
        rendered.unwrap_or_else(|| Rendered { html: writer::plain(&source), mentions: Vec::new() });
    Rendered { html: sanitise::clean(&html), mentions }
}

fn options(source: &str) -> Options {
    let wide = source.lines().any(|line| line.bytes().filter(|&b| b == b'|').count() > MAX_COLUMNS + 1);
    let mut options = Options::ENABLE_STRIKETHROUGH;
    options.set(Options::ENABLE_TABLES, !wide);
    options
}

/// Unifies line ends and replaces the characters that HTML parsers would replace, so that the sanitiser changes nothing.
fn normalise(source: &str) -> Cow<'_, str> {
    if !source.contains(['\r', '\0']) {
        return Cow::Borrowed(source);
    }
    Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}"))
}

fn is_too_nested(source: &str) -> bool {
    source.lines().any(|line| {
        let markers = line
            .bytes()
            .take_while(|b| matches!(b, b' ' | b'\t' | b'>' | b'-' | b'+' | b'*' | b'0'..=b'9' | b'.' | b')'));
        // A rule or an underline is one marker, because it contains no spaces.
        let mut count = 0;
        let mut before = b' ';
        for byte in markers {
            count += usize::from(byte == b'>' || (!byte.is_ascii_whitespace() && before.is_ascii_whitespace()));
            before = byte;
        }
        count > MAX_LINE_MARKERS
    })
}
