//! Finds mentions (`@name`) in a text.

use std::collections::HashMap;

use parlor_protocol::{UserId, limits};
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use super::characters::{is_unspaced, is_word};
use crate::domain::names;

/// CSS class of mentions.
pub(super) const CLASS: &str = "mention";

/// The names that a text can mention.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<String, UserId>);

impl Names {
    /// Maps normalised names ([`names::key`]) to people.
    pub fn new(known: HashMap<String, UserId>) -> Self {
        Self(known)
    }

    /// The normalised names that a text could mention, to look up. Empty for most texts.
    pub fn wanted(text: &str) -> Vec<String> {
        if !text.contains('@') {
            return Vec::new();
        }
        let mut keys: Vec<_> = text
            .match_indices('@')
            .map(|(at, _)| (&text[..at], &text[at + 1..]))
            .filter(|(before, _)| can_begin_after(before))
            .take(limits::MAX_MENTIONS)
            .flat_map(|(before, after)| candidates(before, after))
            .map(names::key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !key.is_empty());
        keys
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn user(&self, name: &str) -> Option<UserId> {
        self.0.get(&names::key(name)).copied()
    }

    /// The longest known name that begins a text, which follows `before` and an `@`.
    pub(super) fn longest<'a>(&self, before: &str, text: &'a str) -> Option<&'a str> {
        if self.is_empty() || !can_begin_after(before) {
            return None;
        }
        candidates(before, text).filter(|name| self.user(name).is_some()).last()
    }
}

/// Whether the `@` of a mention may follow: at the beginning of a word, or of emphasis (`_@ann_`).
fn can_begin_after(before: &str) -> bool {
    before.trim_end_matches('_').chars().next_back().is_none_or(|last| !is_word(last) || is_unspaced(last))
}

/// The beginnings of a text that could be a name, shortest first.
fn candidates<'a>(before: &str, text: &'a str) -> impl Iterator<Item = &'a str> {
    let in_emphasis = opens_emphasis(before);
    let first_line = text.split('\n').next().unwrap_or_default();
    let line = if first_line.starts_with(char::is_whitespace) { "" } else { first_line };
    let mut chars = 0;
    // A combining mark or joiner belongs to the character before it. In extended clusters, a prepended character (Unicode's
    // Grapheme_Cluster_Break=Prepend) would take what follows a name into it.
    line.grapheme_indices(false)
        .map(|(at, grapheme)| (at + grapheme.len(), grapheme))
        .take_while(move |(_, grapheme)| {
            chars += grapheme.chars().count();
            chars <= limits::MAX_NAME_CHARS
        })
        .filter(move |(end, grapheme)| {
            let last = grapheme.chars().next().unwrap_or_default();
            !grapheme.chars().all(char::is_whitespace) && ends_name(last, &line[*end..], in_emphasis)
        })
        .map(|(end, _)| &line[..end])
}

/// Whether a name may end between a character and a text: not within a word, nor within words joined by a sign
/// (`@ann@work` does not mean `ann`).
fn ends_name(last: char, after: &str, in_emphasis: bool) -> bool {
    let Some(next) = after.chars().next() else { return true };
    let goes_on = |rest: &str| rest.chars().next().is_some_and(|c| is_word(c) && !is_unspaced(c));
    match next {
        _ if is_combining_mark(next) => false,
        _ if is_unspaced(last) || is_unspaced(next) => true,
        '_' => in_emphasis && !goes_on(after.trim_start_matches('_')),
        '@' | '-' | '.' => !is_word(last) || !goes_on(&after[1..]),
        _ => !is_word(next),
    }
}

/// Whether emphasis with `_` may be open at the end of a text.
fn opens_emphasis(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or_default();
    let can_open = |at: usize| {
        let (before, after) = (line[..at].chars().next_back(), line[at..].trim_start_matches('_').chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(char::is_whitespace)
    };
    line.match_indices('_').any(|(at, _)| can_open(at))
}
