//! `@name`: where one may stand in a text, and whom it means.

use std::collections::HashMap;

use parlor_protocol::{UserId, limits};

use super::write::escape;
use crate::accounts::names;

/// The class of what names someone.
pub(super) const CLASS: &str = "mention";

/// Ends of words behind an `@` at which a name may end. Names have few words.
const MAX_ENDS: usize = 12;

/// The people whom a text may name.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<String, UserId>);

impl Names {
    /// By the form in which names are compared; see [`names::key`].
    #[must_use]
    pub fn new(known: HashMap<String, UserId>) -> Self {
        Self(known)
    }

    /// What may be names in a text, in the form in which they are compared: what there is to look up. Nothing for most texts.
    #[must_use]
    pub fn wanted(text: &str) -> Vec<String> {
        if !text.contains('@') {
            return Vec::new();
        }
        let mut keys: Vec<_> = beginnings(text, 0)
            .take(limits::MAX_MENTIONS)
            .flat_map(|at| candidates(&text[at + 1..]))
            .map(names::key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| !key.is_empty());
        keys
    }

    /// Writes a text, in which people may be named, and notes who is.
    pub(super) fn mark(&self, html: &mut String, named: &mut Vec<UserId>, text: &str) {
        let mut written = 0;
        while let Some((from, to, user)) = self.first_in(text, written) {
            if !named.contains(&user) {
                if named.len() == limits::MAX_MENTIONS {
                    break;
                }
                named.push(user);
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

    /// The first `@name` in a text from a place on: where it begins and ends, and who it is. The longest name that there is counts.
    fn first_in(&self, text: &str, from: usize) -> Option<(usize, usize, UserId)> {
        if self.0.is_empty() || !text.contains('@') {
            return None;
        }
        beginnings(text, from).find_map(|at| {
            let known = candidates(&text[at + 1..]).filter_map(|name| Some((name, *self.0.get(&names::key(name))?)));
            known.last().map(|(name, user)| (at, at + 1 + name.len(), user))
        })
    }
}

/// Where an `@` begins a word, from a place on.
fn beginnings(text: &str, from: usize) -> impl Iterator<Item = usize> {
    let begins = |at: usize| text[..at].chars().next_back().is_none_or(|before| !in_a_word(before) || is_cjk(before));
    text[from..].match_indices('@').map(move |(at, _)| from + at).filter(move |at| begins(*at))
}

/// What may be a name at the beginning of a text, the shortest first.
fn candidates(text: &str) -> impl Iterator<Item = &str> {
    let begins = text.chars().next().is_some_and(|first| !first.is_whitespace());
    let most = if begins { limits::MAX_NAME_CHARS } else { 0 };
    text.char_indices()
        .take(most)
        .take_while(|(_, c)| *c != '\n' && *c != '@')
        .filter_map(|(at, c)| {
            let end = at + c.len_utf8();
            let next = text[end..].chars().next();
            let ends = next.is_none_or(|next| !in_a_word(next) || is_cjk(c) || is_cjk(next));
            (ends && !c.is_whitespace()).then(|| &text[..end])
        })
        .take(MAX_ENDS)
}

fn in_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Of scripts that write without spaces, or with endings right behind a name.
const fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}
