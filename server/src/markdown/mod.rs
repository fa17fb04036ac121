//! Renders message bodies from Markdown to sanitised HTML. A message is rendered once, and its HTML is stored with its source.
//!
//! Stages: size limits, [`protect`], which finds URLs and mentions, pulldown-cmark's events, [`writer`], which writes every tag itself and takes none from the source, and
//! [`sanitise`] as a second line of defence. Rendering is deterministic and never panics.

mod characters;
mod grammar;
mod highlight;
mod languages;
mod links;
mod mention;
mod protect;
mod sanitise;
mod urls;
mod writer;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use parlor_protocol::{UserId, validate};
use pulldown_cmark::{Options, Parser, TextMergeStream};

pub use mention::Names;

/// Stored with the HTML. Increase it whenever [`render`] gives different HTML for the same source, so that rows of an older
/// renderer can be found and rendered again.
pub const RENDERER_VERSION: i64 = 2;

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
/// escaped HTML. A source whose markup would show nothing is shown as it was typed.
pub fn render_naming(source: &str, names: &Names) -> Rendered {
    let source = normalise(source);
    let rendered = if source.len() > MAX_SOURCE_BYTES || is_too_nested(&source) {
        None
    } else {
        let marked = protect::protect(&source, names);
        let parser = TextMergeStream::new(Parser::new_ext(&marked, options(&source)));
        writer::html(parser, MAX_HTML_BYTES, names).filter(|rendered| is_visible(&rendered.html))
    };
    let Rendered { html, mentions } =
        rendered.unwrap_or_else(|| Rendered { html: writer::plain(&source), mentions: Vec::new() });
    Rendered { html: sanitise::clean(&html), mentions }
}

/// Whether HTML shows anything: a rule, or text with visible characters.
fn is_visible(html: &str) -> bool {
    let mut text = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    text.any(|text| !text.chars().all(validate::is_blank)) || html.contains("<hr>")
}

fn options(source: &str) -> Options {
    let wide = source.lines().any(|line| line.bytes().filter(|&b| b == b'|').count() > MAX_COLUMNS + 1);
    let mut options = Options::ENABLE_STRIKETHROUGH;
    options.set(Options::ENABLE_TABLES, !wide);
    options
}

/// Unifies line ends and replaces the characters that HTML parsers would replace, so that the sanitiser changes nothing, and
/// those that [`protect`] uses.
fn normalise(source: &str) -> Cow<'_, str> {
    let is_replaced = |c| c == '\0' || characters::is_noncharacter(c);
    if !source.contains('\r') && (source.is_ascii() && !source.contains('\0') || !source.contains(is_replaced)) {
        return Cow::Borrowed(source);
    }
    Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n").replace(is_replaced, "\u{fffd}"))
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
