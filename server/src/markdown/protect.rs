//! Protects URLs and mentions from the Markdown parser, which would find emphasis in them (`/__init__.py`, `@_spider_`).
//!
//! They are found in the source, before it is parsed, and marked by noncharacters, which no source contains. Their
//! punctuation is replaced by noncharacters as well, one for one. The writer reads the marks where text may have links and
//! mentions, and removes them everywhere else.

use std::borrow::Cow;

use super::{
    characters::{is_noncharacter, is_unspaced, is_unspaced_punctuation},
    mention::Names,
    urls,
};

const URL_START: char = '\u{1fffe}';
const URL_END: char = '\u{1ffff}';
/// Between the `@` and the name.
const MENTION_START: char = '\u{2fffe}';
const MENTION_END: char = '\u{2ffff}';
/// Is not punctuation for the parser, and stands for nothing.
const SEPARATOR: char = '\u{3fffe}';

/// What punctuation is replaced by: U+FDD0 and the following, in this order.
const PUNCTUATION: &str = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
const FIRST_REPLACEMENT: u32 = 0xfdd0;

/// A part of a marked text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(Cow<'a, str>),
    Url(Cow<'a, str>),
    /// With its `@`.
    Mention(Cow<'a, str>),
}

/// Marks the URLs and mentions of a source without noncharacters. Besides, it changes two rules of CommonMark:
///
/// - Emphasis may begin and end beside Chinese, Japanese and Korean characters, whatever is on its other side. Their
///   punctuation has no spaces around it: `**注意：**请看`.
/// - There are no link reference definitions, which would not be shown: `[TODO]: tests`.
pub(super) fn protect<'a>(source: &'a str, names: &Names) -> Cow<'a, str> {
    let has_mentions = !names.is_empty() && source.contains('@');
    let has_emphasis = !source.is_ascii() && source.contains(['*', '~']);
    if !has_mentions && !has_emphasis && !source.contains("://") && !source.contains("]:") {
        return Cow::Borrowed(source);
    }
    let mut marked = String::with_capacity(source.len() + source.len() / 4 + 32);
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let before = &source[..source.len() - rest.len()];
        let length = match c {
            '\\' => escape(&mut marked, rest),
            '<' => autolink(&mut marked, rest),
            'h' | 'H' => url(&mut marked, before, rest),
            '@' => mention(&mut marked, before, rest, names),
            '*' | '~' => Some(emphasis(&mut marked, before, rest, c)),
            ']' if rest.starts_with("]:") => {
                marked.push(c);
                marked.push(SEPARATOR);
                Some(1)
            }
            _ => None,
        };
        let length = length.unwrap_or_else(|| {
            marked.push(c);
            c.len_utf8()
        });
        rest = &rest[length..];
    }
    Cow::Owned(marked)
}

/// Removes all marks.
pub(super) fn restore(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_noncharacter) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter_map(restored).collect())
}

/// Splits a text at its marks.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find([URL_START, MENTION_START]) {
        let is_url = rest[start..].starts_with(URL_START);
        // The `@` is before the mark: as punctuation, it counts for the parser.
        let (before, piece) = rest.split_at(if is_url { start } else { rest[..start].rfind('@').unwrap_or(start) });
        let (piece, after) = piece.split_once(if is_url { URL_END } else { MENTION_END }).unwrap_or((piece, ""));
        pieces.push(Piece::Text(restore(before)));
        pieces.push(if is_url { Piece::Url(restore(piece)) } else { Piece::Mention(restore(piece)) });
        rest = after;
    }
    pieces.push(Piece::Text(restore(rest)));
    pieces
}

/// Copies an escaped character.
fn escape(marked: &mut String, rest: &str) -> Option<usize> {
    let escaped = rest[1..].chars().next().filter(char::is_ascii_punctuation)?;
    marked.push('\\');
    marked.push(escaped);
    Some(2)
}

/// Copies a URL in angle brackets, which the parser recognises.
fn autolink(marked: &mut String, rest: &str) -> Option<usize> {
    let inner = &rest[1..];
    urls::length("", inner)?;
    let end = inner
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>'))
        .filter(|end| inner[*end..].starts_with('>'))?;
    let length = end + 2;
    marked.push_str(&rest[..length]);
    Some(length)
}

fn url(marked: &mut String, before: &str, rest: &str) -> Option<usize> {
    let length = urls::length(before, rest)?;
    // The target of a link may contain entities.
    let is_target = before.trim_end_matches(['<', ' ']).ends_with("](");
    marked.push(URL_START);
    let mut is_escaped = false;
    for c in rest[..length].chars() {
        let keep = is_escaped || c == '\\' || (is_target && matches!(c, '&' | ';' | '#'));
        marked.push(if keep { c } else { replaced(c) });
        is_escaped = c == '\\' && !is_escaped;
    }
    marked.push(URL_END);
    Some(length)
}

fn mention(marked: &mut String, before: &str, rest: &str, names: &Names) -> Option<usize> {
    let name = names.longest(before, &rest[1..])?;
    marked.push('@');
    marked.push(MENTION_START);
    marked.extend(name.chars().map(replaced));
    marked.push(MENTION_END);
    Some(1 + name.len())
}

fn emphasis(marked: &mut String, before: &str, rest: &str, delimiter: char) -> usize {
    let run = rest.len() - rest.trim_start_matches(delimiter).len();
    let is_separated = match (before.chars().next_back(), rest[run..].chars().next()) {
        (Some(last), Some(next)) => is_separated(last, next),
        _ => false,
    };
    marked.extend(is_separated.then_some(SEPARATOR));
    marked.push_str(&rest[..run]);
    marked.extend(is_separated.then_some(SEPARATOR));
    run
}

/// Whether emphasis between these characters may begin and end, although CommonMark has it that one of them forbids it.
fn is_separated(last: char, next: char) -> bool {
    let either = |is: fn(char) -> bool| is(last) || is(next);
    let are_letters = last.is_alphanumeric() && next.is_alphanumeric();
    !are_letters && !either(char::is_whitespace) && either(|c| is_unspaced(c) || is_unspaced_punctuation(c))
}

fn replaced(c: char) -> char {
    let index = PUNCTUATION.find(c).and_then(|index| u32::try_from(index).ok());
    index.and_then(|index| char::from_u32(FIRST_REPLACEMENT + index)).unwrap_or(c)
}

fn restored(c: char) -> Option<char> {
    match (c as u32).checked_sub(FIRST_REPLACEMENT).and_then(|index| PUNCTUATION.as_bytes().get(index as usize)) {
        Some(punctuation) => Some(char::from(*punctuation)),
        None => (!is_noncharacter(c)).then_some(c),
    }
}
