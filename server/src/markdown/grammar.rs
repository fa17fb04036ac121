//! Descriptions of programming languages for the highlighter.

pub(super) struct Language {
    /// CSS class of its code elements.
    pub(super) class: &'static str,
    /// Other names in the info string of a fence.
    pub(super) aliases: &'static [&'static str],
    pub(super) grammar: Grammar,
}

/// How code is tokenised.
pub(super) enum Grammar {
    /// Words, numbers, comments and strings.
    Words(WordGrammar),
    /// The first characters of each line determine its class.
    Diff,
    /// Tags with attributes.
    Markup,
}

#[derive(Clone, Copy)]
pub(super) struct WordGrammar {
    /// Comments and strings. The first region whose start matches is used.
    pub(super) regions: &'static [Region],
    /// Separated by spaces.
    pub(super) keywords: &'static str,
    /// Separated by spaces.
    pub(super) constants: &'static str,
    /// Capitalised words are types.
    pub(super) types: bool,
    /// Keywords are case-insensitive.
    pub(super) any_case: bool,
    /// Characters that start a word of a class: `$name`, `@name`, `#include`.
    pub(super) sigils: &'static [(char, &'static str)],
    /// Words may have hyphens.
    pub(super) hyphens: bool,
    /// `'a` is a lifetime, `'a'` a string.
    pub(super) lifetimes: bool,
    /// The character after a word or string that is a key.
    pub(super) key: Option<char>,
}

/// A comment or string, with its delimiters.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub(super) class: &'static str,
    pub(super) start: &'static str,
    /// Empty for the end of the line.
    pub(super) end: &'static str,
    /// A backslash escapes the next character.
    pub(super) escapes: bool,
    /// May span several lines.
    pub(super) multiline: bool,
}

pub(super) const fn line_comment(start: &'static str) -> Region {
    Region { class: "hl-comment", start, end: "", escapes: false, multiline: false }
}
pub(super) const fn block_comment(start: &'static str, end: &'static str) -> Region {
    Region { class: "hl-comment", start, end, escapes: false, multiline: true }
}
pub(super) const fn string(quote: &'static str) -> Region {
    Region { class: "hl-string", start: quote, end: quote, escapes: true, multiline: false }
}
pub(super) const fn multiline_string(start: &'static str, end: &'static str, escapes: bool) -> Region {
    Region { class: "hl-string", start, end, escapes, multiline: true }
}
pub(super) const fn attribute(start: &'static str, end: &'static str) -> Region {
    Region { class: "hl-entity", start, end, escapes: false, multiline: false }
}

/// The empty grammar, as a base for others.
pub(super) const PLAIN: WordGrammar = WordGrammar {
    regions: &[],
    keywords: "",
    constants: "",
    types: false,
    any_case: false,
    sigils: &[],
    hyphens: false,
    lifetimes: false,
    key: None,
};
