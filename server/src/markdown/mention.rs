//! Finds mentions (`@name`) in a text.

use std::collections::HashMap;

use parlor_protocol::{UserId, limits};

use super::writer::escape;
use crate::domain::names;

/// CSS class of mentions.
pub(super) const CLASS: &str = "mention";

/// Maximum word ends considered after an `@`. Names have few words.
const MAX_WORD_ENDS: usize = 12;

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
        let mut keys: Vec<_> = mention_starts(text, 0)
            .take(limits::MAX_MENTIONS)
            .flat_map(|at| candidates(&text[at + 1..]))
            .map(names::key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !key.is_empty());
        keys
    }

    /// Writes a text with its mentions as spans, and collects the mentioned people.
    pub(super) fn write_mentions(&self, html: &mut String, mentioned: &mut Vec<UserId>, text: &str) {
        let mut written = 0;
        while let Some((from, to, user)) = self.first_in(text, written) {
            if !mentioned.contains(&user) {
                if mentioned.len() == limits::MAX_MENTIONS {
                    break;
                }
                mentioned.push(user);
            }
            escape(html, &text[written..from]);
            html.push_str("<span class=\"");
            html.push_str(CLASS);
            html.push_str("\">");
            escape(html, &text[from..to]);
            html.push_str("</span>");
            written = to;
        }
        escape(html, &text[written..]);
    }

    /// Start, end and person of the first mention from `from` on. The longest matching name counts.
    fn first_in(&self, text: &str, from: usize) -> Option<(usize, usize, UserId)> {
        if self.0.is_empty() || !text.contains('@') {
            return None;
        }
        mention_starts(text, from).find_map(|at| {
            let known = candidates(&text[at + 1..]).filter_map(|name| Some((name, *self.0.get(&names::key(name))?)));
            known.last().map(|(name, user)| (at, at + 1 + name.len(), user))
        })
    }
}

/// Positions from `from` on where an `@` begins a word.
fn mention_starts(text: &str, from: usize) -> impl Iterator<Item = usize> {
    let begins =
        |at: usize| text[..at].chars().next_back().is_none_or(|before| !is_word_char(before) || is_cjk(before));
    text[from..].match_indices('@').map(move |(at, _)| from + at).filter(move |at| begins(*at))
}

/// Prefixes of a text that could be a name, shortest first.
fn candidates(text: &str) -> impl Iterator<Item = &str> {
    let begins = text.chars().next().is_some_and(|first| !first.is_whitespace());
    let most = if begins { limits::MAX_NAME_CHARS } else { 0 };
    text.char_indices()
        .take(most)
        .take_while(|(_, c)| *c != '\n' && *c != '@')
        .filter_map(|(at, c)| {
            let end = at + c.len_utf8();
            let next = text[end..].chars().next();
            let ends = next.is_none_or(|next| !is_word_char(next) || is_cjk(c) || is_cjk(next));
            (ends && !c.is_whitespace()).then(|| &text[..end])
        })
        .take(MAX_WORD_ENDS)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Characters of scripts without spaces, or with suffixes directly after a name.
const fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
